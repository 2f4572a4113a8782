"""Commands about what goes to Salesforce: how it stands, and trying again."""

from __future__ import annotations

import click

from cti.cli.options import MARKS, Context, with_database
from cti.cli.pairings import state_of


@click.command("status")
@with_database
def status(context: Context) -> None:
    """Show for each pairing whether it works, what waits for Salesforce and what went wrong."""
    mark, colour = MARKS["warning"]
    for unread in context.admin.unread_lists():
        at = unread.read_at
        when = "has not been read yet" if at is None else f"was last read at {at:%Y-%m-%d %H:%M} UTC"
        click.secho(f"{mark} {unread.tenant_id}: FCC's call list {when}; /readyz says what fails", fg=colour)
    for each in context.admin.statuses():
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


@click.command("retry")
@click.argument("key")
@with_database
def retry(context: Context, key: str) -> None:
    """Try a delivery again that was given up; KEY is what `status` shows."""
    if not context.admin.retry(key):
        raise click.ClickException(f"No delivery {key} was given up.")
    click.echo(f"The delivery {key} will be tried again.")
