"""A call as JSON and back, for the store's projection. The facts stay the truth; this is only quick to read."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from cti.domain.call import Call, Direction, Leg, Segment, State
from cti.domain.outcome import Outcome
from cti.domain.record import Claim, Record, Related
from cti.domain.times import iso, parse_time

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMES: Final = ("started_at", "answered_at", "ended_at", "rang_at", "rang_again_at")
_KINDS: Final = (("state", State), ("direction", Direction), ("outcome", Outcome))
_KNOWN: Final = {into: frozenset(each.name for each in fields(into)) for into in (Call, Segment, Leg)}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, Call | Segment | Leg | Related | Record | Claim):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    return value


def to_json(call: Call) -> dict[str, Any]:
    """The call as JSON for the store."""
    plain: dict[str, Any] = _plain(call)
    return plain


def from_json(data: Mapping[str, Any]) -> Call:
    """What `to_json` wrote."""
    return Call(
        **{
            **_read(data, Call),
            "segments": tuple(_segment_from(item) for item in data["segments"]),
            "clicked": _related_from(data.get("clicked")),
            "unchecked": tuple(Claim(**item) for item in data.get("unchecked", ())),
            "candidates": _records(data.get("candidates")),
            "sip_call_ids": tuple(data.get("sip_call_ids", ())),
        }
    )


def _read(data: Mapping[str, Any], into: type[Call | Segment | Leg]) -> dict[str, Any]:
    values = {key: data[key] for key in data.keys() & _KNOWN[into]}
    for key in _TIMES:
        if values.get(key) is not None:
            values[key] = parse_time(values[key])
    for key, kind in _KINDS:
        if values.get(key) is not None:
            values[key] = kind(values[key])
    return values


def _segment_from(data: Mapping[str, Any]) -> Segment:
    legs = tuple(
        Leg(**{**_read(item, Leg), "candidates": _records(item.get("candidates"))}) for item in data.get("legs", ())
    )
    return Segment(**{**_read(data, Segment), "legs": legs, "related": _related_from(data.get("related"))})


def _related_from(data: Mapping[str, Any] | None) -> Related | None:
    return None if data is None else Related(Record.from_json(data["record"]), data["source"])


def _records(value: Any) -> tuple[Record, ...]:
    return tuple(Record.from_json(item) for item in value or ())
