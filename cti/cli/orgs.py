"""Commands about Salesforce orgs."""

from __future__ import annotations

from typing import Any

import click

from cti.admin import values
from cti.cli.options import Context, checked, org_argument, secret_option, show, with_database


@click.group()
def org() -> None:
    """Salesforce orgs."""


@org.command("add")
@org_argument
@click.option("--name", help="A name for people.")
@click.option("--my-domain-url", callback=checked(values.my_domain), help="https://NAME.my.salesforce.com")
@click.option("--lightning-origin", callback=checked(values.origin), help="Derived from My Domain unless given.")
@click.option("--vf-origin", callback=checked(values.origin), help="Derived from My Domain unless given.")
@click.option("--canvas-key", help="Consumer key of the Canvas app.")
@secret_option("canvas-secret", "Consumer secret of the Canvas app.")
@click.option("--client-id", help="Consumer key of the pairing app (client credentials).")
@secret_option("client-secret", "Consumer secret of the pairing app.")
@click.option(
    "--environment",
    type=click.Choice(["production", "test"]),
    help="test for a sandbox: people's addresses lose the .invalid that Salesforce appends there. Follows from My "
    "Domain unless given.",
)
@click.option("--api-version", callback=checked(values.api_version), help="67.0 unless given.")
@with_database
def org_add(context: Context, org_id: str, **given: Any) -> None:
    """Add a Salesforce org, or change what is given of one that is there; ORG is its id (00D…)."""
    new = context.admin.keep_org(org_id, given)
    click.echo(f"The org {org_id} is {'added' if new else 'changed'}.")


@org.command("list")
@with_database
def org_list(context: Context) -> None:
    """Show the orgs, without their secrets."""
    for each in context.admin.orgs():
        click.echo(f"{each.id}\t{each.name}\t{each.my_domain_url}\t{each.environment}")


@org.command("show")
@org_argument
@with_database
def org_show(context: Context, org_id: str) -> None:
    """Show what is set for an org, without its secrets."""
    each = context.admin.org(org_id)
    show(
        {
            "org": each.id,
            "name": each.name,
            "My Domain": each.my_domain_url,
            "Lightning": each.lightning_origin,
            "Visualforce": each.vf_origin,
            "canvas key": each.canvas_key,
            "client id": each.client_id,
            "environment": each.environment,
            "API version": each.api_version,
        }
    )


@org.command("remove")
@org_argument
@with_database
def org_remove(context: Context, org_id: str) -> None:
    """Remove an org that is not paired, with the keys that were given for it."""
    context.admin.remove_org(org_id)
    click.echo(f"The org {org_id} is removed, with its keys.")
