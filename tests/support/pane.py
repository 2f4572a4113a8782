"""What panes are told, read back from the JSON they get."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter

from cti.pane_events import EVENTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cti.pane_events import PaneEvent, Shape

S = TypeVar("S", bound="Shape")


def event_of(kind: str, fields: Mapping[str, Any]) -> PaneEvent:
    """The event of that `type` with those fields, as they are on the wire; raises ValidationError for others."""
    (model,) = [each for each in EVENTS if each.type == kind]
    return shape_of(model, fields)


def shape_of(model: type[S], fields: Mapping[str, Any]) -> S:
    """That model with those fields."""
    return TypeAdapter(model).validate_json(json.dumps(fields))
