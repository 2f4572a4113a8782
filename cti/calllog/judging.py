"""What becomes of each log of a batch, once it is known whether a refused request was one log's fault or the org's."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import structlog

from cti.calllog.errors import RequestRefusedError
from cti.calllog.narrowing import Failed
from cti.domain.delivery import Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cti.calllog.sending import Batch
    from cti.clock import Clock
    from cti.domain.delivery import Delivery
    from cti.domain.salesforce import Trouble

REFUSED_WAIT_S: Final = 300.0
"""How long logs wait that the org refused with everything that was sent beside them."""

_log = structlog.get_logger("cti.calllog")


class Judge:
    """Remembers which orgs refuse everything. Safe to share between threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._refusing: dict[str, float] = {}

    def rest(self, org_id: str) -> float:
        """For how many seconds an org that refuses everything is not asked again about what it refused alone."""
        with self._lock:
            return self._refusing.get(org_id, 0.0) - self._clock.monotonic()

    def results(self, batch: Batch, deliveries: Sequence[Delivery]) -> list[Result]:
        """The results, now that it is known whether a refused request was one log's fault or the org's."""
        narrowing = batch.narrowing
        failed = {key: answer for key, answer in batch.answers.items() if isinstance(answer, Failed)}
        alone = {key for key, answer in failed.items() if answer.alone}
        fresh = any(delivery.key in failed and not suspect(delivery) for delivery in deliveries)
        with self._lock:
            if narrowing.took:
                self._refusing.pop(batch.org_id, None)
            elif narrowing.hopeless or (alone and batch.org_id in self._refusing):
                self._refusing[batch.org_id] = self._clock.monotonic() + REFUSED_WAIT_S
            refusing = batch.org_id in self._refusing
        rest = max(0.0, self.rest(batch.org_id))
        if batch.trouble is not None:
            _log.warning("call-logs-held-up", org=batch.org_id, code=batch.trouble.code)
        if alone:
            _log.warning("call-logs-refused", org=batch.org_id, count=len(alone), whole_org=refusing)
        first = next((failed[key].error for key in sorted(alone)), None)
        codes = {delivery.key: delivery.code or "" for delivery in deliveries}
        results: dict[str, Result] = {}
        for key, answer in batch.answers.items():
            if not isinstance(answer, Failed):
                results[key] = answer
            elif answer.alone and answer.error is not None:
                results[key] = _refused(answer.error, whole_org=refusing and fresh, wait=rest + 1 if refusing else None)
            elif answer.error is not None:
                results[key] = org_trouble(answer.error, sent=answer.sent)
            elif refusing and fresh:
                results[key] = Result("again", code=codes[key] or ("" if first is None else first.code), whole_org=True)
            else:
                # Not tried yet: those that were tried are behind it the next time.
                results[key] = Result("again", code=codes[key], wait=rest, counts=False)
        return [results[delivery.key] for delivery in deliveries]


def suspect(delivery: Delivery) -> bool:
    """Whether it was refused alone before, so that it had better travel alone."""
    return delivery.code == RequestRefusedError.code


def as_unknown(error: Trouble) -> Result:
    """It is there, but nobody knows under which id: that is asked."""
    return Result("unknown", code=error.code, detail=error.detail, wait=0)


def row_trouble(error: Trouble) -> Result:
    """One delivery's error; `detail` is for the administrator."""
    if error.verdict in {Verdict.AGAIN, Verdict.WAIT, Verdict.REFRESH}:
        return Result("again", code=error.code, detail=error.detail, wait=error.retry_after)
    if error.verdict is Verdict.UNKNOWN:
        return Result("unknown", code=error.code, detail=error.detail)
    return Result("dead", code=error.code, detail=f"{error.salesforce_code}: {error.detail}")


def _refused(error: Trouble, *, whole_org: bool, wait: float | None) -> Result:
    """A request of this log alone was refused: its own fault, unless everything is refused: then it has a `wait`."""
    return Result(
        "again",
        code=RequestRefusedError.code,
        detail=f"{error.salesforce_code}: {error.detail}",
        wait=None if whole_org else wait,
        whole_org=whole_org,
        counts=wait is None,
    )


def org_trouble(error: Trouble, *, sent: bool = True) -> Result:
    """The error of a whole request: nobody's fault in particular, so every delivery waits for the org.

    Of what was not `sent` nothing is unknown; doubts of before stay doubts.
    """
    return Result(
        "unknown" if error.verdict is Verdict.UNKNOWN and sent else "again",
        code=error.code,
        detail=error.detail if sent else "",
        wait=error.retry_after,
        whole_org=True,
    )
