"""The parts of this room put together, by what they are given from outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cti.calls.activity import CallActivity
from cti.calls.attendance import AttendanceKeeper
from cti.calls.caller_search import CallerSearch
from cti.calls.capabilities import CapabilityNews
from cti.calls.checking import RecordChecks
from cti.calls.fact_writer import PATIENCE_S, FactWriter
from cti.calls.milestones import tell_milestone
from cti.calls.notifier import Notifier
from cti.calls.presences import PresenceWatch
from cti.calls.projector import CallProjector
from cti.calls.retention import RETENTION, Retention
from cti.calls.service import CallService
from cti.calls.status_moves import StatusMoves
from cti.calls.statuses import Statuses, StatusNews
from cti.calls.upkeep import Upkeep

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from cti.background import Background
    from cti.calls.ports import Access, CallControl, Directory, LogView, LogWriter, Matching, PbxRegistry
    from cti.calls.work import Aftermath
    from cti.clock import Clock
    from cti.store.database import Database


@dataclass(frozen=True, slots=True)
class CallRoom:
    """What others ask of this room. All of it is safe to share between threads, `upkeep` and `retention.tick` are not.

    `facts` takes what webhooks and polling bring, `activity` says what polling goes by, `service` does what panes and
    their phones ask, `notifier` tells panes what became of calls' logs.
    """

    facts: FactWriter
    activity: CallActivity
    service: CallService
    notifier: Notifier
    searches: CallerSearch
    retention: Retention
    upkeep: Upkeep


def build_calls(
    *,
    database: Database,
    exchanges: PbxRegistry,
    control: Callable[[str], CallControl],
    directory: Directory,
    clock: Clock,
    executor: Background,
    matching: Matching,
    access: Access,
    call_log: LogWriter,
    log_view: LogView,
    new_id: Callable[[], str],
    retention: timedelta = RETENTION,
    count_error: Callable[[str], None] = lambda _code: None,
    patience: float = PATIENCE_S,
) -> CallRoom:
    """Make the room's parts and tie them together; nothing runs before it is asked.

    `executor` runs what may take long (searches, telling FCC); nothing of it holds a transaction. Facts older than
    `retention` are redacted. `count_error` counts what agents are told unasked, by its code. Whoever stores facts waits
    `patience` seconds for others.
    """
    notifier = Notifier(clock=clock, directory=directory, log_view=log_view, count_error=count_error)
    moves = StatusMoves()
    projector = CallProjector(clock=clock, call_log=call_log, notifier=notifier, moves=moves, new_id=new_id)
    writer = FactWriter(database, projector, clock=clock, patience=patience)
    searches = CallerSearch(database, matching, writer, notifier, clock=clock, executor=executor)
    checks = RecordChecks(database, access, writer, clock=clock, executor=executor)
    statuses = Statuses(exchanges, clock)
    status_news = StatusNews(database, statuses, notifier, executor=executor)
    watch = PresenceWatch(database, exchanges, directory, writer, clock=clock, executor=executor)
    attendance = AttendanceKeeper(
        database, exchanges, directory, statuses, watch, writer, notifier, clock=clock, executor=executor
    )
    kept = Retention(database, call_log, notifier, clock=clock, keep=retention)

    def follow(tenant_id: str, after: Aftermath) -> None:
        searches.start(after.searches)
        for check in after.checks:
            checks.start(check)
        for users_id, before, presence in after.heard:
            moves.heard(tenant_id, users_id, before, presence)
            watch.heard(tenant_id, users_id, presence)
        for milestone, call in after.milestones:
            tell_milestone(tenant_id, milestone, call)
        for users_id, up in after.moved:
            watch.moved(tenant_id, users_id, up=up)

    writer.on_stored(follow)
    return CallRoom(
        facts=writer,
        activity=CallActivity(database, directory, attendance, watch, clock=clock),
        service=CallService(
            database=database,
            exchanges=exchanges,
            control=control,
            directory=directory,
            access=access,
            writer=writer,
            notifier=notifier,
            checks=checks,
            searches=searches,
            statuses=statuses,
            status_news=status_news,
            watch=watch,
            attendance=attendance,
            clock=clock,
            new_id=new_id,
        ),
        notifier=notifier,
        searches=searches,
        retention=kept,
        upkeep=Upkeep(
            searches,
            attendance,
            status_news,
            CapabilityNews(database, directory, notifier, executor=executor),
            checks,
            kept,
        ),
    )
