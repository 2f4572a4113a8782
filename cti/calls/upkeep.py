"""The calls' regular work: what nobody asks for must be looked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cti.calls.attendance import AttendanceKeeper
    from cti.calls.caller_search import CallerSearch
    from cti.calls.capabilities import CapabilityNews
    from cti.calls.checking import RecordChecks
    from cti.calls.retention import Retention
    from cti.calls.statuses import StatusNews


class Upkeep:
    """`tick` is called every 10 s or so, by one thread."""

    def __init__(
        self,
        searches: CallerSearch,
        attendance: AttendanceKeeper,
        status_news: StatusNews,
        capability_news: CapabilityNews,
        checks: RecordChecks,
        retention: Retention,
    ) -> None:
        self._searches = searches
        self._resumed = False
        self._steps: tuple[Callable[[], None], ...] = (
            self._resume,
            attendance.tick,
            status_news.tick,
            capability_news.tick,
            checks.tick,
            retention.tick,
        )

    def tick(self) -> None:
        """Attendance, changed settings, records that could not be checked yet; retention once an hour.

        First of all what the last process left unfinished, until that went well once. A part that fails keeps none of
        the others from its work; then what it raised is raised, as an ExceptionGroup where several failed.
        """
        failures = [error for step in self._steps if (error := _failure(step)) is not None]
        if failures:
            raise failures[0] if len(failures) == 1 else ExceptionGroup("several parts of the upkeep", failures)

    def _resume(self) -> None:
        if not self._resumed:
            self._searches.resume()
            self._resumed = True


def _failure(step: Callable[[], None]) -> Exception | None:
    try:
        step()
    except Exception as error:  # noqa: BLE001 - whatever it was, it is the loop's to log and count
        return error
    return None
