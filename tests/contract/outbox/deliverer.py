"""A process that delivers what waits: `python -m tests.contract.outbox.deliverer <json>`.

Told to `hang` it sends its first batch, says `sent` and never records it, until it is killed.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from datetime import timedelta
from types import SimpleNamespace

if __name__ == "__main__" and json.loads(sys.argv[1])["gevent"]:
    from gevent import monkey

    monkey.patch_all()

import structlog

from cti import outgoing
from cti.calllog.carrier import TaskCarrier
from cti.calllog.guard import FieldGuard
from cti.calllog.resolve import Resolver
from cti.calllog.service import LogNews
from cti.clock import SystemClock
from cti.outbox.deliverer import Deliverer
from cti.outbox.embedded import EmbeddedDelivery
from cti.salesforce.org import SalesforceOrgs
from cti.store.database import Database
from cti.store.secrets import SecretBox


def make_deliverer(database, row, *, owner, lease, carrier=None, news=None):
    """A deliverer that delivers to the org of `row`."""
    clock = SystemClock()
    orgs = SalesforceOrgs(lambda _org_id: SimpleNamespace(**row), outgoing.session(), clock)
    resolver = Resolver(lambda _tenant, _user: "anna.nowak@acme.example", clock)
    tasks = TaskCarrier(orgs, resolver, FieldGuard(clock), clock)
    return Deliverer(
        database,
        {"call": carrier(tasks) if carrier else tasks},
        clock,
        owner=owner,
        random=lambda: 0.0,
        listener=LogNews(news) if news else None,
        lease=timedelta(seconds=lease),
    )


class Hanging:
    """Carries, and never comes back."""

    def __init__(self, inner) -> None:
        self.inner = inner

    def carry(self, org_id, deliveries):
        self.inner.carry(org_id, deliveries)
        print("sent", flush=True)  # noqa: T201 - what the test waits for
        threading.Event().wait(60)
        raise AssertionError("nobody killed this process")


def main() -> None:
    told = json.loads(sys.argv[1])
    # On standard output the test reads what this process says to it.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    database = Database(told["url"], secrets=SecretBox([told["key"]]), clock=SystemClock())
    deliverer = make_deliverer(
        database, told["row"], owner=told["owner"], lease=told["lease"], carrier=Hanging if told["hang"] else None
    )
    delivery = EmbeddedDelivery(deliverer, database, SystemClock())
    delivery.start()
    print("ready", flush=True)  # noqa: T201 - what the test waits for
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    while not over.wait(0.05):
        pass
    delivery.stop()
    database.close()


if __name__ == "__main__":
    main()
