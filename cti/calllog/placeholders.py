"""What only the org knows, left open in a delivery: `cti.calllog.resolve` fills it in when the delivery is made.

In an outbox row a placeholder is a JSON object with its kind under `$` and the version of this language under `v`; rows
of before versions were written have none and are read as version 1. A value that is no object is given as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION: Final = 1


class _Placeholder(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", serialize_by_alias=True, validate_by_name=True, validate_by_alias=True
    )

    version: Literal[1] = Field(VERSION, alias="v")


class Closed(_Placeholder):
    """The status that means "done" in the org."""

    kind: Literal["closed"] = Field("closed", alias="$")


class Owner(_Placeholder):
    """The Salesforce user who owns the Task: FCC's user `agent` of `tenant`, else the user with the id `default`."""

    kind: Literal["owner"] = Field("owner", alias="$")
    tenant: str
    agent: int | None
    default: str | None


class Day(_Placeholder):
    """The date of the moment `at` (ISO 8601) in the owner's time zone."""

    kind: Literal["day"] = Field("day", alias="$")
    at: str
    owner: Owner | None


class Words(_Placeholder):
    """A text in the owner's language: `words` by language; `otherwise` is the language where there is no owner."""

    kind: Literal["words"] = Field("words", alias="$")
    words: dict[str, str]
    otherwise: str
    owner: Owner | None


class About(BaseModel):
    """A record by what is needed to find the person behind it; `contact` and `person` as in `cti.domain.record`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str
    id: str
    contact: str | None
    person: bool
    name: str


class OfPerson(_Placeholder):
    """Of the person behind a record the id (`who`), the name or the e-mail address."""

    kind: Literal["who", "name", "email"] = Field(alias="$")
    about: About


Placeholder = Closed | Owner | Day | Words | OfPerson
_ANY: Final[TypeAdapter[Placeholder]] = TypeAdapter(Annotated[Placeholder, Field(discriminator="kind")])


def read(value: Any) -> Any:
    """A value of an outbox row: a placeholder where it is an object, itself else. Undoes `written`.

    Raises ValueError for an object that is no placeholder, or one of a version that is not known here.
    """
    if not isinstance(value, dict):
        return value
    try:
        return _ANY.validate_python(value)
    except ValidationError as error:
        raise ValueError(f"unknown placeholder: {value.get('$')!r}") from error


def compared(value: Any) -> Any:
    """A value of an outbox row to be compared with another: as `read`, but what is not known here stays as it is."""
    try:
        return read(value)
    except ValueError:
        return value


def written(value: Any) -> Any:
    """A value as an outbox row holds it."""
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


# A value that the org did not take when it was first sent is kept with a mark: it is given later only where nobody has
# given another one meanwhile. The mark stands in rows only, round whatever the row held, and says no version: a
# placeholder in it says its own.


def late(value: Any) -> Any:
    """A row's value with the mark."""
    return value if is_late(value) else {"$": "late", "value": value}


def is_late(value: Any) -> bool:
    """Whether a row's value bears the mark."""
    return isinstance(value, dict) and value.get("$") == "late"


def plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A row's fields without the marks."""
    return {name: value["value"] if is_late(value) else value for name, value in fields.items()}
