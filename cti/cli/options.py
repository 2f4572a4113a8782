"""What the commands share: the database they work on, secrets, checked values, marks."""

from __future__ import annotations

import contextlib
import functools
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import click

from cti.admin import values
from cti.admin.errors import IncompleteError, InUseError, LossError, TakenError, UnknownError
from cti.admin.service import AdminService
from cti.clock import SystemClock
from cti.errors import ConnectorError, DatabaseUnavailableError
from cti.settings import PREFIX, Settings, SettingsError, load
from cti.store import keys
from cti.store import migrate as migrations
from cti.store.migrate import SchemaOutdatedError
from cti.store.opening import open_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cti.clock import Clock
    from cti.store.database import Database

MARKS: Final = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "error": ("✗", "red")}


@dataclass(frozen=True)
class Context:
    """What a command works with."""

    settings: Settings
    database: Database
    clock: Clock
    admin: AdminService


def with_database(command: Callable[..., None]) -> Callable[..., None]:
    """Give the command a `Context` first, whose database has the tables of this version.

    What the service refuses, and what keeps a command from working, becomes a sentence and exit status 1 or 2.
    """

    def ready(context: Context, *args: Any, **options: Any) -> None:
        if context.database.is_sqlite:
            migrations.migrate(context.database)
        else:
            migrations.check(context.database)
        keys.settle(context.database)
        command(context, *args, **options)

    return with_any_database(functools.wraps(command)(ready))


def with_any_database(command: Callable[..., None]) -> Callable[..., None]:
    """As `with_database`, whichever tables the database has: for the command that makes them."""

    @functools.wraps(command)
    def wrapped(*args: Any, **options: Any) -> None:
        settings = _load()
        clock = SystemClock()
        with contextlib.closing(_open(settings, clock)) as database, _refusals_said(settings):
            command(Context(settings, database, clock, AdminService(database, clock)), *args, **options)

    return wrapped


def _load() -> Settings:
    try:
        return load()
    except SettingsError as error:
        raise click.ClickException(str(error)) from None


def _open(settings: Settings, clock: Clock) -> Database:
    try:
        return open_database(settings, clock)
    except OSError as error:
        raise click.ClickException(
            f"{settings.data_dir} cannot be used ({error.strerror}); FCC_CONNECTOR_DATA_DIR names a directory to which "
            "this user may write."
        ) from None


@contextlib.contextmanager
def _refusals_said(settings: Settings) -> Iterator[None]:
    try:
        yield
    except UnknownError as error:
        added = "pair" if error.kind == "pairing" else f"{error.kind} add"
        raise click.ClickException(
            f"There is no {error.kind} {error.name}; `fcc-connector {error.kind} list` shows those there are, "
            f"`fcc-connector {added}` adds one."
        ) from None
    except InUseError as error:
        removing = ", ".join(
            f"`fcc-connector pairing remove {each.tenant_id} {each.org_id}`" for each in error.pairings
        )
        raise click.ClickException(f"It is paired, so it stays. First: {removing}.") from None
    except LossError as error:
        raise click.ClickException(f"Lost would be: {said(error.losses)}. --anyway removes it with them.") from None
    except TakenError as error:
        raise click.ClickException(
            f"The tenant {error.tenant_id} has the FCC domain {error.domain} already; "
            f"`fcc-connector tenant set {error.tenant_id}` changes it."
        ) from None
    except IncompleteError as error:
        options_missing = ", ".join(f"--{name.replace('_', '-')}" for name in error.missing)
        raise click.UsageError(f"A new {error.kind} needs {options_missing} as well.") from None
    except DatabaseUnavailableError as error:
        where = "FCC_CONNECTOR_DATABASE_URL" if settings.database_url else f"the file {settings.data_dir}/connector.db"
        raise click.ClickException(f"{error.message('en')} It is at {where}.") from None
    except SchemaOutdatedError as error:
        raise click.ClickException(f"{str(error)[0].upper()}{str(error)[1:]}.") from None
    except ConnectorError as error:
        raise click.ClickException(error.message("en")) from None


def checked(check: Callable[[Any], Any]) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """A parameter's callback: the value (or values) as `check` keeps it, or its sentence on what to give instead."""

    def read(_context: click.Context, _parameter: click.Parameter, value: Any) -> Any:
        if value is None or value == ():
            return None
        try:
            return check(value)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None

    return read


def secret_option(name: str, meaning: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """An option for a secret: on the command line, in the environment, or `-` for a line of standard input."""

    def read(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
        if value != "-":
            return value or None
        line = sys.stdin.readline().strip()
        if not line:
            raise click.BadParameter("standard input ended before the secret came")
        return line

    variable = PREFIX + name.upper().replace("-", "_")
    return click.option(
        f"--{name}", envvar=variable, callback=read, help=f"{meaning} `-` reads a line of input; or {variable}."
    )


def said(losses: Mapping[str, int]) -> str:
    """What goes with something that is removed, in words; empty where nothing does."""
    words = {
        "calls": "calls, and all that was reported of them",
        "deliveries": "deliveries that wait or were given up",
        "panes": "agents' panes that are signed in",
    }
    return ", ".join(f"{count} {words[name]}" for name, count in losses.items() if count)


def show(lines: Mapping[str, object]) -> None:
    """Write names and values under one another."""
    width = max(len(name) for name in lines) + 2
    for name, value in lines.items():
        click.echo(f"{name + ':':<{width}}{value}")


anyway_option = click.option("--anyway", is_flag=True, help="Remove it even though something is lost.")
tenant_argument = click.argument("tenant_id", metavar="TENANT", callback=checked(values.tenant_id))
org_argument = click.argument("org_id", metavar="ORG", callback=checked(values.org_id))
