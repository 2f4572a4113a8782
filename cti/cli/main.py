"""`fcc-connector`: what an administrator of the connector does on its machine.

Secrets are given as an option, in the environment, or with `-` on standard input: a line for each `-`, in the order in
which they stand on the command line. They are never written out.
"""

from __future__ import annotations

import click

from cti.cli.deliveries import retry, status
from cti.cli.numbers import number_group
from cti.cli.options import Context, with_any_database, with_database
from cti.cli.orgs import org
from cti.cli.pairings import pair, pairing_group
from cti.cli.tenants import tenant
from cti.store import keys
from cti.store import migrate as migrations
from cti.store.secrets import SecretBox
from cti.version import connector_version
from cti.web.logs import configure_logging


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(connector_version(), prog_name="fcc-connector")
def main() -> None:
    """FCC Connector for Salesforce."""


@main.command("migrate")
@with_any_database
def migrate_command(context: Context) -> None:
    """Bring the database's tables up to this version."""
    migrations.migrate(context.database)
    keys.settle(context.database)
    click.echo("The database is up to date.")


@main.group()
def secret() -> None:
    """The connector's own secrets."""


@secret.command("new")
def secret_new() -> None:
    """Make a secret that is fit for SECRET_KEY and for ENCRYPTION_KEYS alike; make one for each."""
    click.echo(SecretBox.new_key())


@secret.command("rotate")
@with_database
def secret_rotate(context: Context) -> None:
    """Encrypt every secret in the database with the first of the encryption keys."""
    count = keys.rotate(context.database)
    click.echo(f"{count} secrets are encrypted with the first key; the other keys are not needed any more.")


for command in (tenant, org, pair, pairing_group, status, retry, number_group):
    main.add_command(command)


def run() -> None:
    """The program `fcc-connector`: the commands, with only what went wrong in the log on standard error."""
    configure_logging("WARNING")
    main()
