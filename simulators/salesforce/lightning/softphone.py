"""The utility bar's softphone: its frame's address and permissions, its layout.

Source: Salesforce "Open CTI Developer Guide", call center definition files, getSoftphoneLayout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from simulators.salesforce.ids import make

if TYPE_CHECKING:
    from simulators.salesforce.metadata.components import CallCenter
    from simulators.salesforce.org import Org
    from simulators.salesforce.sessions import Session

APP_ID = make("06m", 12)
DEFAULT_ADAPTER = "/apex/FCC_WebPhone"


def adapter_url(org: Org, session: Session, center: CallCenter | None) -> str:
    """The softphone frame's address: the call centre's, with Lightning's parameters after those it already has.

    Source: Salesforce "Open CTI Developer Guide", call center definition files, reqAdapterUrl.
    """
    said = center.adapter_url if center is not None else DEFAULT_ADAPTER
    if said.startswith("/"):
        said = f"{org.site.vf_origin}{said}"
    parts = urlsplit(said)
    added = urlencode(
        {
            "mode": "Lightning",
            "ltn_app_id": APP_ID,
            "isdtp": "vw",
            "sfdcIframeOrigin": org.site.lightning_origin,
            "clc": "1" if org.settings.console else "0",
            "nonce": org.sessions.frame_nonce(session),
        }
    )
    query = f"{parts.query}&{added}" if parts.query else added
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))


def allow_attribute(org: Org) -> str | None:
    """What the softphone frame delegates; no published source says what the real one does, so it is a setting."""
    if org.settings.softphone_allow == "none":
        return None
    if org.settings.softphone_allow == "bare":
        return "microphone; autoplay; clipboard-write"
    origins = f"{org.site.vf_origin} {org.site.connector_url}"
    features = ("microphone", "autoplay", "speaker-selection", "clipboard-write")
    return "; ".join(f"{feature} {origins}" for feature in features)


def softphone(org: Org, session: Session) -> dict[str, Any] | None:
    """The softphone of this person, None when there is none for them."""
    center = org.package.call_center()
    user = org.records.table("User")[session.user_id]
    if center is not None and (not center.in_lightning or user["CallCenterId"] is None):
        return None
    person = next(one for one in org.world.people if one.username == user["Username"])
    if center is None and not person.call_center:
        return None
    item = org.package.softphone_item()
    url = adapter_url(org, session, center)
    parts = urlsplit(url)
    return {
        "label": item.label,
        "icon": item.icon,
        "eager": item.eager,
        "height": item.height or (center.height if center else 560),
        "width": item.width or (center.width if center else 400),
        "url": url,
        "origin": f"{parts.scheme}://{parts.netloc}",
        "allow": allow_attribute(org),
        "settings": center.settings if center else {"/reqGeneralInfo/reqAdapterUrl": DEFAULT_ADAPTER},
        "layout": softphone_layout(),
    }


def softphone_layout() -> dict[str, Any]:
    """The softphone layout in force, as getSoftphoneLayout gives it: the one Salesforce makes by default."""
    objects = {
        name: [{"displayName": "Name", "apiName": "Name"}, {"displayName": "Phone", "apiName": "Phone"}]
        for name in ("Account", "Contact", "Lead")
    }
    pops = {
        "screenPopsOpenWithin": "ExistingWindow",
        "NoMatch": {"screenPopType": "DoNotPop"},
        "SingleMatch": {"screenPopType": "PopToEntity"},
        "MultipleMatches": {"screenPopType": "DoNotPop"},
    }
    fields = ["ANI", "DNIS", "SEGMENT", "QUEUE"]
    return {
        "Inbound": {"callRelatedFields": fields, "objects": objects, "screenPopSettings": pops},
        "Outbound": {"callRelatedFields": ["DNIS"], "objects": objects, "screenPopSettings": pops},
        "Internal": {"callRelatedFields": ["ANI", "DNIS"], "objects": {}, "screenPopSettings": {}},
    }
