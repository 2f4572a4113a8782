"""What the deployed package holds, read from an sfdx project: pages, static resources, labels, fields, the call centre.

Source: Salesforce "Metadata API Developer Guide", types ApexPage, StaticResource, CustomLabels, CustomField,
CallCenter, FlexiPage, PermissionSet, CustomApplication.
"""

from __future__ import annotations

import functools
import mimetypes
from typing import TYPE_CHECKING

from defusedxml import ElementTree

from .components import SoftphoneItem, call_center, custom_field, flag, softphone_item

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Mapping
    from xml.etree.ElementTree import Element

    from simulators.salesforce.schema.types import Field

    from .components import CallCenter


def _strip(root: Element) -> Element:
    for element in root.iter():
        element.tag = str(element.tag).rpartition("}")[2]
    return root


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
        return [
            custom_field(self._parse(path), path.name)
            for path in self._find("objects/Activity/fields", "*.field-meta.xml")
        ]

    @functools.cached_property
    def permission_sets(self) -> dict[str, str]:
        """Labels of the package's permission sets by API name."""
        return {name: root.findtext("label") or "" for name, root in self._permission_sets().items()}

    @functools.cached_property
    def grants(self) -> dict[str, dict[str, bool]]:
        """By permission set: the fields ("Task.X__c") it makes readable, and whether editable."""
        return {
            name: {
                (grant.findtext("field") or ""): flag(grant, "editable")
                for grant in root.iter("fieldPermissions")
                if flag(grant, "readable")
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
            found = softphone_item(self._parse(path))
            if found is not None:
                return found
        return SoftphoneItem(eager=True)

    def app_name(self) -> str | None:
        """The label of the package's Lightning application, if it ships one."""
        for path in self._find("applications", "*.app-meta.xml"):
            return self._parse(path).findtext("label")
        return None

    def call_center(self) -> CallCenter | None:
        """The package's call centre, from its metadata form or from an importable definition file."""
        for path in self._find("callCenters", "*.callCenter-meta.xml"):
            return call_center(self._parse(path), path.name.removesuffix(".callCenter-meta.xml"))
        return None
