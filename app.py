"""The composition root: everything is made and tied together here, and nothing happens when this is imported."""

from __future__ import annotations

import os
import secrets
import signal
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from flask import Flask

from cti import outgoing
from cti.background import BACKGROUND_THREADS, OUTSIDE_PATIENCE_S, Background, Loop, Loops, stop_together
from cti.calllog.carrier import TaskCarrier
from cti.calllog.errors import FieldsMissingError, PackageMissingError
from cti.calllog.guard import FieldGuard
from cti.calllog.resolve import Resolver
from cti.calllog.service import KIND, CallLogger, LogNews, Waits
from cti.calls.room import CallRoom, build_calls
from cti.canvas import routes as canvas_routes
from cti.canvas.errors import CanvasOrgUnknownError
from cti.canvas.service import CanvasSignIn
from cti.clock import SystemClock
from cti.directory.service import Directory
from cti.domain.org_fields import CALL_ID
from cti.errors import KeysWrongError
from cti.events.hub import EventHub
from cti.matching.access import RecordAccess
from cti.matching.as_agent import AsAgent
from cti.matching.service import Matching
from cti.outbox.deliverer import Deliverer
from cti.outbox.embedded import EmbeddedDelivery
from cti.pane import routes as pane_routes
from cti.pane.channel import PaneChannel
from cti.pane.rooms import AgentRooms
from cti.pane_events import SessionExpiring
from cti.pbx import polling
from cti.pbx import routes as webhook_routes
from cti.pbx.health import FccHealth, Reach
from cti.pbx.metrics import FccMetrics
from cti.pbx.registry import PbxRegistry
from cti.pbx.webhooks import WebhookIntake
from cti.proxy import routes as sip_routes
from cti.proxy.metrics import RelayMetrics
from cti.proxy.phones import Phones
from cti.proxy.sip_relay import SipRelay
from cti.proxy.tickets import TicketOffice
from cti.salesforce.identity import Identities
from cti.salesforce.org import SalesforceOrgs
from cti.salesforce.reach import OrgReach
from cti.sessions.service import GRACE, Sessions, SessionTokens
from cti.settings import Settings, load
from cti.store import keys, migrate
from cti.store.lease import LeaseError, lease_of
from cti.store.opening import open_database
from cti.version import connector_version
from cti.web import health
from cti.web.assets import Assets
from cti.web.install import install
from cti.web.logs import configure_logging
from cti.web.metrics import Metrics
from cti.web.pane_page import PanePage
from cti.ws import shutdown
from cti.ws.allowance import Allowance
from cti.ws.registry import SocketRegistry
from cti.ws.routing import Sockets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import ThreadPoolExecutor

    import requests

    from cti.accounts import Org, PaneSession
    from cti.clock import Clock
    from cti.store.database import Database
    from cti.store.lease import Lease

_log = structlog.get_logger("cti.app")
ROOT = Path(__file__).resolve().parent
UPKEEP_SECONDS = 10.0
_MISSING = {True: PackageMissingError, False: FieldsMissingError}


@dataclass(frozen=True)
class Services:
    """Everything that lives as long as the process."""

    settings: Settings
    clock: Clock
    database: Database
    http: requests.Session
    metrics: Metrics
    assets: Assets
    directory: Directory
    sign_in: CanvasSignIn
    calls: CallRoom
    intake: WebhookIntake
    polling: Loop
    upkeep: Loop
    fcc_health: FccHealth
    deliverer: Deliverer
    delivery: EmbeddedDelivery
    fields: FieldGuard
    org_reach: OrgReach
    hub: EventHub
    rooms: AgentRooms
    channel: PaneChannel
    tickets: TicketOffice
    phones: Phones
    relay: SipRelay
    sockets: SocketRegistry
    loops: Loops
    background: ThreadPoolExecutor
    dialog_writer: ThreadPoolExecutor
    lease: Lease | None = None

    def start(self) -> None:
        """Begin what goes on beside requests: polling, upkeep, deliveries."""
        if self.lease is not None:
            self.lease.watch()
        self.polling.start()
        self.upkeep.start()
        self.delivery.start()

    def close(self) -> None:
        """End what `start` began and give back what is held open; a delivery under way may still be stored."""
        stop_together([self.polling, self.upkeep, self.relay.keeper], timeout=1.0, clock=self.clock)
        self.delivery.stop(timeout=2.0)
        self.rooms.stop()
        self.hub.stop()
        self.background.shutdown(wait=False, cancel_futures=True)
        self.dialog_writer.shutdown(wait=False, cancel_futures=True)
        self.phones.save()
        self.http.close()
        self.database.close()
        if self.lease is not None:
            self.lease.give_back()
        _log.info("stopped")


def build_services(
    settings: Settings,
    clock: Clock | None = None,
    *,
    new_id: Callable[[], str] = lambda: secrets.token_urlsafe(16),
    assets: Assets | None = None,
    lease_lost: Callable[[], None] | None = None,
) -> Services:
    """Make and tie together everything but the HTTP side; an SQLite database is brought up to date on the way.

    With `lease_lost` nobody else may serve from the database: raises LeaseError where somebody does, and calls
    `lease_lost` should another process take the database over later. Raises KeysWrongError where the
    encryption keys are not the database's.
    """
    clock = clock or SystemClock()
    metrics = Metrics()
    database = open_database(settings, clock)
    lease = _leased(database, clock, lease_lost) if lease_lost is not None else None
    if database.is_sqlite:
        migrate.migrate(database)
    _try_keys(database, lease)
    http = outgoing.session(ca_file=settings.ca_file)
    background = Background(BACKGROUND_THREADS, thread_name_prefix="background")

    # FCC and Salesforce
    reach = Reach(clock, FccMetrics(metrics.registry))
    exchanges = PbxRegistry(database, http=http, clock=clock, count=metrics.unreadable, observer=reach)
    directory = Directory(exchanges, database, clock=clock)
    org_reach = OrgReach(clock, metrics)
    orgs = SalesforceOrgs(partial(_org, database), http, clock, org_reach)

    # sign-in
    tokens = SessionTokens(settings.secret_key.get_secret_value(), settings.public_url, clock)
    sessions = Sessions(database, tokens, clock, session_seconds=settings.session_seconds, new_id=new_id)
    identities = Identities(http, clock, org_reach)
    sign_in = CanvasSignIn(database, identities, directory, sessions, clock, max_bytes=settings.canvas_max_bytes)

    # calls, and what is written of them in Salesforce
    call_log = CallLogger(
        clock,
        waits=Waits(first=settings.outbox_wait_seconds, from_record=min(2.0, settings.outbox_wait_seconds)),
        campaign_name=partial(_campaign_name, directory),
        unfit=partial(metrics.left_out, why="unfit"),
    )
    as_agent = AsAgent(database, orgs, token_refused=partial(_ask_for_fresh_token, database, sign_in))
    calls = build_calls(
        database=database,
        exchanges=exchanges,
        control=exchanges.of,
        directory=directory,
        clock=clock,
        executor=background,
        matching=Matching(as_agent, clock),
        access=RecordAccess(as_agent, clock),
        call_log=call_log,
        log_view=call_log,
        new_id=new_id,
        retention=timedelta(days=settings.retention_days),
        count_error=metrics.error,
    )
    guard = FieldGuard(clock, metrics)
    deliverer = Deliverer(
        database,
        {KIND: TaskCarrier(orgs, Resolver(partial(_email, directory), clock, count_error=metrics.error), guard, clock)},
        clock,
        owner=new_id(),
        random=secrets.SystemRandom().random,
        listener=LogNews(calls.notifier.logs_changed),
        observer=metrics,
        keep=timedelta(days=settings.retention_days),
    )
    delivery = EmbeddedDelivery(deliverer, database, clock)
    intake = WebhookIntake(database, calls.facts, clock=clock, count=metrics.webhook, unreadable=metrics.unreadable)
    poller = polling.Poller(
        database=database,
        exchange=exchanges.of,
        sink=calls.facts,
        activity=calls.activity,
        clock=clock,
        presence_told_at=lambda tenant_id: intake.heard(tenant_id).presence,
    )
    polls = polling.loop(poller, clock)
    upkeep = Loop(
        "call-upkeep",
        calls.upkeep.tick,
        clock=clock,
        interval=UPKEEP_SECONDS,
        first=polling.FIRST_SECONDS,
        patience=OUTSIDE_PATIENCE_S,
    )

    # panes and their phones
    alone = database.is_sqlite  # then nobody but this process writes
    hub = EventHub(database, clock, poll_seconds=1.0 if alone else 0.2, many_writers=not alone)
    database.on_commit(hub.wake)
    rooms = AgentRooms(database, hub, clock, present=calls.service.panes_present, standing=sessions.standing)
    tickets = TicketOffice(clock, new_id, rooms)
    channel = PaneChannel(
        database=database,
        rooms=rooms,
        verify=sessions.verify,
        sign_in=sign_in,
        calls=calls.service,
        control=calls.service,
        tickets=tickets,
        clock=clock,
        count_error=metrics.error,
    )
    # A thread of its own: searches that wait for Salesforce must not keep calls from being remembered.
    dialog_writer = Background(1, thread_name_prefix="sip-dialogs")
    phones = Phones(database, clock, run_soon=dialog_writer.submit)
    relay = SipRelay(
        connect=partial(outgoing.connect, ca_file=settings.ca_file),
        rules=calls.service,
        fences=rooms,
        phones=phones,
        clock=clock,
        new_id=new_id,
        random_bytes=secrets.token_bytes,
        metrics=RelayMetrics(metrics.registry),
    )
    sockets = SocketRegistry(
        # A person's five panes, all of which lose a shaky network at once, again and again, stay below this.
        openings=Allowance(burst=60, per_second=1.0, monotonic=clock.monotonic),
        monotonic=clock.monotonic,
    )
    metrics.watch_sockets(sockets.count)
    loops = [polls, upkeep, *delivery.loops, hub.loop, rooms.keeper, relay.keeper]
    if lease is not None:
        loops.append(lease.watcher)
    return Services(
        settings=settings,
        clock=clock,
        database=database,
        http=http,
        metrics=metrics,
        assets=assets or Assets(ROOT / "static" / "dist"),
        directory=directory,
        sign_in=sign_in,
        calls=calls,
        intake=intake,
        polling=polls,
        upkeep=upkeep,
        fcc_health=FccHealth(reach, poller.health),
        deliverer=deliverer,
        delivery=delivery,
        fields=guard,
        org_reach=org_reach,
        hub=hub,
        rooms=rooms,
        channel=channel,
        tickets=tickets,
        phones=phones,
        relay=relay,
        sockets=sockets,
        loops=Loops(loops, metrics.registry),
        background=background,
        dialog_writer=dialog_writer,
        lease=lease,
    )


def build_app(services: Services) -> Flask:
    """The Flask application on top of `services`; starts nothing."""
    app = Flask("cti", static_folder=str(ROOT / "static"), template_folder=str(ROOT / "templates"))
    install(app, services.settings, services.metrics, services.clock)
    checks = {
        "database": services.database.check,
        "writing": services.database.check_writing,
        "migrations": lambda: migrate.check(services.database),
        "keys": lambda: keys.check(services.database),
        "background": services.loops.check,
    }
    if services.lease is not None:
        checks["lease"] = services.lease.check
    sides: dict[str, Callable[[], Mapping[str, object]]] = {
        "salesforce": partial(_salesforce, services.org_reach, services.fields),
        "fcc": services.fcc_health.to_json,
    }
    app.register_blueprint(
        health.blueprint(services.settings, services.metrics, checks, sides, background=services.loops.to_json)
    )
    app.register_blueprint(
        canvas_routes.blueprint(
            services.sign_in,
            PanePage(services.assets, websocket_url=services.settings.websocket_url, version=connector_version()),
            services.metrics,
            max_bytes=services.settings.canvas_max_bytes,
            new_id=lambda: secrets.token_urlsafe(16),
        )
    )
    app.register_blueprint(webhook_routes.blueprint(services.intake, count_error=services.metrics.error))
    sockets = Sockets(app)
    origins = [services.settings.public_url]
    pane_routes.install(
        sockets,
        services.channel,
        services.sockets,
        origins=origins,
        count_fault=partial(services.metrics.socket_cut, "pane"),
    )
    sip_routes.install(sockets, services.relay, services.tickets, services.sockets, origins=origins)
    app.extensions[shutdown.EXTENSION] = services.sockets
    app.extensions["fcc"] = services
    return app


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> Flask:
    """The application at work, by the settings in the environment and the machine's clock unless others are given.

    Raises LeaseError where another instance serves from the same database, KeysWrongError where the encryption keys are
    not its own; a process that loses the database later ends itself.
    """
    settings = settings or load()
    configure_logging(settings.log_level)
    services = build_services(settings, clock, lease_lost=_end_this_process)
    app = build_app(services)
    services.start()
    _log.info(
        "started",
        version=connector_version(),
        address=settings.public_url,
        database="SQLite" if services.database.is_sqlite else "PostgreSQL",
    )
    return app


def _leased(database: Database, clock: Clock, lost: Callable[[], None]) -> Lease:
    lease = lease_of(database, clock=clock, instance=secrets.randbelow(1 << 31), lost=lost)
    try:
        lease.take()
    except LeaseError:
        database.close()
        lease.give_back()
        raise
    return lease


def _try_keys(database: Database, lease: Lease | None) -> None:
    try:
        keys.settle(database)
    except KeysWrongError:
        database.close()
        if lease is not None:
            lease.give_back()
        raise


def _end_this_process() -> None:
    """As an operator would: open panes are told to come back, and Gunicorn starts a worker that tries for the lease."""
    os.kill(os.getpid(), signal.SIGTERM)


def _org(database: Database, org_id: str) -> Org:
    with database.read() as uow:
        org = uow.orgs.get(org_id)
    if org is None:
        raise CanvasOrgUnknownError
    return org


def _ask_for_fresh_token(database: Database, sign_in: CanvasSignIn, session: PaneSession) -> None:
    """The org refused a session's token: it is used no more, and the agent's panes fetch a fresh signed request."""
    sign_in.org_token_refused(session)
    with database.write() as uow:
        uow.events.add(session.agent.audience, SessionExpiring(int(GRACE.total_seconds())))
        uow.commit()


def _salesforce(reach: OrgReach, guard: FieldGuard) -> dict[str, object]:
    """How it goes with each org, for `/readyz`: reachable or not, and the fields that call logs lack there."""
    told: dict[str, dict[str, object]] = reach.to_json()
    for org_id, missing in guard.missing().items():
        lacking = {"fields_missing": list(missing), "code": _MISSING[CALL_ID in missing].code}
        told[org_id] = told.get(org_id, {}) | lacking
    return dict(told)


def _campaign_name(directory: Directory, tenant_id: str, campaign_id: int) -> str | None:
    campaign = directory.known_campaign(tenant_id, campaign_id)
    return None if campaign is None else campaign.name


def _email(directory: Directory, tenant_id: str, users_id: int) -> str | None:
    return directory.user_of_tenant(tenant_id, users_id).email or None
