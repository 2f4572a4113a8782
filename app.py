"""The composition root: everything is made and tied together here, and nothing happens when this is imported."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask

from cti import outgoing
from cti.canvas import routes as canvas_routes
from cti.canvas.service import CanvasSignIn
from cti.canvas.sessions import SessionStore, SessionTokens
from cti.canvas.userinfo import UserInfo
from cti.clock import SystemClock
from cti.directory.service import Directory
from cti.pbx.tenants import Exchanges
from cti.settings import Settings, load
from cti.store import migrate
from cti.store.opening import open_database
from cti.web import health
from cti.web.assets import Assets
from cti.web.install import install
from cti.web.logs import configure_logging
from cti.web.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from cti.clock import Clock
    from cti.store.database import Database

ROOT = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Services:
    """Everything that lives as long as the process."""

    settings: Settings
    clock: Clock
    database: Database
    http: requests.Session
    metrics: Metrics
    assets: Assets
    exchanges: Exchanges
    directory: Directory
    sign_in: CanvasSignIn

    def close(self) -> None:
        """Give back what is held open."""
        self.http.close()
        self.database.close()


def build_services(
    settings: Settings,
    clock: Clock | None = None,
    *,
    new_id: Callable[[], str] = lambda: secrets.token_urlsafe(16),
    assets: Assets | None = None,
) -> Services:
    """Make and tie together everything but the HTTP side; an SQLite database is brought up to date on the way."""
    clock = clock or SystemClock()
    database = open_database(settings, clock)
    if database.is_sqlite:
        migrate.migrate(database)
    http = outgoing.session(ca_file=settings.ca_file)
    exchanges = Exchanges(database, http=http, clock=clock)
    directory = Directory(exchanges, database, clock=clock)
    tokens = SessionTokens(settings.secret_key.get_secret_value(), settings.public_url, clock)
    sessions = SessionStore(database, tokens, clock, session_seconds=settings.session_seconds, new_id=new_id)
    sign_in = CanvasSignIn(
        database, UserInfo(http, clock), directory, sessions, clock, max_bytes=settings.canvas_max_bytes
    )
    return Services(
        settings=settings,
        clock=clock,
        database=database,
        http=http,
        metrics=Metrics(),
        assets=assets or Assets(ROOT / "static" / "dist"),
        exchanges=exchanges,
        directory=directory,
        sign_in=sign_in,
    )


def build_app(services: Services) -> Flask:
    """The Flask application on top of `services`."""
    app = Flask("cti", static_folder=str(ROOT / "static"), template_folder=str(ROOT / "templates"))
    install(app, services.settings, services.metrics, services.clock)
    app.register_blueprint(
        health.blueprint(
            services.settings,
            services.metrics,
            {"database": services.database.check, "migrations": lambda: migrate.check(services.database)},
        )
    )
    app.register_blueprint(
        canvas_routes.blueprint(
            services.sign_in,
            services.assets,
            services.settings,
            services.metrics,
            version=connector_version(),
            new_id=lambda: secrets.token_urlsafe(16),
        )
    )
    app.extensions["fcc"] = services
    return app


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> Flask:
    """The application, by the settings in the environment and the machine's clock unless others are given."""
    settings = settings or load()
    configure_logging(settings.log_level)
    return build_app(build_services(settings, clock))


def connector_version() -> str:
    """The installed version, "dev" in a checkout that is not installed."""
    try:
        return version_of("fcc-connector")
    except PackageNotFoundError:
        return "dev"
