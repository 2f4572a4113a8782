"""What can be changed while the simulator runs: correlation, times, webhooks, injected failures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from simulators.fcc.world import World

FailureMode = Literal["http500", "nonsense", "refuse", "timeout", "none"]
FAILURE_MODES: tuple[FailureMode, ...] = ("http500", "nonsense", "refuse", "timeout", "none")


@dataclass
class Failure:
    """A function of external-api misbehaves the next `count` times; a count of None means until told otherwise."""

    mode: FailureMode
    count: int | None


@dataclass
class ReinviteRefusal:
    """The next `count` re-INVITEs of phones are answered with this status; a count of None: until told otherwise."""

    status: int
    count: int | None


@dataclass
class Settings:
    """Changed through the control page; read by everybody at the moment of use.

    `gruus` says whether phones that ask for it are given addresses of their own when they register.
    """

    correlation: Literal["call-id", "none"]
    ring_seconds: float
    reoffer_seconds: float
    wrap_seconds: dict[int, float]
    gruus: bool = False
    webhooks_enabled: bool = True
    webhook_url: str | None = None
    webhook_user: str = ""
    webhook_password: str = ""
    fail: dict[str, Failure] = field(default_factory=dict)
    reinvite: ReinviteRefusal | None = None

    @classmethod
    def of(cls, world: World) -> Settings:
        return cls(
            correlation=world.correlation,
            ring_seconds=world.ring_seconds,
            reoffer_seconds=world.reoffer_seconds,
            wrap_seconds={campaign.id: campaign.wrap_seconds for campaign in world.campaigns},
            webhook_user=world.webhook_user,
            webhook_password=world.webhook_password,
        )

    def change(self, given: dict[str, Any]) -> None:
        """Apply a control request; raises ValueError, naming what is wrong, before anything is changed."""
        known = set(self.row()) - {"webhook_url", "webhook_user"}
        if unknown := sorted(set(given) - known):
            raise ValueError(f"unknown settings: {', '.join(unknown)}")
        correlation = given.get("correlation", self.correlation)
        if correlation not in {"call-id", "none"}:
            raise ValueError("correlation is call-id or none")
        wraps = {int(key): _seconds(value, "wrap_seconds") for key, value in given.get("wrap_seconds", {}).items()}
        if missing := sorted(set(wraps) - set(self.wrap_seconds)):
            raise ValueError(f"no such campaigns: {missing}")
        failures = {name: _failure(row) for name, row in given.get("fail", {}).items()}
        reinvite = _reinvite(given["reinvite"]) if "reinvite" in given else self.reinvite
        ring = _seconds(given.get("ring_seconds", self.ring_seconds), "ring_seconds")
        reoffer = _seconds(given.get("reoffer_seconds", self.reoffer_seconds), "reoffer_seconds")
        enabled = given.get("webhooks_enabled", self.webhooks_enabled)
        if not isinstance(enabled, bool):
            raise ValueError("webhooks_enabled is true or false")  # noqa: TRY004 - told to the client as 400
        gruus = given.get("gruus", self.gruus)
        if not isinstance(gruus, bool):
            raise ValueError("gruus is true or false")  # noqa: TRY004 - told to the client as 400
        self.correlation, self.ring_seconds, self.reoffer_seconds = correlation, ring, reoffer
        self.webhooks_enabled, self.gruus = enabled, gruus
        self.wrap_seconds.update(wraps)
        self.fail.update(failures)
        self.reinvite = reinvite

    def take_failure(self, function: str) -> FailureMode:
        """How this call of the function is to misbehave; counts it."""
        failure = self.fail.get(function) or self.fail.get("*")
        if failure is None or failure.mode == "none" or failure.count == 0:
            return "none"
        if failure.count is not None:
            failure.count -= 1
        return failure.mode

    def take_reinvite_refusal(self) -> int | None:
        """The status with which the re-INVITE that just came is refused, None when it is served; counts it."""
        refusal = self.reinvite
        if refusal is None or refusal.count == 0:
            return None
        if refusal.count is not None:
            refusal.count -= 1
        return refusal.status

    def row(self) -> dict[str, Any]:
        """For the control page; the webhook's password is left out."""
        return {
            "correlation": self.correlation,
            "ring_seconds": self.ring_seconds,
            "reoffer_seconds": self.reoffer_seconds,
            "wrap_seconds": {str(key): value for key, value in self.wrap_seconds.items()},
            "gruus": self.gruus,
            "webhooks_enabled": self.webhooks_enabled,
            "webhook_url": self.webhook_url,
            "webhook_user": self.webhook_user,
            "fail": {name: {"mode": one.mode, "count": one.count} for name, one in self.fail.items()},
            "reinvite": None
            if self.reinvite is None
            else {"status": self.reinvite.status, "count": self.reinvite.count},
        }


def _seconds(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ValueError(f"{name} is a number of seconds")
    return value


def _failure(row: Any) -> Failure:
    mode = row.get("mode") if isinstance(row, dict) else None
    if mode not in FAILURE_MODES:
        raise ValueError(f"a failure's mode is one of {', '.join(FAILURE_MODES)}")
    return Failure(mode, _count(row, "a failure's"))


def _reinvite(row: Any) -> ReinviteRefusal | None:
    if row is None:
        return None
    status = row.get("status") if isinstance(row, dict) else None
    if isinstance(status, bool) or not isinstance(status, int) or not 400 <= status < 700:  # noqa: PLR2004 - SIP's failures
        raise ValueError("reinvite is null or names a status from 400 to 699")
    return ReinviteRefusal(status, _count(row, "reinvite's"))


def _count(row: dict[str, Any], whose: str) -> int | None:
    count = row.get("count", 1)
    if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 0):
        raise ValueError(f"{whose} count is a whole number or null")
    return count
