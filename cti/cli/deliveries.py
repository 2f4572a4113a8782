"""Commands about what goes to Salesforce: how it stands, and trying again."""

from __future__ import annotations

from typing import Final

import click

from cti.calllog.service import CallLogger
from cti.cli.options import MARKS, Context, with_database
from cti.cli.pairings import state_of

_UNLOGGED: Final = {
    "inactive": "began while the integration was switched off (--active)",
    "campaign": "are of campaigns that are not chosen (--campaign)",
    "other-phone": "were made on other phones (--log-other-phones)",
}


@click.command("status")
@with_database
def status(context: Context) -> None:
    """Show for each pairing whether it works, what waits for Salesforce and what went wrong."""
    mark, colour = MARKS["warning"]
    for unread in context.admin.unread_lists():
        at = unread.read_at
        when = "has not been read yet" if at is None else f"was last read at {at:%Y-%m-%d %H:%M} UTC"
        click.secho(f"{mark} {unread.tenant_id}: FCC's call list {when}; /readyz says what fails", fg=colour)
    for each in context.admin.statuses(CallLogger(context.clock)):
        wait = f"{each.waiting} deliveries wait, {each.given_up} were given up"
        click.echo(f"{each.pairing.id}: {state_of(each.pairing)}; {wait}")
        for item in each.troubled:
            mark, colour = MARKS["error" if item.state == "dead" else "warning"]
            why = f" ({item.detail})" if item.detail else ""
            click.secho(f"{mark} {item.key}: {item.code or 'unknown'}{why}", fg=colour)
        for missing, count in each.lacking.items():
            mark, colour = MARKS["warning"]
            text = f"{count} call logs lack fields that the org does not take: {missing}"
            click.secho(f"{mark} {text}; `fcc-connector pair` says what to do", fg=colour)
        if each.unlogged:
            why = ", ".join(f"{count} {_UNLOGGED[reason]}" for reason, count in sorted(each.unlogged.items()))
            click.echo(f"  not logged on purpose, of the calls of the last 24 hours: {why}")


@click.command("retry")
@click.argument("key")
@with_database
def retry(context: Context, key: str) -> None:
    """Try a delivery again that was given up; KEY is what `status` shows, or a Task's FCC_Call_Id__c."""
    revived = context.admin.retry(key)
    if not revived:
        raise click.ClickException(f"No delivery {key} was given up.")
    for each in revived:
        click.echo(f"The delivery {each} will be tried again.")
