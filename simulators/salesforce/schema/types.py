"""What an object and a field are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

FieldType = Literal[
    "id", "string", "textarea", "phone", "email", "url", "picklist", "boolean", "int", "double", "date", "datetime",
    "reference",
]  # fmt: skip


@dataclass(frozen=True)
class Field:
    """One field of an object.

    `length` counts characters (0: no limit of its own); `restricted` picklists take their values only;
    `refers_to` are the objects a reference may name; `alias` is its relationship name in queries. `secured` fields are
    under field-level security: required ones and those of the system are not.
    """

    name: str
    type: FieldType = "string"
    length: int = 255
    label: str = ""
    values: tuple[str, ...] = ()
    restricted: bool = False
    refers_to: tuple[str, ...] = ()
    alias: str = ""
    create: bool = True
    update: bool = True
    required: bool = False
    external_id: bool = False
    unique: bool = False
    case_sensitive: bool = False
    custom: bool = False
    derived: bool = False
    secured: bool = False
    precision: int = 18
    scale: int = 0

    def key(self, value: object) -> str:
        """The value as uniqueness and external ids compare it."""
        return str(value) if self.case_sensitive else str(value).lower()

    @property
    def title(self) -> str:
        """The label, or one made of the name."""
        return self.label or self.name


@dataclass(frozen=True)
class ObjectType:
    """One object: its fields by lower-case name, and what may be done with it over the API."""

    name: str
    fields: dict[str, Field]
    label: str = ""
    plural: str = ""
    writable: bool = True
    icon: str = "record"
    layoutable: bool = False
    phone_fields: tuple[str, ...] = field(default=())

    def field(self, name: str) -> Field | None:
        """The field with this name in any letter case."""
        return self.fields.get(name.lower())
