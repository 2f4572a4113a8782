"""What a page's expressions may read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulators.salesforce.metadata.components import MetadataError

from .controllers import CONTROLLERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulators.salesforce.org import Org
    from simulators.salesforce.records import Record
    from simulators.salesforce.sessions import Session


@dataclass
class Context:
    """What expressions may read: the org, the person, the page's query."""

    org: Org
    user: Record
    session: Session
    query: Mapping[str, str]
    controller: str | None = None
    properties: dict[str, str] = field(default_factory=dict)

    def label(self, name: str) -> str:
        labels = self.org.package.labels(self.user["LanguageLocaleKey"])
        if name not in labels:
            raise MetadataError(f"Field $Label.{name} does not exist. Check spelling.")
        return labels[name]

    def resource(self, name: str) -> str:
        if not self.org.package.has_resource(name):
            raise MetadataError(f"Static Resource named {name} does not exist. Check spelling.")
        return f"/resource/1763800000000/{name}"

    def controller_property(self, name: str) -> str:
        """A property of the page's controller: Apex does not run here, so each known one has a stand-in."""
        makers = CONTROLLERS.get(self.controller or "", {})
        if name not in makers:
            raise MetadataError(f"Unknown property '{self.controller}.{name}'")
        if not self.org.package.has_class(self.controller or ""):
            raise MetadataError(f"Apex class '{self.controller}' does not exist")
        return self.properties.setdefault(name, makers[name]())
