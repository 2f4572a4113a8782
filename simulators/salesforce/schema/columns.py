"""Short names for the kinds of fields that objects are written down with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .types import Field

if TYPE_CHECKING:
    from collections.abc import Iterable


def index(fields: Iterable[Field]) -> dict[str, Field]:
    """Fields by lower-case name."""
    return {one.name.lower(): one for one in fields}


def text(name: str, length: int = 255, **more: bool) -> Field:
    """A line of text; `more`: create, update, required, derived."""
    return Field(name, "string", length, create=more.get("create", True), update=more.get("update", True),
                 required=more.get("required", False), derived=more.get("derived", False))  # fmt: skip


def phone(name: str) -> Field:
    """A phone number."""
    return Field(name, "phone", 40)


def flag(name: str, *, write: bool = True) -> Field:
    """A checkbox."""
    return Field(name, "boolean", 0, create=write, update=write)


def pick(name: str, values: tuple[str, ...], *, restricted: bool = False, update: bool = True) -> Field:
    """A picklist."""
    return Field(name, "picklist", 255, values=values, restricted=restricted, update=update)


def ref(name: str, *targets: str, alias: str = "", write: bool = True, required: bool = False) -> Field:
    """A reference to a record of one of the `targets`."""
    return Field(name, "reference", 18, refers_to=targets, alias=alias, create=write, update=write, required=required)


def system(*, owned: bool = False, deletable: bool = True) -> list[Field]:
    """The fields that the platform gives every object; `owned` ones have an owner, `deletable` ones a recycle bin."""
    made = [
        Field("Id", "id", 18, create=False, update=False),
        Field("CreatedDate", "datetime", 0, create=False, update=False),
        Field("LastModifiedDate", "datetime", 0, create=False, update=False),
        Field("SystemModstamp", "datetime", 0, create=False, update=False),
        ref("CreatedById", "User", alias="CreatedBy", write=False),
        ref("LastModifiedById", "User", alias="LastModifiedBy", write=False),
    ]
    if deletable:
        made.append(flag("IsDeleted", write=False))
    if owned:
        made.append(ref("OwnerId", "User", alias="Owner"))
    return made
