"""What a function of external-api is, and how it refuses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulators.fcc.world import User

Answer = dict[str, Any]
#: Functions that an administrator signs, by what they are given.
AdminFunction = Callable[[dict[str, Any]], Answer]
#: Functions that an agent signs, by the agent and what they are given.
AgentFunction = Callable[["User", dict[str, Any]], Awaitable[Answer]]


class Refused(Exception):  # noqa: N818 - a refusal, told to the client in these words
    """The function refuses; the text is FCC's message."""
