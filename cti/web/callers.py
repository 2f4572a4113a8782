"""Who may call a route, said where the route is."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

V = TypeVar("V", bound="Callable[..., Any]")


class Caller(StrEnum):
    """Who may call; the words are those of docs/threats.md, "Who may call what"."""

    ANYBODY = "anybody"
    SIGNED_REQUEST = "Salesforce's signed request"
    WEBHOOK_PASSWORD = "FCC's webhook password"  # noqa: S105 - who comes with it
    SESSION = "an agent's session"
    TICKET = "a phone's ticket"
    HOUSE = "the machine or the metrics token"


def open_to(caller: Caller) -> Callable[[V], V]:
    """Decorator for a view, below its route: says who may call it, as `view.open_to`. What refuses others is inside."""

    def mark(view: V) -> V:
        view.open_to = caller  # type: ignore[attr-defined]  # functions take any attribute
        return view

    return mark
