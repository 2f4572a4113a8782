"""Trying a pairing on both sides, and saying in sentences what is right and what to do about the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cti.domain.fcc import CampaignMode, UserKind
from cti.domain.org_fields import CALL_ID, CREATED, PERSON_READ, READ, WRITTEN
from cti.errors import ConnectorError, SalesforceUserUnknownError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cti.accounts import Org
    from cti.admin.ports import FccSide, SalesforceSide
    from cti.domain.fcc import Campaign, FccUser
    from cti.domain.salesforce import SalesforceUser

Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """One result of a check. An "error" stands in the way of the pairing, a "warning" does not."""

    level: Level
    text: str


def check(
    org: Org, salesforce: SalesforceSide, fcc: FccSide, off_campaign_id: int | None, *, person_accounts: bool = False
) -> list[Finding]:
    """Ask both sides whether they would work together; raises nothing that the sides raise on purpose."""
    findings: list[Finding] = []
    people = _salesforce(org, salesforce, findings, person_accounts=person_accounts)
    users = _fcc(fcc, off_campaign_id, findings)
    if people is not None and users is not None:
        findings.extend(_matches(*people, users))
    return findings


def _salesforce(
    org: Org, side: SalesforceSide, findings: list[Finding], *, person_accounts: bool
) -> tuple[str, Sequence[SalesforceUser]] | None:
    try:
        me = side.integration_user()
    except ConnectorError as error:
        findings.append(Finding("error", f"Salesforce: {error.message('en')} [{error.code}]"))
        return None
    if me.org_id != org.id:
        text = (
            f"Salesforce: {org.my_domain_url} is the org {me.org_id or '?'}, not {org.id}. "
            "Correct the id or the My Domain address with `fcc-connector org add`."
        )
        findings.append(Finding("error", text))
        return None
    findings.append(Finding("ok", f"Salesforce: the connector signs in as {me.name} ({me.email})."))
    try:
        people = side.active_users()
        findings.extend(_fields(side, person_accounts=person_accounts))
    except ConnectorError as error:
        findings.append(Finding("error", f"Salesforce: {error.message('en')} [{error.code}]"))
        return None
    return me.email, people


def _fields(side: SalesforceSide, *, person_accounts: bool) -> list[Finding]:
    """Which fields the integration user lacks, of those that the connector writes or reads."""
    unwritten: list[str] = []
    unread: list[str] = []
    for table, names in READ.items():
        access = side.access(table)
        seen = access.readable if access is not None else frozenset()
        wanted = names | PERSON_READ if person_accounts and table == "Account" else names
        writes = WRITTEN.get(table, frozenset())
        unread += [f"{table}.{name}" for name in sorted(wanted - seen - writes)]
        may_create = access.createable if access is not None else frozenset()
        may_change = (access.updateable if access is not None else frozenset()) | frozenset(CREATED)
        unwritten += [f"{table}.{name}" for name in sorted(writes - (may_create & may_change))]
    findings: list[Finding] = []
    remedy = "Deploy the package and assign Fcc_Integration to the integration user (`bin/install --integration-user`)."
    key = f"Task.{CALL_ID}"
    if key in unwritten:
        text = f"Salesforce: the integration user cannot write {key}, so no call can be logged. {remedy}"
        findings.append(Finding("error", text))
        unwritten.remove(key)
    if unwritten:
        text = f"Salesforce: left out of call logs, until the integration user can write them: {', '.join(unwritten)}."
        findings.append(Finding("warning", f"{text} {remedy}"))
    if unread:
        text = (
            f"Salesforce: callers may not be found or named, for the integration user cannot read {', '.join(unread)}."
        )
        findings.append(Finding("warning", f"{text} {remedy}"))
    if not findings:
        findings.append(
            Finding("ok", "Salesforce: the integration user has every field that the connector reads and writes.")
        )
    return findings


def _fcc(side: FccSide, off_campaign_id: int | None, findings: list[Finding]) -> list[FccUser] | None:
    try:
        users = [user for user in side.users() if user.kind is UserKind.PBX and user.active]
        campaigns = {campaign.id: campaign for campaign in side.campaigns()}
    except ConnectorError as error:
        findings.append(Finding("error", f"FCC: {error.message('en')} [{error.code}]"))
        return None
    findings.append(Finding("ok", f"FCC: external-api answers; {len(users)} active PBX users."))
    if not users:
        findings.append(Finding("warning", "FCC: without PBX users nobody can work in the integration."))
    findings.extend(_off_campaign(campaigns.get(off_campaign_id or 0), off_campaign_id))
    return users


def _off_campaign(campaign: Campaign | None, campaign_id: int | None) -> list[Finding]:
    if campaign_id is None:
        return [
            Finding("warning", "FCC: no campaign is chosen for calls outside campaigns; give one with --off-campaign.")
        ]
    if campaign is None:
        return [Finding("error", f"FCC: there is no campaign {campaign_id}; choose another with --off-campaign.")]
    name = f"the campaign “{campaign.name}”"
    if campaign.mode is not CampaignMode.MANUAL_PHONE:
        mode = campaign.mode.value if campaign.mode is not None else "unknown"
        text = f"FCC: {name} has the mode {mode}. Set it to “ręczna – telefon” in FCC or choose another campaign."
        return [Finding("error", text)]
    findings = [Finding("ok", f"FCC: calls outside campaigns go to {name}.")]
    if campaign.ivr_authorization:
        text = f"FCC: {name} has an IVR authorization block, which the integration does not need; remove it in FCC."
        findings.append(Finding("warning", text))
    return findings


def _matches(me: str, people: Sequence[SalesforceUser], users: Sequence[FccUser]) -> list[Finding]:
    by_email: dict[str, list[SalesforceUser]] = {}
    for each in people:
        by_email.setdefault(each.email.casefold(), []).append(each)
    findings: list[Finding] = []
    for user in sorted(users, key=lambda user: user.name):
        found = by_email.get(user.email.casefold(), []) if user.email else []
        if len(found) != 1:
            error = SalesforceUserUnknownError(email=user.email or "–")
            findings.append(Finding("warning", f"{user.name}: {error.message('en')} [{error.code}]"))
            continue
        person = found[0]
        if not user.city_number or not user.presentation:
            text = f"{user.name} = {person.name}: takes calls but cannot dial; add city number and presentation in FCC."
            findings.append(Finding("warning", text))
        else:
            findings.append(Finding("ok", f"{user.name} = {person.name} ({user.email})."))
    if any(user.email.casefold() == me.casefold() for user in users):
        text = f"Salesforce: the integration user {me} is an agent of FCC too; use one that nobody works with."
        findings.append(Finding("warning", text))
    return findings
