"""How many signed requests are verified a second, beside the least that could be done with one.

The peer decodes base64, reads the JSON and compares an HMAC, with no check of anything else: what a dozen lines from a
tutorial do. Rounds of the two are interleaved, so that a busy machine slows both.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import statistics
import time
from typing import TYPE_CHECKING, Any

from cti.canvas.verify import open_envelope, verify

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = "bench-canvas-secret"
LINKS = ("rest", "sobject", "search", "query", "recentItems", "metadata", "partner", "enterprise", "login", "user")


def signed_request(number: int) -> str:
    """A request of the documented shape and of the usual size, about 4 kB; every one differs."""
    my = "https://acme.my.salesforce.com"
    document = {
        "algorithm": "HMACSHA256",
        "issuedAt": -246115464,
        "userId": "0055g000004XyZa",
        "client": {
            "refreshToken": None,
            "instanceId": "_:FCC_WebPhone:j_id0",
            "targetOrigin": "https://acme--c.vf.force.com",
            "instanceUrl": my,
            "oauthToken": f"00D5g000001AbCd!{number:080d}",
        },
        "context": {
            "user": {
                "userId": "0055g000004XyZa",
                "userName": "zofia.zolc@acme.example",
                "firstName": "Zofia",
                "lastName": "Żółć",
                "email": "zofia.zolc@acme.example",
                "fullName": "Zofia Żółć",
                "locale": "pl_PL",
                "language": "pl",
                "timeZone": "Europe/Warsaw",
                "profileId": "00e5g000002AbCd",
                "userType": "STANDARD",
                "profilePhotoUrl": f"{my}/profilephoto/005/F",
                "accessibilityModeEnabled": False,
            },
            "organization": {"organizationId": "00D5g000001AbCd", "name": "ACME Polska", "currencyIsoCode": "PLN"},
            "application": {"developerName": "FCC_WebPhone", "authType": "SIGNED_REQUEST", "options": []},
            "environment": {
                "displayLocation": "Visualforce",
                "locationUrl": "https://acme--c.vf.force.com/apex/FCC_WebPhone?" + "q" * 300,
                "dimensions": {"width": "100%", "height": "100%", "maxWidth": "infinite", "maxHeight": "infinite"},
                "parameters": {"n": f"{number:032x}"},
                "version": {"season": "SUMMER", "api": "67.0"},
            },
            "links": {f"{name}Url": f"/services/data/v67.0/{name}/" + "x" * 120 for name in LINKS},
        },
    }
    payload = base64.b64encode(json.dumps(document, ensure_ascii=False).encode()).decode()
    signature = base64.b64encode(hmac.new(SECRET.encode(), payload.encode(), hashlib.sha256).digest()).decode()
    return f"{signature}.{payload}"


def ours(raw: str) -> object:
    """As the connector does it: size, alphabet, algorithm, signature, ids, token."""
    return verify(open_envelope(raw), SECRET)


def bare(raw: str) -> object:
    """The peer."""
    signature, payload = raw.split(".", 1)
    expected = hmac.new(SECRET.encode(), payload.encode(), hashlib.sha256).digest()
    if not hmac.compare_digest(expected, base64.b64decode(signature)):
        raise ValueError
    return json.loads(base64.b64decode(payload))


def rate(verify_one: Callable[[str], object], requests: list[str]) -> float:
    """Requests a second in one round."""
    start = time.perf_counter()
    for raw in requests:
        verify_one(raw)
    return len(requests) / (time.perf_counter() - start)


def run(quick: bool) -> list[dict[str, Any]]:
    """Median rate of interleaved rounds, and of the cost of being strict."""
    requests = [signed_request(number) for number in range(200 if quick else 2000)]
    rounds = [(rate(ours, requests), rate(bare, requests)) for _ in range(5 if quick else 15)]
    return [
        {
            "name": "signed requests verified",
            "value": statistics.median(mine for mine, _ in rounds),
            "unit": "1/s",
            "peer": "bare HMAC + json.loads",
            "ratio": statistics.median(mine / peer for mine, peer in rounds),
        },
        {
            "name": "signed request, verified in",
            "value": statistics.median(1e6 / mine for mine, _ in rounds),
            "unit": "µs",
        },
    ]
