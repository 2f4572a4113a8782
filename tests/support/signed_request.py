"""Signed requests as Salesforce makes them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

ORG_ID = "00D000000000001EAA"
USER_ID = "005000000000001AAA"
SECRET = "canvas-secret-of-the-test"
TOKEN = "00D000000000001!AQEAQ.token.of.anna"


def document(**changes: Any) -> dict[str, Any]:
    """What a signed request holds; `n`, `language`, `token`, `org_id`, `user_id`, `email` and `name` can be changed."""
    n = changes.get("n", "load-1")
    user_id = changes.get("user_id", USER_ID)
    return {
        "algorithm": changes.get("algorithm", "HMACSHA256"),
        "issuedAt": -246115464,
        "userId": user_id,
        "client": {
            "refreshToken": None,
            "instanceId": "_:FCC_WebPhone:",
            "targetOrigin": "https://elsewhere.example",
            "instanceUrl": "https://elsewhere.example",
            "oauthToken": changes.get("token", TOKEN),
        },
        "context": {
            "user": {
                "userId": user_id,
                "userName": "anna.nowak@acme.example",
                "fullName": changes.get("name", "Anna Nowak"),
                "email": changes.get("email", "anna.nowak@acme.example"),
                "language": changes.get("language", "pl"),
            },
            "organization": {"organizationId": changes.get("org_id", ORG_ID), "name": "ACME Polska"},
            "environment": {"parameters": {} if n is None else {"n": n}, "displayLocation": "Visualforce"},
        },
    }


def sign(payload: str, secret: str = SECRET) -> str:
    """`<signature>.<payload>`."""
    digest = hmac.new(secret.encode(), payload.encode("ascii"), hashlib.sha256).digest()
    return f"{base64.b64encode(digest).decode()}.{payload}"


def encode(content: Any) -> str:
    """The payload's base64."""
    return base64.b64encode(json.dumps(content, ensure_ascii=False).encode()).decode()


def signed_request(secret: str = SECRET, **changes: Any) -> str:
    """A good signed request, unless a change makes it another."""
    return sign(encode(document(**changes)), secret)
