"""What the deployed package holds, read from an sfdx project: pages, static resources, labels, fields, the call centre.

Source: Salesforce "Metadata API Developer Guide", types ApexPage, StaticResource, CustomLabels, CustomField,
CallCenter, FlexiPage, PermissionSet, CustomApplication.
"""

from __future__ import annotations

import json
import mimetypes
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from defusedxml import ElementTree

from .schema import Field, FieldType

if TYPE_CHECKING:
    import pathlib
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
    """The files under `root` (a project's `main/default` folder); everything is optional.

    `connector_url` takes the place of the address that stands in the project before it is rendered for an org.
    """

    PLACEHOLDER = "https://connector.example.com"

    def __init__(self, root: pathlib.Path, connector_url: str = PLACEHOLDER) -> None:
        self.root = root
        self._connector_url = connector_url

    def _rendered(self, content: bytes) -> bytes:
        return content.replace(self.PLACEHOLDER.encode(), self._connector_url.encode())

    # pages and resources

    def page(self, name: str) -> str | None:
        """The text of a Visualforce page, None when there is no page of that name (any letter case)."""
        folder = self.root / "pages"
        if folder.is_dir():
            for path in folder.glob("*.page"):
                if path.stem.lower() == name.lower():
                    return self._rendered(path.read_bytes()).decode()
        return None

    def resource(self, name: str, inner: str = "") -> tuple[bytes, str] | None:
        """Content and media type of a static resource, or of a file inside an unpacked one."""
        folder = self.root / "staticresources"
        if not folder.is_dir() or not name.replace("_", "").isalnum():
            return None
        if inner:
            base = (folder / name).resolve()
            path = (base / inner).resolve()
            if not path.is_file() or not path.is_relative_to(base):
                return None
            return self._rendered(path.read_bytes()), mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        for path in sorted(folder.glob(f"{name}.*")):
            if not path.name.endswith("-meta.xml"):
                media = self._content_type(name) or mimetypes.guess_type(path.name)[0] or "text/plain"
                return self._rendered(path.read_bytes()), media
        return None

    def has_resource(self, name: str) -> bool:
        """Whether the package holds this static resource, as a file or as an unpacked folder."""
        return (self.root / "staticresources" / name).is_dir() or self.resource(name) is not None

    def has_class(self, name: str) -> bool:
        """Whether the package holds this Apex class."""
        return (self.root / "classes" / f"{name}.cls").is_file()

    def _content_type(self, name: str) -> str | None:
        meta = self.root / "staticresources" / f"{name}.resource-meta.xml"
        return _parse(meta).findtext("contentType") if meta.is_file() else None

    # labels

    def labels(self, language: str) -> dict[str, str]:
        """Custom labels by name, in a language where the package is translated into it."""
        found: dict[str, str] = {}
        for path in (self.root / "labels").glob("*.labels-meta.xml"):
            for label in _parse(path).iter("labels"):
                found[label.findtext("fullName") or ""] = label.findtext("value") or ""
        translation = self.root / "translations" / f"{language}.translation-meta.xml"
        if translation.is_file():
            for label in _parse(translation).iter("customLabels"):
                found[label.findtext("name") or ""] = label.findtext("label") or ""
        return found

    # fields

    def activity_fields(self) -> list[Field]:
        """The custom fields on Activity (they appear on Task)."""
        folder = self.root / "objects" / "Activity" / "fields"
        return [self._field(path) for path in sorted(folder.glob("*.field-meta.xml"))]

    def _field(self, path: pathlib.Path) -> Field:
        root = _parse(path)
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

    def granted_fields(self, permission_set: str) -> dict[str, bool]:
        """Field API names ("Task.X__c") that a permission set makes readable; the value says whether editable."""
        path = self.root / "permissionsets" / f"{permission_set}.permissionset-meta.xml"
        if not path.is_file():
            return {}
        return {
            (grant.findtext("field") or ""): _flag(grant, "editable")
            for grant in _parse(path).iter("fieldPermissions")
            if _flag(grant, "readable")
        }

    def permission_sets(self) -> dict[str, str]:
        """Labels of the package's permission sets by API name."""
        folder = self.root / "permissionsets"
        return {
            path.name.removesuffix(".permissionset-meta.xml"): _parse(path).findtext("label") or ""
            for path in sorted(folder.glob("*.permissionset-meta.xml"))
        }

    # Lightning

    def softphone_item(self) -> SoftphoneItem:
        """The `opencti:softPhone` item of the first utility bar that has one, else App Builder's defaults."""
        for path in sorted((self.root / "flexipages").glob("*.flexipage-meta.xml")):
            for component in _parse(path).iter("componentInstance"):
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
        for path in sorted((self.root / "applications").glob("*.app-meta.xml")):
            return _parse(path).findtext("label")
        return None

    def call_center(self) -> CallCenter | None:
        """The package's call centre, from its metadata form or from an importable definition file."""
        for path in sorted((self.root / "callCenters").glob("*.callCenter-meta.xml")):
            return _call_center(_parse(path), path.name.removesuffix(".callCenter-meta.xml"))
        return None


def _parse(path: pathlib.Path) -> Element:
    return _strip(cast("Element", ElementTree.parse(path).getroot()))


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
