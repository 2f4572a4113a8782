"""Commands about pairings: joining a tenant and an org, after asking both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cti import outgoing
from cti.admin import values
from cti.admin.check import check, may_be_kept
from cti.cli.options import (
    MARKS,
    Context,
    anyway_option,
    checked,
    org_argument,
    said,
    show,
    tenant_argument,
    with_database,
)
from cti.pbx.fcc_external_api import FccExternalApi
from cti.salesforce.errors import AccessRefusedError, NotFoundError, TokenRefusedError
from cti.salesforce.identity import Identities
from cti.salesforce.oauth import ClientCredentials
from cti.salesforce.org import SalesforceOrgs

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import requests

    from cti.accounts import Org, Pairing
    from cti.admin.check import Finding
    from cti.admin.service import Draft
    from cti.clock import Clock
    from cti.domain.salesforce import Access, Identity, SalesforceUser
    from cti.salesforce.org import SalesforceOrg


@click.command("pair")
@tenant_argument
@org_argument
@click.option("--active/--inactive", default=None, help="Whether the integration works; active unless given.")
@click.option(
    "--off-campaign",
    "off_campaign_id",
    callback=checked(values.off_campaign),
    help="Campaign for calls outside campaigns; none takes it back.",
)
@click.option(
    "--default-user",
    "default_user_id",
    callback=checked(values.default_user),
    help="Salesforce user who owns calls that nobody took; none takes it back.",
)
@click.option("--log-other-phones/--webphone-only", default=None, help="Log calls made on other phones too.")
@click.option("--create-case/--no-case", default=None, hidden=True)
@click.option("--case-by-ivr-code/--no-ivr-code", default=None, help="Find the case by the code keyed in the IVR.")
@click.option("--person-accounts/--no-person-accounts", default=None, help="The org uses Person Accounts.")
@click.option(
    "--campaign",
    "campaigns",
    multiple=True,
    callback=checked(values.campaigns),
    help="Campaign to gather; repeat; all unless given, and again with --campaign all.",
)
@click.option("--poll/--no-poll", "poll_enabled", default=None, help="Ask FCC for its list of calls.")
@click.option("--webhooks/--no-webhooks", "webhooks_enabled", default=None, help="Take FCC's webhooks.")
@click.option("--anyway", is_flag=True, help="Keep the pairing even though a check failed.")
@click.option("--no-check", is_flag=True, help="Ask neither side.")
@with_database
def pair(context: Context, tenant_id: str, org_id: str, anyway: bool, no_check: bool, **given: Any) -> None:
    """Let a tenant and an org work together, after asking both sides; or change what is given of their pairing."""
    draft = context.admin.draft(tenant_id, org_id, given)
    findings = [] if no_check else _check(context, draft)
    for finding in findings:
        mark, colour = MARKS[finding.level]
        click.secho(f"{mark} {finding.text}", fg=colour)
    if not may_be_kept(draft, findings) and not anyway:
        raise click.ClickException("The pairing is not kept. Put the lines marked ✗ right and repeat.")
    made = draft.pairing
    context.admin.keep_pairing(made)
    if made.create_case:
        mark, colour = MARKS["warning"]
        click.secho(f"{mark} --create-case is kept for later: this version creates no cases.", fg=colour)
    click.echo(f"{tenant_id} and {org_id} are paired as {made.id}; the integration is {state_of(made)}.")


@click.group("pairing")
def pairing_group() -> None:
    """Pairings of tenants and orgs."""


@pairing_group.command("list")
@with_database
def pairing_list(context: Context) -> None:
    """Show the pairings."""
    for each in context.admin.pairings():
        click.echo(f"{each.id}\t{each.tenant_id}\t{each.org_id}\t{state_of(each)}")


@pairing_group.command("show")
@tenant_argument
@org_argument
@with_database
def pairing_show(context: Context, tenant_id: str, org_id: str) -> None:
    """Show what is set for a pairing."""
    each = context.admin.pairing(tenant_id, org_id)
    campaigns = ", ".join(map(str, each.campaigns)) or "all"
    show(
        {
            "pairing": each.id,
            "integration": state_of(each),
            "campaign for calls outside campaigns": each.off_campaign_id or "none",
            "default user": each.default_user_id or "none",
            "campaigns that are gathered": campaigns,
            "calls on other phones": "logged" if each.log_other_phones else "not logged",
            "case by the code keyed in the IVR": _on(each.case_by_ivr_code),
            "Person Accounts": _on(each.person_accounts),
            "FCC's list of calls is read": _on(each.poll_enabled),
            "FCC's webhooks are taken": _on(each.webhooks_enabled),
        }
    )


@pairing_group.command("remove")
@tenant_argument
@org_argument
@anyway_option
@with_database
def pairing_remove(context: Context, tenant_id: str, org_id: str, anyway: bool) -> None:
    """Remove a pairing; its calls stay with the tenant, and what Salesforce has of them in the org."""
    gone = said(context.admin.remove_pairing(tenant_id, org_id, anyway=anyway))
    click.echo(f"{tenant_id} and {org_id} are not paired any more{'; removed with it: ' + gone if gone else ''}.")


def _on(setting: bool) -> str:
    return "yes" if setting else "no"


def state_of(pairing: Pairing) -> str:
    """Whether the integration works, in a word."""
    return "active" if pairing.active else "inactive"


class _Salesforce:
    """The org, asked with the pairing app's access; fits `cti.admin.ports.SalesforceSide`."""

    def __init__(self, org_row: Org, http: requests.Session, clock: Clock) -> None:
        self._row = org_row
        self._tokens = ClientCredentials(org_row, http, clock)
        self._identities = Identities(http, clock)
        self._org: SalesforceOrg = SalesforceOrgs(lambda _: org_row, http, clock).connect(org_row)

    def integration_user(self) -> Identity:
        try:
            return self._identities.identify(self._row, self._tokens.token())
        except TokenRefusedError as error:
            # No person's session ended: the app's own token is not enough.
            raise AccessRefusedError(salesforce_code=error.salesforce_code) from None

    def active_users(self) -> Sequence[SalesforceUser]:
        return self._org.active_users()

    def user(self, user_id: str) -> SalesforceUser | None:
        return self._org.user(user_id)

    def versions(self) -> Collection[str]:
        return self._org.versions()

    def access(self, table: str) -> Access | None:
        try:
            return self._org.access(table)
        except NotFoundError:
            return None


def _check(context: Context, draft: Draft) -> list[Finding]:
    with outgoing.session(ca_file=context.settings.ca_file) as http:
        return check(
            draft,
            _Salesforce(draft.org, http, context.clock),
            FccExternalApi(draft.tenant, http=http, clock=context.clock),
            [(each, FccExternalApi(each.tenant, http=http, clock=context.clock)) for each in draft.neighbours],
        )
