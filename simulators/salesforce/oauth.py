"""OAuth: client credentials, userinfo, the identity URL, revocation.

Source: Salesforce Help "OAuth 2.0 Client Credentials Flow for Server-to-Server Integration", "OpenID Connect UserInfo
Endpoint", "Identity URLs", "Revoke OAuth Tokens"; RFC 6749 §4.4 and §5.2; OpenID Connect Core §5.3.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, request

from .http import bearer, no_store, oauth_error, text
from .ids import to18

if TYPE_CHECKING:
    from .org import Org
    from .records import Record

SCOPE = "api id openid"
NOT_HERE = "request not supported on this domain"


def blueprint(org: Org, *, my_domain: bool) -> Blueprint:
    """The endpoints; `my_domain` says whether this host is My Domain, where alone client credentials work."""
    pages = Blueprint("oauth", __name__)
    _whose(pages, org)

    @pages.post("/services/oauth2/token")
    def token() -> Response:
        org.counters.requests["oauth token"] += 1
        if org.faults.strike("unavailable"):
            return text("Service Unavailable", 503)
        if request.form.get("grant_type") != "client_credentials":
            return oauth_error("unsupported_grant_type", "grant type not supported")
        return _client_credentials(org) if my_domain else oauth_error("invalid_grant", NOT_HERE)

    @pages.post("/services/oauth2/revoke")
    def revoke() -> Response:
        org.counters.requests["revoke"] += 1
        value = request.form.get("token", "")
        if not org.sessions.revoke(value):
            return oauth_error("invalid_token", "invalid token")
        return Response(b"", 200)

    @pages.route("/services/oauth2/authorize", methods=["GET", "POST"])
    def authorize() -> Response:
        return oauth_error("invalid_request", "the web server flow is not simulated")

    return pages


def _whose(pages: Blueprint, org: Org) -> None:
    """The two resources that tell whose a token is."""

    @pages.route("/services/oauth2/userinfo", methods=["GET", "POST"])
    def userinfo() -> Response:
        org.counters.requests["userinfo"] += 1
        user = _user_of_request(org)
        return user if isinstance(user, Response) else jsonify(_userinfo(org, user))

    @pages.get("/id/<org_id>/<user_id>")
    def identity(org_id: str, user_id: str) -> Response:
        org.counters.requests["identity"] += 1
        user = _user_of_request(org)
        if isinstance(user, Response):
            return user
        if to18(org_id) != org.id:
            return text("Wrong_Org", 403)
        if to18(user_id) != user["Id"]:
            return text("Bad_Id", 403)
        return jsonify(_identity(org, user))


def _credentials() -> tuple[str, str] | None:
    """Client id and secret from HTTP Basic or from the body; None when both are used."""
    header = request.headers.get("Authorization", "")
    in_body = request.form.get("client_id"), request.form.get("client_secret")
    if header.lower().startswith("basic "):
        if any(in_body):
            return None
        try:
            name, _, secret = base64.b64decode(header[6:], validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return name, secret
    return in_body[0] or "", in_body[1] or ""


def _run_as(org: Org) -> tuple[Record, str] | Response:
    """The user that the app runs as, and the app's secret; or the refusal."""
    given = _credentials()
    apps = org.world.apps
    if given is None:
        return oauth_error("invalid_request", "client credentials must be given once")
    client_id, secret = given
    known = {apps.client_id: apps.client_secret, apps.canvas_key: apps.canvas_secret}.get(client_id)
    if known is None:
        return oauth_error("invalid_client_id", "client identifier invalid")
    if not hmac.compare_digest(secret.encode(), known.encode()):
        return oauth_error("invalid_client", "invalid client credentials" if secret else "client secret required")
    if client_id != apps.client_id or not org.settings.client_credentials or apps.run_as is None:
        return oauth_error("invalid_grant", "no client credentials user enabled")
    user = org.records.user_by_name(apps.run_as)
    return (user, known) if user["IsActive"] else oauth_error("inactive_user", "user is inactive")


def _client_credentials(org: Org) -> Response:
    found = _run_as(org)
    if isinstance(found, Response):
        return found
    user, known = found
    issued = org.sessions.issue_token(user["Id"], "pairing")
    issued_at = str(int(issued.issued_at * 1000))
    identity = f"{org.site.my_origin}/id/{org.id}/{user['Id']}"
    signature = hmac.new(known.encode(), f"{identity}{issued_at}".encode(), hashlib.sha256).digest()
    return no_store(
        jsonify(
            {
                "access_token": issued.value,
                "signature": base64.b64encode(signature).decode(),
                "scope": SCOPE,
                "instance_url": org.site.my_origin,
                "id": identity,
                "token_type": "Bearer",
                "issued_at": issued_at,
            }
        )
    )


def _user_of_request(org: Org) -> Record | Response:
    if org.faults.strike("unavailable"):
        return text("Service Unavailable", 503)
    value = bearer() or request.form.get("access_token")
    if not value:
        return text("Missing_OAuth_Token", 403)
    with org.lock:
        token = org.sessions.token(value)
        if token is None:
            return text("Bad_OAuth_Token", 403)
        user = org.records.table("User")[token.user_id]
        return text("Inactive", 403) if not user["IsActive"] else dict(user)


def _photos(org: Org) -> dict[str, str]:
    return {
        "picture": f"{org.site.my_origin}/profilephoto/005/F",
        "thumbnail": f"{org.site.my_origin}/profilephoto/005/T",
    }


def _urls(org: Org, user: Record) -> dict[str, str]:
    base = org.site.my_origin
    soap = {"enterprise": "c", "metadata": "m", "partner": "u"}
    urls = {name: f"{base}/services/Soap/{letter}/{{version}}/{org.id[:15]}" for name, letter in soap.items()}
    data = f"{base}/services/data/v{{version}}/"
    return urls | {
        "rest": data,
        "sobjects": f"{data}sobjects/",
        "search": f"{data}search/",
        "query": f"{data}query/",
        "recent": f"{data}recent/",
        "profile": f"{base}/{user['Id']}",
        "custom_domain": base,
    }


def _userinfo(org: Org, user: Record) -> dict[str, Any]:
    photos = _photos(org)
    return {
        "sub": f"{org.site.my_origin}/id/{org.id}/{user['Id']}",
        "user_id": user["Id"],
        "organization_id": org.id,
        "preferred_username": user["Username"],
        "nickname": user["CommunityNickname"],
        "name": user["Name"],
        "given_name": user["FirstName"],
        "family_name": user["LastName"],
        "zoneinfo": user["TimeZoneSidKey"],
        "photos": photos,
        "profile": f"{org.site.my_origin}/{user['Id']}",
        "picture": photos["picture"],
        "address": {},
        **_in_both(org, user),
        "updated_at": user["LastModifiedDate"],
    }


def _identity(org: Org, user: Record) -> dict[str, Any]:
    return {
        "id": f"{org.site.my_origin}/id/{org.id}/{user['Id']}",
        "asserted_user": True,
        "user_id": user["Id"],
        "organization_id": org.id,
        "username": user["Username"],
        "nick_name": user["CommunityNickname"],
        "display_name": user["Name"],
        "first_name": user["FirstName"],
        "last_name": user["LastName"],
        "timezone": user["TimeZoneSidKey"],
        "photos": _photos(org),
        "addr_street": None,
        "addr_city": None,
        "addr_state": None,
        "addr_country": None,
        "addr_zip": None,
        "mobile_phone": user["MobilePhone"],
        "mobile_phone_verified": False,
        "status": {"created_date": None, "body": None},
        **_in_both(org, user),
        "last_modified_date": user["LastModifiedDate"],
        "is_app_installed": True,
    }


def _in_both(org: Org, user: Record) -> dict[str, Any]:
    """What userinfo and the identity URL say in the same words."""
    return {
        "email": user["Email"],
        "email_verified": True,
        "urls": _urls(org, user),
        "active": user["IsActive"],
        "user_type": "STANDARD",
        "language": user["LanguageLocaleKey"],
        "locale": user["LocaleSidKey"],
        "utcOffset": 3_600_000,
    }
