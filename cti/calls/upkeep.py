"""The calls' regular work: what nobody asks for must be looked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
        self._attendance = attendance
        self._status_news = status_news
        self._capability_news = capability_news
        self._checks = checks
        self._retention = retention
        self._resumed = False

    def tick(self) -> None:
        """Attendance, changed settings, records that could not be checked yet; retention once an hour.

        What the last process left unfinished at the first.
        """
        if not self._resumed:
            self._resumed = True
            self._searches.resume()
        self._attendance.tick()
        self._status_news.tick()
        self._capability_news.tick()
        self._checks.tick()
        self._retention.tick()
