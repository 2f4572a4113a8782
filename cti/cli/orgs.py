"""Commands about Salesforce orgs."""

from __future__ import annotations

from typing import Any

import click

from cti.admin import values
from cti.cli.options import Context, checked, org_argument, secret_option, with_database


@click.group()
def org() -> None:
    """Salesforce orgs."""


@org.command("add")
@org_argument
@click.option("--name", help="A name for people.")
@click.option("--my-domain-url", callback=checked(values.origin), help="https://NAME.my.salesforce.com")
@click.option("--lightning-origin", callback=checked(values.origin), help="Derived from My Domain unless given.")
@click.option("--vf-origin", callback=checked(values.origin), help="Derived from My Domain unless given.")
@click.option("--canvas-key", help="Consumer key of the Canvas app.")
@secret_option("canvas-secret", "Consumer secret of the Canvas app.")
@click.option("--client-id", help="Consumer key of the pairing app (client credentials).")
@secret_option("client-secret", "Consumer secret of the pairing app.")
@click.option("--environment", type=click.Choice(["production", "test"]), help="production unless given.")
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
