"""What the commands share: the database they work on, secrets, checked values, marks."""

from __future__ import annotations

import functools
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import click

from cti.admin import values
from cti.admin.service import AdminService, IncompleteError, UnknownError
from cti.clock import SystemClock
from cti.errors import KeysWrongError
from cti.settings import PREFIX, Settings, SettingsError, load
from cti.store import keys
from cti.store import migrate as migrations
from cti.store.opening import open_database

if TYPE_CHECKING:
    from collections.abc import Callable

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
    """Give the command a `Context` first; what the service refuses becomes a sentence and exit status 1 or 2."""

    @functools.wraps(command)
    def wrapped(*args: Any, **options: Any) -> None:
        try:
            settings = load()
        except SettingsError as error:
            raise click.ClickException(str(error)) from None
        clock = SystemClock()
        database = open_database(settings, clock)
        try:
            if database.is_sqlite:
                migrations.migrate(database)
            keys.settle(database)
            command(Context(settings, database, clock, AdminService(database, clock)), *args, **options)
        except UnknownError as error:
            raise click.ClickException(
                f"There is no {error.kind} {error.name}; `fcc-connector {error.kind} list` shows those there are, "
                f"`fcc-connector {error.kind} add` adds one."
            ) from None
        except IncompleteError as error:
            options_missing = ", ".join(f"--{name.replace('_', '-')}" for name in error.missing)
            raise click.UsageError(f"A new {error.kind} needs {options_missing} as well.") from None
        except KeysWrongError as error:
            raise click.ClickException(error.message("en")) from None
        finally:
            database.close()

    return wrapped


def checked(check: Callable[[str], Any]) -> Callable[[click.Context, click.Parameter, str | None], Any]:
    """A parameter's callback: the value as `check` keeps it, or its sentence on what to give instead."""

    def read(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Any:
        if value is None:
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


tenant_argument = click.argument("tenant_id", metavar="TENANT", callback=checked(values.tenant_id))
org_argument = click.argument("org_id", metavar="ORG", callback=checked(values.org_id))
