"""Signing a request to FCC's external-api.

Every request carries `login` (`user@domain`), `change` (50 fresh characters), `hash` and `method`; the hash is the hex
digest of user + change + API key, `user` being what stands before the `@`. The key is the tenant's: it signs for any of
its users, so it never leaves the server.
"""

from __future__ import annotations

import hashlib
import secrets
import string
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

CHANGE_LENGTH: Final = 50
_ALPHABET: Final = string.ascii_letters + string.digits


def fresh_change(choice: Callable[[str], str] = secrets.choice) -> str:
    """50 random letters and digits; `choice` picks one character of a string."""
    return "".join(choice(_ALPHABET) for _ in range(CHANGE_LENGTH))


def request_hash(user: str, change: str, api_key: str, method: str) -> str:
    """The hex digest FCC expects; `method` is `sha1` or `md5` (ValueError for another)."""
    if method not in {"sha1", "md5"}:
        raise ValueError("FCC knows the hash methods sha1 and md5")
    text = f"{user}{change}{api_key}".encode()
    return hashlib.new(method, text, usedforsecurity=False).hexdigest()


def bare_domain(tenant: str) -> str:
    """The tenant's label: `acme` of `acme`, `acme.fcc-online.pl` or `https://acme.welyo.pl/external-api`."""
    host = tenant.strip().split("://", 1)[-1].split("/", 1)[0].split(":", 1)[0]
    return host.split(".", 1)[0].lower()


def auth_fields(login: str, domain: str, api_key: str, *, method: str, change: str) -> dict[str, str]:
    """The four fields merged into the body. A `login` that already has its `@domain` keeps its user part only."""
    user = login.split("@", 1)[0]
    return {
        "login": f"{user}@{bare_domain(domain)}",
        "change": change,
        "hash": request_hash(user, change, api_key, method),
        "method": method,
    }
