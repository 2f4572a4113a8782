"""Components as the org understands them, read from their XML (namespaces left out)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulators.salesforce.schema.types import Field, FieldType

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_TYPES: dict[str, FieldType] = {
    "Text": "string",
    "TextArea": "textarea",
    "LongTextArea": "textarea",
    "DateTime": "datetime",
    "Date": "date",
    "Picklist": "picklist",
    "Phone": "phone",
    "Email": "email",
    "Number": "double",
    "Url": "url",
    "Checkbox": "boolean",
}
_LENGTHS = {"Phone": 40, "Email": 80, "Url": 255, "TextArea": 255}


class MetadataError(Exception):
    """The package names something that this simulator does not know; the text says what and where."""


@dataclass(frozen=True)
class SoftphoneItem:
    """The softphone's entry in the utility bar."""

    label: str = "Phone"
    icon: str = "call"
    eager: bool = False
    height: int | None = None
    width: int | None = None


@dataclass(frozen=True)
class CallCenter:
    """A call centre definition; `settings` is the flat map that getCallCenterSettings gives."""

    internal_name: str
    display_name: str
    adapter_url: str
    settings: dict[str, str] = field(default_factory=dict)
    height: int = 500
    width: int = 400
    mode: str = "Classic"

    @property
    def in_lightning(self) -> bool:
        """Whether Lightning shows it: the compatibility mode says so, and its default is Classic."""
        return self.mode in {"Lightning", "Classic_and_Lightning"}


def flag(element: Element, name: str) -> bool:
    """A checkbox, unchecked when it is left out."""
    return (element.findtext(name) or "false").strip() == "true"


def custom_field(root: Element, file_name: str) -> Field:
    """A custom field; MetadataError when its type is not simulated."""
    kind = root.findtext("type") or ""
    name = root.findtext("fullName") or ""
    if kind not in _TYPES:
        raise MetadataError(f"{file_name}: fields of the type {kind!r} are not simulated")
    value_set = root.find("valueSet")
    return Field(
        name,
        _TYPES[kind],
        int(root.findtext("length") or _LENGTHS.get(kind, 0)),
        label=root.findtext("label") or name,
        values=tuple(value.findtext("fullName") or "" for value in root.iter("value")),
        restricted=value_set is not None and flag(value_set, "restricted"),
        required=flag(root, "required"),
        external_id=flag(root, "externalId"),
        unique=flag(root, "unique"),
        case_sensitive=flag(root, "caseSensitive"),
        custom=True,
        precision=int(root.findtext("precision") or 18),
        scale=int(root.findtext("scale") or 0),
    )


def softphone_item(root: Element) -> SoftphoneItem | None:
    """The `opencti:softPhone` item of a utility bar, None when it has none."""
    for component in root.iter("componentInstance"):
        if component.findtext("componentName") == "opencti:softPhone":
            said = {
                prop.findtext("name") or "": prop.findtext("value") or ""
                for prop in component.iter("componentInstanceProperties")
            }
            return SoftphoneItem(
                label=said.get("label", "Phone"),
                icon=said.get("icon", "call"),
                eager=said.get("eager", "false") == "true",
                height=int(said["height"]) if "height" in said else None,
                width=int(said["width"]) if "width" in said else None,
            )
    return None


def call_center(root: Element, internal_name: str) -> CallCenter:
    """A call centre in its metadata form."""
    custom: dict[str, Any] = json.loads(root.findtext("customSettings") or "{}")
    display = root.findtext("displayName") or internal_name
    flat = {"/reqGeneralInfo/reqInternalName": internal_name, "/reqGeneralInfo/reqDisplayName": display}
    flat["/internalNameLabel"] = root.findtext("internalNameLabel") or "Internal Name"
    flat["/displayNameLabel"] = root.findtext("displayNameLabel") or "Display Name"
    for key, value in custom.items():
        flat[f"/reqGeneralInfo/{key}"] = str(value)
    for order, section in enumerate(root.findall("sections")):
        name = section.findtext("name") or ""
        flat[f"/{name}/label"] = section.findtext("label") or ""
        flat[f"/{name}/sortOrder"] = f"{order}.0"
        for place, item in enumerate(section.findall("items")):
            key = f"/{name}/{item.findtext('name')}"
            flat[key] = item.findtext("value") or ""
            flat[f"{key}/label"] = item.findtext("label") or ""
            flat[f"{key}/sortOrder"] = f"{place}.0"
    general = "/reqGeneralInfo/"
    adapter = root.findtext("adapterUrl") or flat.get(f"{general}reqAdapterUrl", "")
    flat[f"{general}reqAdapterUrl"] = adapter
    return CallCenter(
        internal_name,
        display,
        adapter,
        flat,
        int(flat.get(f"{general}reqSoftphoneHeight", "500")),
        int(flat.get(f"{general}reqSoftphoneWidth", "400")),
        flat.get(f"{general}reqSalesforceCompatibilityMode", "Classic"),
    )
