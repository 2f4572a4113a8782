"""Secrets at rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import Text
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Dialect

_DIALECT_ATTRIBUTE = "fcc_secret_box"


class SecretUnreadableError(Exception):
    """A stored secret was encrypted with a key that is not among the configured ones."""


class SecretBox:
    """Encrypts what must not lie readable in the database.

    Takes one or more Fernet keys (32 bytes, URL-safe base64). The first encrypts; all decrypt, so a key is changed by
    putting the new one first and keeping the old one until everything has been written anew. Safe to share
    between threads.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("at least one encryption key is needed")
        self._first = Fernet(keys[0])
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    @staticmethod
    def new_key() -> str:
        """A fresh key for the setting FCC_CONNECTOR_ENCRYPTION_KEYS."""
        return Fernet.generate_key().decode("ascii")

    def encrypt(self, secret: str) -> str:
        """The secret as printable text, different at each call."""
        return self._fernet.encrypt(secret.encode("utf-8")).decode("ascii")

    def decrypt(self, stored: str) -> str:
        """The secret behind `stored`; raises SecretUnreadableError when no key fits or the text was changed."""
        try:
            return self._fernet.decrypt(stored.encode("ascii")).decode("utf-8")
        except (InvalidToken, UnicodeEncodeError) as error:
            raise SecretUnreadableError("a stored secret cannot be read with the configured keys") from error

    def is_current(self, stored: str) -> bool:
        """Whether it was encrypted with the first key."""
        try:
            self._first.decrypt(stored.encode("ascii"))
        except (InvalidToken, UnicodeEncodeError):
            return False
        return True


def give_secrets_to(dialect: Dialect, box: SecretBox) -> None:
    """Let the encrypted columns used through `dialect` (each engine has its own) read and write with `box`."""
    setattr(dialect, _DIALECT_ATTRIBUTE, box)


class EncryptedText(TypeDecorator[str]):
    """A text column that is readable in Python and encrypted in the database; it cannot be searched."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Encrypt on the way in."""
        return None if value is None else self._box(dialect).encrypt(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Decrypt on the way out; raises SecretUnreadableError."""
        return None if value is None else self._box(dialect).decrypt(value)

    @staticmethod
    def _box(dialect: Dialect) -> SecretBox:
        box = getattr(dialect, _DIALECT_ATTRIBUTE, None)
        if not isinstance(box, SecretBox):
            raise TypeError("this engine was not given a SecretBox")
        return box
