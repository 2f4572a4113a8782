"""Commands about FCC tenants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cti.admin import values
from cti.cli.options import Context, anyway_option, checked, said, secret_option, show, tenant_argument, with_database

if TYPE_CHECKING:
    from collections.abc import Callable

    from cti.accounts import Tenant


@click.group()
def tenant() -> None:
    """FCC tenants."""


def _tenant_options(command: Callable[..., None]) -> Callable[..., None]:
    """What can be said of a tenant, when it is added and later."""
    options = (
        tenant_argument,
        click.option("--domain", help="FCC's name of the instance (FCC domain)."),
        click.option("--base-url", callback=checked(values.base_url), help="https://CLIENT.fcc-online.pl/external-api"),
        click.option("--admin-login", help="Login in whose name the connector asks FCC."),
        secret_option("api-key", "FCC's API key."),
        click.option("--webhook-user", help="User name that FCC's webhooks send."),
        secret_option("webhook-password", "Password that FCC's webhooks send."),
        click.option(
            "--region",
            "default_region",
            callback=checked(values.region),
            help="Country of numbers without a prefix (two letters), which may always be called; PL unless given.",
        ),
        click.option(
            "--countries",
            "dial_countries",
            callback=checked(values.countries),
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
@with_database
def tenant_add(context: Context, tenant_id: str, **given: Any) -> None:
    """Add an FCC tenant, or change what is given of one that is there; TENANT is a short name of your own for it."""
    new = context.admin.keep_tenant(tenant_id, given)
    click.echo(f"The tenant {tenant_id} is {'added' if new else 'changed'}.")


@tenant.command("set")
@_tenant_options
@with_database
def tenant_set(context: Context, tenant_id: str, **given: Any) -> None:
    """Change what is given of a tenant that is there, and show it."""
    _show(context.admin.change_tenant(tenant_id, given))


@tenant.command("show")
@tenant_argument
@with_database
def tenant_show(context: Context, tenant_id: str) -> None:
    """Show what is set for a tenant, without its secrets."""
    _show(context.admin.tenant(tenant_id))


@tenant.command("remove")
@tenant_argument
@anyway_option
@with_database
def tenant_remove(context: Context, tenant_id: str, anyway: bool) -> None:
    """Remove a tenant that is not paired, with its calls; what Salesforce has of them stays there."""
    gone = said(context.admin.remove_tenant(tenant_id, anyway=anyway))
    click.echo(f"The tenant {tenant_id} is removed{', with ' + gone if gone else ''}.")


@tenant.command("list")
@with_database
def tenant_list(context: Context) -> None:
    """Show the tenants, without their secrets."""
    for each in context.admin.tenants():
        click.echo(f"{each.id}\t{each.domain}\t{each.base_url}\t{each.admin_login}")


def _show(each: Tenant) -> None:
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
    show(lines)
