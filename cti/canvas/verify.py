"""The Canvas signed request: taking it apart and proving it. No I/O.

Source: Salesforce, Canvas Developer Guide, "Verifying and Decoding a Signed Request" and "SignedRequest".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any

from cti.accounts import salesforce_id
from cti.canvas.errors import (
    CanvasAlgorithmError,
    CanvasRequestMalformedError,
    CanvasRequestMissingError,
    CanvasRequestTooLargeError,
    CanvasSignatureError,
)

ALGORITHM = "HMACSHA256"
DEFAULT_MAX_BYTES = 65_536
_URL_SAFE = str.maketrans("-_", "+/")


@dataclass(frozen=True)
class Envelope:
    """A signed request taken apart and not believed yet.

    `payload` is the part after the dot exactly as received, `document` what it holds. `digest` identifies the whole
    request (SHA-256, hexadecimal) by the bytes that it stands for: base64 can be spelled with and without padding and
    in two alphabets, and all of these are one request.
    """

    signature: bytes = field(repr=False)
    payload: str = field(repr=False)
    document: dict[str, Any] = field(repr=False)
    digest: str

    @property
    def claimed_org_id(self) -> str:
        """The org the request says it comes from, in 18 characters: good for looking up the secret, for nothing else.

        Raises CanvasRequestMalformedError.
        """
        return _id(_object(_object(self.document, "context"), "organization").get("organizationId"))


@dataclass(frozen=True)
class CanvasRequest:
    """A signed request whose signature fits.

    Ids have 18 characters. `token` is the org token, which still has to prove itself at the org. `n` is the random
    value that the Visualforce page put into the parameters of this load, None where it put none.
    """

    org_id: str
    user_id: str
    token: str = field(repr=False)
    email: str
    full_name: str
    language: str
    n: str | None
    digest: str


def open_envelope(raw: str, *, max_bytes: int = DEFAULT_MAX_BYTES) -> Envelope:
    """Take the form field `signed_request` apart.

    Raises CanvasRequestMissingError, CanvasRequestTooLargeError (more than `max_bytes`), CanvasAlgorithmError (only
    HMACSHA256 is accepted), CanvasRequestMalformedError.
    """
    if not raw:
        raise CanvasRequestMissingError
    if len(raw) > max_bytes:
        raise CanvasRequestTooLargeError
    if not raw.isascii():
        raise CanvasRequestMalformedError
    signature, dot, payload = raw.partition(".")
    if not dot:
        raise CanvasRequestMalformedError
    content = _decode(payload)
    try:
        document = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        raise CanvasRequestMalformedError from None
    if not isinstance(document, dict):
        raise CanvasRequestMalformedError
    if document.get("algorithm") != ALGORITHM:
        raise CanvasAlgorithmError
    proof = _decode(signature)
    return Envelope(
        signature=proof,
        payload=payload,
        document=document,
        digest=hashlib.sha256(proof + b"." + content).hexdigest(),
    )


def check_signature(envelope: Envelope, secret: str) -> None:
    """Prove that the payload, as received, was signed with `secret`; raises CanvasSignatureError.

    Compares in constant time.
    """
    if not secret:
        raise CanvasSignatureError
    expected = hmac.new(secret.encode("utf-8"), envelope.payload.encode("ascii"), hashlib.sha256).digest()
    if not hmac.compare_digest(expected, envelope.signature):
        raise CanvasSignatureError


def verify(envelope: Envelope, secret: str) -> CanvasRequest:
    """What the request says, once its signature is proved.

    Raises CanvasSignatureError, and CanvasRequestMalformedError when a proved request lacks what we need.
    """
    check_signature(envelope, secret)
    document = envelope.document
    context = _object(document, "context")
    user = _object(context, "user")
    user_id = _id(user.get("userId") or document.get("userId"))
    if document.get("userId") and _id(document["userId"]) != user_id:
        raise CanvasRequestMalformedError
    environment = context.get("environment")
    parameters = environment.get("parameters") if isinstance(environment, dict) else None
    n = parameters.get("n") if isinstance(parameters, dict) else None
    token = _text(_object(document, "client").get("oauthToken"))
    if not token:
        raise CanvasRequestMalformedError
    return CanvasRequest(
        org_id=envelope.claimed_org_id,
        user_id=user_id,
        token=token,
        email=_text(user.get("email")),
        full_name=_text(user.get("fullName")),
        language=_text(user.get("language")),
        n=n if isinstance(n, str) and n else None,
        digest=envelope.digest,
    )


def _decode(text: str) -> bytes:
    """Decode base64 in the standard or the URL-safe alphabet, padded or not, and in the one canonical spelling only."""
    standard = text.translate(_URL_SAFE)
    padded = standard.rstrip("=") + "=" * (-len(standard.rstrip("=")) % 4)
    if standard not in {padded, padded.rstrip("=")}:
        raise CanvasRequestMalformedError
    try:
        decoded = base64.b64decode(padded, validate=True)
    except (binascii.Error, ValueError):
        raise CanvasRequestMalformedError from None
    if base64.b64encode(decoded).decode("ascii") != padded:
        raise CanvasRequestMalformedError
    return decoded


def _object(parent: dict[str, Any], name: str) -> dict[str, Any]:
    value = parent.get(name)
    if not isinstance(value, dict):
        raise CanvasRequestMalformedError
    return value


def _id(value: object) -> str:
    if not isinstance(value, str):
        raise CanvasRequestMalformedError
    try:
        return salesforce_id(value)
    except ValueError:
        raise CanvasRequestMalformedError from None


def _text(value: object) -> str:
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else ""
