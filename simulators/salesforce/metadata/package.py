"""What the deployed package holds, read from an sfdx project: pages, static resources, labels, fields, the call centre.

Source: Salesforce "Metadata API Developer Guide", types ApexPage, StaticResource, CustomLabels, CustomField,
CallCenter, FlexiPage, PermissionSet, CustomApplication.
"""

from __future__ import annotations

import functools
import json
import mimetypes
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from defusedxml import ElementTree

from .schema.types import Field, FieldType

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Mapping
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


def _strip(root: Element) -> Element:
    for element in root.iter():
        element.tag = str(element.tag).rpartition("}")[2]
    return root


def _flag(element: Element, name: str) -> bool:
    return (element.findtext(name) or "false").strip() == "true"


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


class Package:
    """The metadata files under `root` (an sfdx package directory, or a folder of several); everything is optional.

    `rendered` maps what stands in the project before it is rendered for an org (the connector's and the org's
    addresses) to what stands there afterwards. Pages and resources are read at each request, the rest once.
    """

    def __init__(self, root: pathlib.Path, rendered: Mapping[str, str] | None = None) -> None:
        self.root = root
        self._rendered_as = dict(rendered or {})

    def _find(self, folder: str, pattern: str) -> list[pathlib.Path]:
        return sorted(self.root.glob(f"**/{folder}/{pattern}"))

    def _read(self, path: pathlib.Path) -> bytes:
        content = path.read_bytes()
        for before, after in self._rendered_as.items():
            content = content.replace(before.encode(), after.encode())
        return content

    def _parse(self, path: pathlib.Path) -> Element:
        return _strip(ElementTree.fromstring(self._read(path)))

    # pages and resources

    def page(self, name: str) -> str | None:
        """The text of a Visualforce page, None when there is no page of that name (any letter case)."""
        found = [path for path in self._find("pages", "*.page") if path.stem.lower() == name.lower()]
        return self._read(found[0]).decode() if found else None

    def resource(self, name: str, inner: str = "") -> tuple[bytes, str] | None:
        """Content and media type of a static resource, or of a file inside an unpacked one."""
        if not name.replace("_", "").isalnum():
            return None
        if inner:
            for base in self._find("staticresources", name):
                path = (base / inner).resolve()
                if path.is_file() and path.is_relative_to(base.resolve()):
                    return self._read(path), mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            return None
        for path in self._find("staticresources", f"{name}.*"):
            if not path.name.endswith("-meta.xml"):
                media = self._content_type(name) or mimetypes.guess_type(path.name)[0] or "text/plain"
                return self._read(path), media
        return None

    def has_resource(self, name: str) -> bool:
        """Whether the package holds this static resource, as a file or as an unpacked folder."""
        return bool(self._find("staticresources", name)) or self.resource(name) is not None

    def has_class(self, name: str) -> bool:
        """Whether the package holds this Apex class."""
        return bool(self._find("classes", f"{name}.cls"))

    def _content_type(self, name: str) -> str | None:
        found = self._find("staticresources", f"{name}.resource-meta.xml")
        return self._parse(found[0]).findtext("contentType") if found else None

    # labels

    def labels(self, language: str) -> dict[str, str]:
        """Custom labels by name, in a language where the package is translated into it."""
        found: dict[str, str] = {}
        for path in self._find("labels", "*.labels-meta.xml"):
            for label in self._parse(path).iter("labels"):
                found[label.findtext("fullName") or ""] = label.findtext("value") or ""
        for path in self._find("translations", f"{language}.translation-meta.xml"):
            for label in self._parse(path).iter("customLabels"):
                found[label.findtext("name") or ""] = label.findtext("label") or ""
        return found

    # fields

    def activity_fields(self) -> list[Field]:
        """The custom fields on Activity (they appear on Task)."""
        return [self._field(path) for path in self._find("objects/Activity/fields", "*.field-meta.xml")]

    def _field(self, path: pathlib.Path) -> Field:
        root = self._parse(path)
        kind = root.findtext("type") or ""
        name = root.findtext("fullName") or ""
        if kind not in _TYPES:
            raise MetadataError(f"{path.name}: fields of the type {kind!r} are not simulated")
        value_set = root.find("valueSet")
        return Field(
            name,
            _TYPES[kind],
            int(root.findtext("length") or _LENGTHS.get(kind, 0)),
            label=root.findtext("label") or name,
            values=tuple(value.findtext("fullName") or "" for value in root.iter("value")),
            restricted=value_set is not None and _flag(value_set, "restricted"),
            required=_flag(root, "required"),
            external_id=_flag(root, "externalId"),
            unique=_flag(root, "unique"),
            case_sensitive=_flag(root, "caseSensitive"),
            custom=True,
            precision=int(root.findtext("precision") or 18),
            scale=int(root.findtext("scale") or 0),
        )

    @functools.cached_property
    def permission_sets(self) -> dict[str, str]:
        """Labels of the package's permission sets by API name."""
        return {name: root.findtext("label") or "" for name, root in self._permission_sets().items()}

    @functools.cached_property
    def grants(self) -> dict[str, dict[str, bool]]:
        """By permission set: the fields ("Task.X__c") it makes readable, and whether editable."""
        return {
            name: {
                (grant.findtext("field") or ""): _flag(grant, "editable")
                for grant in root.iter("fieldPermissions")
                if _flag(grant, "readable")
            }
            for name, root in self._permission_sets().items()
        }

    def _permission_sets(self) -> dict[str, Element]:
        ending = ".permissionset-meta.xml"
        return {
            path.name.removesuffix(ending): self._parse(path) for path in self._find("permissionsets", f"*{ending}")
        }

    # Lightning

    def softphone_item(self) -> SoftphoneItem:
        """The `opencti:softPhone` item of the first utility bar that has one, else App Builder's defaults."""
        for path in self._find("flexipages", "*.flexipage-meta.xml"):
            for component in self._parse(path).iter("componentInstance"):
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
        return SoftphoneItem(eager=True)

    def app_name(self) -> str | None:
        """The label of the package's Lightning application, if it ships one."""
        for path in self._find("applications", "*.app-meta.xml"):
            return self._parse(path).findtext("label")
        return None

    def call_center(self) -> CallCenter | None:
        """The package's call centre, from its metadata form or from an importable definition file."""
        for path in self._find("callCenters", "*.callCenter-meta.xml"):
            return _call_center(self._parse(path), path.name.removesuffix(".callCenter-meta.xml"))
        return None


def _call_center(root: Element, internal_name: str) -> CallCenter:
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
