"""Canvas: the signed request, and the REST resources by which a page gets one for its Canvas frame.

Source: Salesforce "Canvas Developer Guide", "Verifying and Decoding a Signed Request", "CanvasRequest",
"Context", "Client", "Getting Context in Your Canvas App", "User-Approved Apps".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from flask import Blueprint, Response, jsonify, request

from .http import refusal, session_of_request
from .org import API_VERSION
from .refusal import Refused
from .world import ACCESS_PERMISSION_SET

if TYPE_CHECKING:
    from .org import Org
    from .records import Record
    from .sessions import Session

ERRORS = {
    "APP_NOT_FOUND": "We can't find the app you specified. It either doesn't exist or isn't available to you.",
    "NO_ACCESS": "You don't have access to this app. Contact your administrator.",
    "UNSUPPORTED_LOCATION": "This app can't be shown in this location.",
    "INVALID_SESSION_ID": "Your session has expired. Log in again.",
}


class CanvasError(Exception):
    """The app cannot be rendered; `code` is one of the Canvas framework's render errors."""

    def __init__(self, code: str) -> None:
        super().__init__(ERRORS[code])
        self.code = code


def sign(payload: dict[str, Any], secret: str) -> str:
    """`<base64 HMAC-SHA256 of the encoded payload>.<base64 of the JSON in UTF-8>`, standard base64."""
    encoded = base64.b64encode(json.dumps(payload, ensure_ascii=False).encode())
    signature = base64.b64encode(hmac.new(secret.encode(), encoded, hashlib.sha256).digest())
    return f"{signature.decode()}.{encoded.decode()}"


def _overflowed(seconds: float) -> int:
    """A time as real requests carry it: milliseconds that ran over 32 bits."""
    return (int(seconds * 1000) + 2**31) % 2**32 - 2**31


def check_access(org: Org, session: Session, developer_name: str, location: str = "Visualforce") -> None:
    """Raise CanvasError when this user may not see the app, or there is no such app or location."""
    if developer_name != org.world.apps.canvas_name or not org.settings.canvas_app_exists:
        raise CanvasError("APP_NOT_FOUND")
    if location not in {"Visualforce", "Aura", "PageLayout", "None"}:
        raise CanvasError("UNSUPPORTED_LOCATION")
    if ACCESS_PERMISSION_SET not in org.access.permission_sets_of(session.user_id):
        raise CanvasError("NO_ACCESS")


def canvas_url(org: Org) -> str:
    """The Canvas app's URL."""
    return f"{org.site.connector_url}/canvas"


def signed_request(
    org: Org, session: Session, *, instance_id: str, target_origin: str, environment: dict[str, Any]
) -> str:
    """A fresh signed request for this user's frame; the token inside is the session's."""
    with org.lock:
        user = org.records.table("User")[session.user_id]
        token = org.sessions.canvas_token(session)
        payload = {
            "algorithm": "HMACSHA256",
            "issuedAt": _overflowed(org.now()),
            "userId": user["Id"],
            "client": {
                "refreshToken": None,
                "instanceId": instance_id,
                "targetOrigin": target_origin,
                "instanceUrl": org.site.my_origin,
                "oauthToken": token.value,
            },
            "context": context(org, session, environment),
        }
    return sign(payload, org.world.apps.canvas_secret)


def context(org: Org, session: Session, environment: dict[str, Any]) -> dict[str, Any]:
    """What the app is told of the person, the org, itself and the page around it."""
    user = org.records.table("User")[session.user_id]
    return {
        "user": _user(org, user),
        "organization": {
            "organizationId": org.id,
            "name": org.world.name,
            "multicurrencyEnabled": False,
            "namespacePrefix": None,
            "currencyIsoCode": "PLN",
        },
        "application": _application(org),
        "environment": _environment(environment),
        "links": _links(org, user),
    }


def _user(org: Org, user: Record) -> dict[str, Any]:
    return {
        "userId": user["Id"],
        "userName": user["Username"],
        "firstName": user["FirstName"],
        "lastName": user["LastName"],
        "email": user["Email"],
        "fullName": user["Name"],
        "locale": user["LocaleSidKey"],
        "language": user["LanguageLocaleKey"],
        "timeZone": user["TimeZoneSidKey"],
        "profileId": user["ProfileId"],
        "roleId": user["UserRoleId"],
        "userType": "STANDARD",
        "currencyISOCode": "PLN",
        "profilePhotoUrl": f"{org.site.my_origin}/profilephoto/005/F",
        "profileThumbnailUrl": f"{org.site.my_origin}/profilephoto/005/T",
        "siteUrl": None,
        "siteUrlPrefix": None,
        "networkId": None,
        "accessibilityModeEnabled": False,
        "isDefaultNetwork": True,
    }


def _application(org: Org) -> dict[str, Any]:
    apps = org.world.apps
    return {
        "name": apps.canvas_label,
        "canvasUrl": canvas_url(org),
        "applicationId": org.canvas_id,
        "version": "1.0",
        "authType": "SIGNED_REQUEST",
        "referenceId": org.canvas_reference,
        "options": [],
        "samlInitiationMethod": "None",
        "namespace": "",
        "isInstalledPersonalApp": False,
        "developerName": apps.canvas_name,
    }


def _environment(said: dict[str, Any]) -> dict[str, Any]:
    return {
        "referer": None,
        "locationUrl": said.get("locationUrl"),
        "displayLocation": said.get("displayLocation", "Visualforce"),
        "sublocation": said.get("sublocation"),
        "uiTheme": "Theme4d",
        "dimensions": said.get("dimensions", {}),
        "parameters": said.get("parameters", {}),
        "record": said.get("record", {}),
        "version": {"season": "SUMMER", "api": API_VERSION},
    }


def _links(org: Org, user: Record) -> dict[str, str]:
    data = f"/services/data/v{API_VERSION}"
    soap = {"enterpriseUrl": "c", "metadataUrl": "m", "partnerUrl": "u"}
    return {
        "loginUrl": org.site.my_origin,
        **{name: f"/services/Soap/{letter}/{API_VERSION}/{org.id[:15]}" for name, letter in soap.items()},
        "restUrl": f"{data}/",
        "sobjectUrl": f"{data}/sobjects/",
        "searchUrl": f"{data}/search/",
        "queryUrl": f"{data}/query/",
        "recentItemsUrl": f"{data}/recent/",
        "chatterFeedsUrl": f"{data}/chatter/feeds",
        "chatterGroupsUrl": f"{data}/chatter/groups",
        "chatterUsersUrl": f"{data}/chatter/users",
        "chatterFeedItemsUrl": f"{data}/chatter/feed-items",
        "userUrl": f"/{user['Id']}",
    }


def self_authorise_url(org: Org, target_origin: str, instance_id: str) -> str:
    """Where the frame goes first when users approve the app themselves: a GET, its context in query and fragment."""
    login = quote(f"{org.site.my_origin}/services/oauth2/authorize", safe="")
    return (
        f"{canvas_url(org)}?_sfdc_canvas_auth=user_approval_required&loginUrl={login}"
        f"#target_origin={quote(target_origin, safe='')}&instance_id={quote(instance_id, safe='')}"
    )


def blueprint(org: Org) -> Blueprint:
    """The platformconnect resources, for the pages of this host (their session, or a token of the Canvas app)."""
    pages = Blueprint("canvas", __name__)

    pages.register_error_handler(Refused, refusal)

    def asked(resource: str) -> tuple[Session, dict[str, Any], dict[str, Any]]:
        """Who asks, and the request's client and environment; counts the request, raises Refused."""
        org.counters.requests[f"platformconnect/{resource}"] += 1
        session = session_of_request(org) or org.sessions.session_of_frame(request.headers.get("X-Frame-Nonce"))
        if session is None:
            raise Refused("INVALID_SESSION_ID", "Session expired or invalid", status=401)
        said = (request.get_json(silent=True) or {}).get("canvasRequest")
        if not isinstance(said, dict):
            raise Refused("JSON_PARSER_ERROR", "canvasRequest is missing")
        environment = (said.get("context") or {}).get("environment") or {}
        by_reference = request.args.get("referenceId") == org.canvas_reference
        name = request.args.get("canvas") or (org.world.apps.canvas_name if by_reference else "")
        try:
            check_access(org, session, name, environment.get("displayLocation", "Visualforce"))
        except CanvasError as error:
            raise Refused(error.code, str(error), status=403) from error
        return session, said.get("client") or {}, environment

    @pages.put("/services/data/v<version>/platformconnect/signedrequest")
    def put_signed_request(version: str) -> Response:
        del version
        session, client, environment = asked("signedrequest")
        instance_id, target_origin = str(client.get("instanceId", "")), str(client.get("targetOrigin", ""))
        made = signed_request(
            org, session, instance_id=instance_id, target_origin=target_origin, environment=environment
        )
        first = self_authorise_url(org, target_origin, instance_id) if org.settings.canvas_self_authorize else None
        return jsonify({"response": made, "auxiliary": {"canvasUrl": canvas_url(org), "userApprovalUrl": first}})

    @pages.put("/services/data/v<version>/platformconnect/canvascontext")
    def put_context(version: str) -> Response:
        del version
        session, _, environment = asked("canvascontext")
        return jsonify({"context": context(org, session, environment)})

    return pages
