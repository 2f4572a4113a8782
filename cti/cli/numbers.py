"""Commands about telephone numbers in what the connector remembers."""

from __future__ import annotations

import click

from cti import outgoing
from cti.calllog.service import CallLogger
from cti.calls.notifier import Notifier
from cti.calls.retention import Retention
from cti.cli.options import Context, tenant_argument, with_database
from cti.directory.service import Directory
from cti.pbx.registry import PbxRegistry


@click.group("number")
def number_group() -> None:
    """Telephone numbers in what the connector remembers."""


@number_group.command("erase")
@tenant_argument
@click.argument("number")
@with_database
def erase(context: Context, tenant_id: str, number: str) -> None:
    """Erase a customer's NUMBER and all that was said about its calls; what Salesforce has of them stays there."""
    context.admin.tenant(tenant_id)
    with outgoing.session() as http:
        exchanges = PbxRegistry(context.database, http=http, clock=context.clock)
        call_log = CallLogger(context.clock)
        notifier = Notifier(
            clock=context.clock,
            directory=Directory(exchanges, context.database, clock=context.clock),
            log_view=call_log,
            count_error=lambda _code: None,
        )
        retention = Retention(context.database, call_log, notifier, clock=context.clock)
        count = retention.erase_number(tenant_id, number)
    click.echo(f"Calls of that number that were erased: {count}")
