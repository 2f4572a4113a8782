"""`fcc-connector`: what an administrator of the connector does on its machine.

Secrets are given as an option, in the environment, or with `-` on standard input: a line for each `-`, in the order in
which they stand on the command line. They are never written out.
"""

from __future__ import annotations

import functools
import re
import sys
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import argon2
import click
import phonenumbers

from cti import outgoing
from cti.accounts import Org, Pairing, Tenant, salesforce_id
from cti.admin import pairing as pairing_check
from cti.clock import SystemClock
from cti.domain.dial_policy import read_countries
from cti.outgoing import is_loopback_name
from cti.pbx.fcc_external_api import FccExternalApi
from cti.salesforce.errors import NotFoundError
from cti.salesforce.oauth import ClientCredentials
from cti.salesforce.org import SalesforceOrgs
from cti.settings import PREFIX, Settings, SettingsError, load
from cti.store import migrate as migrations
from cti.store.opening import open_database
from cti.store.secrets import SecretBox
from cti.web.logs import configure_logging

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import requests

    from cti.admin.ports import Access, IntegrationUser, SalesforceUser
    from cti.clock import Clock
    from cti.salesforce.org import SalesforceOrg
    from cti.store.database import Database
    from cti.store.unit_of_work import UnitOfWork

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,49}")
"""A tenant's name begins the key of each call's log, for which Salesforce keeps 80 characters."""
_MY_DOMAIN = re.compile(r"https://([a-z0-9-]+)((?:\.[a-z]+)?)\.my\.salesforce\.com")
_READ_WITHIN = timedelta(minutes=15)
"""A service at work notes every five minutes that it has read the call list."""
_MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "error": ("✗", "red")}


@dataclass(frozen=True)
class Context:
    """What a command works with."""

    settings: Settings
    database: Database
    clock: Clock


def _with_database(command: Callable[..., None]) -> Callable[..., None]:
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
            command(Context(settings, database, clock), *args, **options)
        finally:
            database.close()

    return wrapped


def _secret(name: str, meaning: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
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


def _slug(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not _SLUG.fullmatch(value):
        raise click.BadParameter("give at most 50 lower-case letters, digits and hyphens")
    return value


def _org_id(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    try:
        return salesforce_id(value)
    except ValueError:
        raise click.BadParameter("give the org's id (15 or 18 characters, 00D…)") from None


def _address(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise click.BadParameter("give an address such as https://name.example.com")
    if parts.scheme == "http" and not is_loopback_name(parts.hostname):
        raise click.BadParameter("http is for loopback names only; give https")
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def _origin(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    address = _address(context, parameter, value)
    if address is not None and urlsplit(address).path:
        raise click.BadParameter("give scheme and host only, without a path")
    return address


def _base_url(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    address = _address(context, parameter, value)
    if address is not None and not urlsplit(address).path.endswith("/external-api"):
        raise click.BadParameter("the address ends in /external-api, such as https://CLIENT.fcc-online.pl/external-api")
    return address


def _region(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    if value.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise click.BadParameter("give a country's two letters, such as PL")
    return value.upper()


def _countries(_context: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    if value.strip().upper() == "OWN":
        return ()
    try:
        return read_countries(value)
    except ValueError as error:
        raise click.BadParameter(
            f"{error} is no country: give two letters each, such as EU,GB,UA, or ALL, or OWN for no other country"
        ) from None


def origins_of(my_domain_url: str) -> tuple[str, str] | None:
    """Lightning's and Visualforce's origin that belong to a My Domain, or None where the name does not tell.

    Source: Salesforce Help, "My Domain URL Formats" (enhanced domains).
    """
    found = _MY_DOMAIN.fullmatch(my_domain_url)
    if found is None:
        return None
    name, partition = found.groups()
    return f"https://{name}{partition}.lightning.force.com", f"https://{name}--c{partition}.vf.force.com"


def _complete(kind: str, values: dict[str, Any]) -> None:
    missing = [f"--{name.replace('_', '-')}" for name, value in values.items() if value is None]
    if missing:
        raise click.UsageError(f"A new {kind} needs {', '.join(missing)} as well.")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
def main() -> None:
    """FCC Connector for Salesforce."""


@main.command("migrate")
@_with_database
def migrate_command(context: Context) -> None:
    """Bring the database's tables up to this version."""
    migrations.migrate(context.database)
    click.echo("The database is up to date.")


@main.group()
def secret() -> None:
    """The connector's own secrets."""


@secret.command("new")
def secret_new() -> None:
    """Make a secret that is fit for SECRET_KEY and for ENCRYPTION_KEYS alike; make one for each."""
    click.echo(SecretBox.new_key())


@secret.command("rotate")
@_with_database
def secret_rotate(context: Context) -> None:
    """Encrypt every secret in the database with the first of the encryption keys."""
    count = context.database.rotate_secrets()
    click.echo(f"{count} secrets are encrypted with the first key; the other keys are not needed any more.")


@main.group()
def tenant() -> None:
    """FCC tenants."""


def _tenant_options(command: Callable[..., None]) -> Callable[..., None]:
    """What can be said of a tenant, when it is added and later."""
    options = (
        click.argument("tenant_id", metavar="TENANT", callback=_slug),
        click.option("--domain", help="FCC's name of the instance (FCC domain)."),
        click.option("--base-url", callback=_base_url, help="https://CLIENT.fcc-online.pl/external-api"),
        click.option("--admin-login", help="Login in whose name the connector asks FCC."),
        _secret("api-key", "FCC's API key."),
        click.option("--webhook-user", help="User name that FCC's webhooks send."),
        _secret("webhook-password", "Password that FCC's webhooks send."),
        click.option(
            "--region",
            "default_region",
            callback=_region,
            help="Country of numbers without a prefix (two letters), which may always be called; PL unless given.",
        ),
        click.option(
            "--countries",
            "dial_countries",
            callback=_countries,
            help="Countries that may be called beside it: two letters each, EU for its members, ALL; OWN for no other. "
            "EU unless given.",
        ),
        click.option(
            "--premium/--no-premium",
            "dial_premium",
            default=None,
            help="Premium-rate numbers, personal numbers and directory enquiries may be called; not, unless given.",
        ),
        click.option(
            "--satellite/--no-satellite",
            "dial_satellite",
            default=None,
            help="Satellite and other numbers without a country (+881, +882 …) may be called; not, unless given.",
        ),
        click.option("--correlation", type=click.Choice(["call-id", "none"]), help="Whether FCC reports the Call-ID."),
        click.option("--hash-method", type=click.Choice(["sha1", "md5"]), help="How requests to FCC are signed."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@tenant.command("add")
@_tenant_options
@_with_database
def tenant_add(context: Context, tenant_id: str, **given: Any) -> None:
    """Add an FCC tenant, or change what is given of one that is there; TENANT is a short name of your own for it."""
    values = _tenant_values(given)
    with context.database.write() as uow:
        present = uow.tenants.get(tenant_id)
        if present is None:
            complete = {
                "domain": None,
                "base_url": None,
                "admin_login": None,
                "api_key": None,
                "webhook_user": "fcc",
                "webhook_password_hash": "",
                "default_region": "PL",
                "correlation": "none",
                "hash_method": "sha1",
            } | values
            _complete("tenant", complete)
            uow.tenants.save(Tenant(id=tenant_id, created_at=context.clock.now(), **complete))
        else:
            uow.tenants.save(replace(present, **values))
        uow.commit()
    click.echo(f"The tenant {tenant_id} is {'added' if present is None else 'changed'}.")


@tenant.command("set")
@_tenant_options
@_with_database
def tenant_set(context: Context, tenant_id: str, **given: Any) -> None:
    """Change what is given of a tenant that is there, and show it."""
    with context.database.write() as uow:
        present = uow.tenants.get(tenant_id)
        if present is None:
            raise click.ClickException(f"There is no tenant {tenant_id}; `tenant list` shows those there are.")
        changed = replace(present, **_tenant_values(given))
        uow.tenants.save(changed)
        uow.commit()
    _show_tenant(changed)


@tenant.command("show")
@click.argument("tenant_id", metavar="TENANT", callback=_slug)
@_with_database
def tenant_show(context: Context, tenant_id: str) -> None:
    """Show what is set for a tenant, without its secrets."""
    with context.database.read() as uow:
        present = uow.tenants.get(tenant_id)
    if present is None:
        raise click.ClickException(f"There is no tenant {tenant_id}; `tenant list` shows those there are.")
    _show_tenant(present)


@tenant.command("list")
@_with_database
def tenant_list(context: Context) -> None:
    """Show the tenants, without their secrets."""
    with context.database.read() as uow:
        for each in uow.tenants.all():
            click.echo(f"{each.id}\t{each.domain}\t{each.base_url}\t{each.admin_login}")


def _tenant_values(given: dict[str, Any]) -> dict[str, Any]:
    password = given.pop("webhook_password")
    if password is not None:
        given["webhook_password_hash"] = argon2.PasswordHasher().hash(password)
    return {name: value for name, value in given.items() if value is not None}


def _show_tenant(each: Tenant) -> None:
    countries = " ".join((each.default_region, *each.dial_countries))
    lines = {
        "tenant": each.id,
        "FCC domain": each.domain,
        "address": each.base_url,
        "login": each.admin_login,
        "webhook user": each.webhook_user,
        "region": each.default_region,
        "Call-ID reported": "yes" if each.correlation == "call-id" else "no",
        "hash method": each.hash_method,
        "may be called": f"{countries}; emergency and internal numbers",
        "premium numbers": "allowed" if each.dial_premium else "not allowed",
        "satellite numbers": "allowed" if each.dial_satellite else "not allowed",
    }
    for name, value in lines.items():
        click.echo(f"{name + ':':<19}{value}")


@main.group()
def org() -> None:
    """Salesforce orgs."""


@org.command("add")
@click.argument("org_id", metavar="ORG", callback=_org_id)
@click.option("--name", help="A name for people.")
@click.option("--my-domain-url", callback=_origin, help="https://NAME.my.salesforce.com")
@click.option("--lightning-origin", callback=_origin, help="Derived from My Domain unless given.")
@click.option("--vf-origin", callback=_origin, help="Derived from My Domain unless given.")
@click.option("--canvas-key", help="Consumer key of the Canvas app.")
@_secret("canvas-secret", "Consumer secret of the Canvas app.")
@click.option("--client-id", help="Consumer key of the pairing app (client credentials).")
@_secret("client-secret", "Consumer secret of the pairing app.")
@click.option("--environment", type=click.Choice(["production", "test"]), help="production unless given.")
@click.option("--api-version", help="67.0 unless given.")
@_with_database
def org_add(context: Context, org_id: str, **given: Any) -> None:
    """Add a Salesforce org, or change what is given of one that is there; ORG is its id (00D…)."""
    values = {name: value for name, value in given.items() if value is not None}
    version = values.get("api_version")
    if version is not None and not re.fullmatch(r"\d{2}\.0", version):
        raise click.BadParameter("give a version such as 67.0", param_hint="--api-version")
    derived = origins_of(values.get("my_domain_url", ""))
    if derived is not None:
        values = {"lightning_origin": derived[0], "vf_origin": derived[1]} | values
    with context.database.write() as uow:
        present = uow.orgs.get(org_id)
        if present is None:
            complete = {
                "name": org_id,
                "my_domain_url": None,
                "lightning_origin": None,
                "vf_origin": None,
                "canvas_key": None,
                "canvas_secret": None,
                "client_id": None,
                "client_secret": None,
                "environment": "production",
                "api_version": "67.0",
            } | values
            _complete("org", complete)
            uow.orgs.save(Org(id=org_id, created_at=context.clock.now(), **complete))
        else:
            uow.orgs.save(replace(present, **values))
        uow.commit()
    click.echo(f"The org {org_id} is {'added' if present is None else 'changed'}.")


@org.command("list")
@_with_database
def org_list(context: Context) -> None:
    """Show the orgs, without their secrets."""
    with context.database.read() as uow:
        for each in uow.orgs.all():
            click.echo(f"{each.id}\t{each.name}\t{each.my_domain_url}\t{each.environment}")


@main.command("pair")
@click.argument("tenant_id", metavar="TENANT")
@click.argument("org_id", metavar="ORG", callback=_org_id)
@click.option("--active/--inactive", default=None, help="Whether the integration works; active unless given.")
@click.option("--off-campaign", "off_campaign_id", type=int, help="Campaign for calls outside campaigns.")
@click.option("--default-user", "default_user_id", help="Salesforce user who owns calls that nobody took.")
@click.option("--record-other-phones/--webphone-only", default=None, help="Report calls made on other phones too.")
@click.option("--create-case/--no-case", default=None, help="Create a case when a customer makes contact.")
@click.option("--case-by-ivr-code/--no-ivr-code", default=None, help="Find the case by the code keyed in the IVR.")
@click.option("--person-accounts/--no-person-accounts", default=None, help="The org uses Person Accounts.")
@click.option("--campaign", "campaigns", type=int, multiple=True, help="Campaign to gather; repeat; all unless given.")
@click.option("--poll/--no-poll", "poll_enabled", default=None, help="Ask FCC for its list of calls.")
@click.option("--webhooks/--no-webhooks", "webhooks_enabled", default=None, help="Take FCC's webhooks.")
@click.option("--anyway", is_flag=True, help="Keep the pairing even though a check failed.")
@click.option("--no-check", is_flag=True, help="Ask neither side.")
@_with_database
def pair(context: Context, tenant_id: str, org_id: str, anyway: bool, no_check: bool, **given: Any) -> None:
    """Let a tenant and an org work together, after asking both sides; or change what is given of their pairing."""
    values = {name: value for name, value in given.items() if value is not None and value != ()}
    if "default_user_id" in values:
        values["default_user_id"] = _org_id_of_user(values["default_user_id"])
    with context.database.read() as uow:
        found_tenant, found_org = uow.tenants.get(tenant_id), uow.orgs.get(org_id)
        present = next((each for each in uow.pairings.of_org(org_id) if each.tenant_id == tenant_id), None)
    if found_tenant is None:
        raise click.ClickException(f"There is no tenant {tenant_id}; add it with `fcc-connector tenant add`.")
    if found_org is None:
        raise click.ClickException(f"There is no org {org_id}; add it with `fcc-connector org add`.")
    made = replace(present, **values) if present is not None else _new_pairing(context, tenant_id, org_id, values)
    lines = [] if no_check else _check(context, found_tenant, found_org, made)
    for line in lines:
        mark, colour = _MARKS[line.level]
        click.secho(f"{mark} {line.text}", fg=colour)
    if any(line.level == "error" for line in lines) and not anyway:
        raise click.ClickException("The pairing is not kept. Put the lines marked ✗ right and repeat.")
    with context.database.write() as uow:
        uow.pairings.save(made)
        # A call is judged by the settings in force when it began, so each change is remembered with its time.
        fact = pairing_check.settings_fact(made, context.clock.now())
        if uow.facts.unknown(made.tenant_id, [fact]):
            uow.facts.add(made.tenant_id, fact, call_key=None, subject=made.id)
        uow.commit()
    click.echo(f"{tenant_id} and {org_id} are paired as {made.id}; the integration is {_state(made)}.")


@main.group("pairing")
def pairing_group() -> None:
    """Pairings of tenants and orgs."""


@pairing_group.command("list")
@_with_database
def pairing_list(context: Context) -> None:
    """Show the pairings."""
    with context.database.read() as uow:
        for each in uow.pairings.all():
            click.echo(f"{each.id}\t{each.tenant_id}\t{each.org_id}\t{_state(each)}")


@main.command("status")
@_with_database
def status(context: Context) -> None:
    """Show for each pairing whether it works, what waits for Salesforce and what went wrong."""
    with context.database.read() as uow:
        _tell_of_call_lists(context, uow)
        for each in uow.pairings.all():
            counts = uow.outbox.counts(each.org_id)
            waiting = sum(number for state, number in counts.items() if state not in {"done", "dead", "held"})
            dead = counts.get("dead", 0)
            click.echo(f"{each.id}: {_state(each)}; {waiting} deliveries wait, {dead} were given up")
            for item in uow.outbox.troubled(each.id):
                mark, colour = _MARKS["error" if item.state == "dead" else "warning"]
                why = f" ({item.detail})" if item.detail else ""
                click.secho(f"{mark} {item.key}: {item.code or 'unknown'}{why}", fg=colour)
            for missing, count in uow.outbox.lacking(each.org_id).items():
                mark, colour = _MARKS["warning"]
                text = f"{count} call logs lack fields that the org does not take: {missing}"
                click.secho(f"{mark} {text}; `fcc-connector pair` says what to do", fg=colour)


@main.command("retry")
@click.argument("key")
@_with_database
def retry(context: Context, key: str) -> None:
    """Try a delivery again that was given up; KEY is what `status` shows."""
    with context.database.write() as uow:
        revived = uow.outbox.revive(key)
        uow.commit()
    if not revived:
        raise click.ClickException(f"No delivery {key} was given up.")
    click.echo(f"The delivery {key} will be tried again.")


def _tell_of_call_lists(context: Context, uow: UnitOfWork) -> None:
    """Say of which tenants the call list was not read for so long that something must be wrong."""
    mark, colour = _MARKS["warning"]
    wanted = {each.tenant_id: each for each in uow.pairings.all() if each.active and each.poll_enabled}
    for tenant_id, each in wanted.items():
        polled_at = uow.agents.polled_at(tenant_id)
        if context.clock.now() - (polled_at or each.created_at) <= _READ_WITHIN:
            continue
        when = "has not been read yet" if polled_at is None else f"was last read at {polled_at:%Y-%m-%d %H:%M} UTC"
        click.secho(f"{mark} {tenant_id}: FCC's call list {when}; /readyz says what fails", fg=colour)


def _state(pairing: Pairing) -> str:
    return "active" if pairing.active else "inactive"


def _org_id_of_user(value: str) -> str:
    try:
        return salesforce_id(value)
    except ValueError:
        raise click.BadParameter("give a Salesforce user id (005…)", param_hint="--default-user") from None


def _new_pairing(context: Context, tenant_id: str, org_id: str, values: dict[str, Any]) -> Pairing:
    defaults: dict[str, Any] = {
        "active": True,
        "off_campaign_id": None,
        "default_user_id": None,
        "record_other_phones": False,
        "create_case": False,
        "case_by_ivr_code": False,
        "person_accounts": False,
        "campaigns": (),
        "poll_enabled": True,
        "webhooks_enabled": True,
    }
    return Pairing(
        id=f"{tenant_id[:40]}-{org_id}",
        tenant_id=tenant_id,
        org_id=org_id,
        created_at=context.clock.now(),
        **defaults | values,
    )


class _Salesforce:
    """The org, asked with the pairing app's access; fits `cti.admin.ports.SalesforceSide`."""

    def __init__(self, org_row: Org, http: requests.Session, clock: Clock) -> None:
        self._tokens = ClientCredentials(org_row, http, clock)
        self._org: SalesforceOrg = SalesforceOrgs(lambda _: org_row, http, clock).connect(org_row)

    def integration_user(self) -> IntegrationUser:
        return self._org.userinfo(self._tokens.token())

    def active_users(self) -> Sequence[SalesforceUser]:
        return self._org.active_users()

    def access(self, table: str) -> Access | None:
        try:
            return self._org.access(table)
        except NotFoundError:
            return None


def _check(context: Context, tenant_row: Tenant, org_row: Org, made: Pairing) -> list[pairing_check.Line]:
    with outgoing.session(ca_file=context.settings.ca_file) as http:
        return pairing_check.check(
            org_row,
            _Salesforce(org_row, http, context.clock),
            FccExternalApi(tenant_row, http=http, clock=context.clock),
            made.off_campaign_id,
            person_accounts=made.person_accounts,
        )


def run() -> None:
    """The program `fcc-connector`: the commands, with only what went wrong in the log on standard error."""
    configure_logging("WARNING")
    main()


if __name__ == "__main__":
    run()
