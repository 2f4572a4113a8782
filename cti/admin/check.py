"""Trying a pairing on both sides, and saying in sentences what is right and what to do about the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cti.domain.fcc import CampaignMode, UserKind
from cti.domain.org_fields import CALL_ID, CREATED, PERSON_READ, READ, WRITTEN
from cti.domain.salesforce import without_suffix
from cti.errors import ConnectorError, SalesforceUserUnknownError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from cti.accounts import Org, Pairing
    from cti.admin.ports import FccSide, SalesforceSide
    from cti.admin.service import Draft, Neighbour
    from cti.domain.fcc import Campaign, FccUser
    from cti.domain.salesforce import SalesforceUser

Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """One result of a check. An "error" stands in the way of an active pairing, a "warning" does not."""

    level: Level
    text: str


def check(
    draft: Draft, salesforce: SalesforceSide, fcc: FccSide, neighbours: Sequence[tuple[Neighbour, FccSide]] = ()
) -> list[Finding]:
    """Ask both sides whether they would work together; raises nothing that the sides raise on purpose.

    `neighbours` are the draft's, each with its side.
    """
    findings: list[Finding] = []
    people = _salesforce(draft, salesforce, findings)
    users = _fcc(draft.pairing, fcc, findings)
    if people is not None and users is not None:
        findings.extend(_matches(*people, users))
        for neighbour, side in neighbours:
            findings.extend(_shared(users, neighbour, side))
    return findings


def may_be_kept(draft: Draft, findings: Sequence[Finding]) -> bool:
    """Whether nothing stands in the way. An integration can be switched off whatever is wrong with it (R13)."""
    return not draft.pairing.active or all(finding.level != "error" for finding in findings)


def _salesforce(
    draft: Draft, side: SalesforceSide, findings: list[Finding]
) -> tuple[str, Sequence[SalesforceUser]] | None:
    org = draft.org
    try:
        me = side.integration_user()
        if me.org_id != org.id:
            text = (
                f"Salesforce: {org.my_domain_url} is the org {me.org_id or '?'}, not {org.id}. "
                "Correct the id or the My Domain address with `fcc-connector org add`."
            )
            findings.append(Finding("error", text))
            return None
        findings.append(Finding("ok", f"Salesforce: the connector signs in as {me.name} ({me.email})."))
        versions = side.versions()
        if org.api_version not in versions:
            text = f"Salesforce: the org has no API version {org.api_version}, but {_newest(versions)}."
            findings.append(Finding("error", f"{text} Correct it with `fcc-connector org add --api-version`."))
            return None
        people = side.active_users()
        findings.extend(_fields(side, person_accounts=draft.pairing.person_accounts))
        if draft.pairing.default_user_id is not None:
            findings.append(_default_user(draft.pairing.default_user_id, side))
    except ConnectorError as error:
        findings.append(_told("Salesforce", error))
        return None
    findings.extend(_sandbox(org, people))
    return me.email, people


def _told(side: str, error: ConnectorError) -> Finding:
    return Finding("error", f"{side}: {error.message('en')} [{error.code}]")


def _newest(versions: Collection[str]) -> str:
    """The last few of an org's versions, for a sentence."""
    return ", ".join(sorted(versions, key=lambda each: (len(each), each))[-3:]) or "none that could be read"


def _default_user(user_id: str, side: SalesforceSide) -> Finding:
    user = side.user(user_id)
    if user is None:
        return Finding("error", f"Salesforce: the org has no user {user_id}; choose another with --default-user.")
    name = f"the default user {user.name} ({user.email})"
    if not user.active:
        return Finding("error", f"Salesforce: {name} is not active and can own nothing; choose another.")
    if user.user_type not in {"Standard", ""}:
        return Finding("error", f"Salesforce: {name} is a {user.user_type} user, who cannot own calls; choose another.")
    return Finding("ok", f"Salesforce: {name} owns calls that nobody took.")


def _sandbox(org: Org, people: Sequence[SalesforceUser]) -> list[Finding]:
    """Whether the org looks like a sandbox and is not taken for one."""
    odd = [person.email for person in people if without_suffix(person.email) != person.email]
    if org.is_sandbox or not odd:
        return []
    text = (
        f"Salesforce: the addresses of {len(odd)} users end in “.invalid”, as in a sandbox, so FCC knows none of them. "
        "Say that the org is one with `fcc-connector org add --environment test`."
    )
    return [Finding("warning", text)]


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


def _agents(side: FccSide) -> list[FccUser]:
    return [user for user in side.users() if user.kind is UserKind.PBX and user.active]


def _fcc(pairing: Pairing, side: FccSide, findings: list[Finding]) -> list[FccUser] | None:
    try:
        users = _agents(side)
        campaigns = {campaign.id: campaign for campaign in side.campaigns()}
    except ConnectorError as error:
        findings.append(_told("FCC", error))
        return None
    findings.append(Finding("ok", f"FCC: external-api answers; {len(users)} active PBX users."))
    if not users:
        findings.append(Finding("warning", "FCC: without PBX users nobody can work in the integration."))
    if pairing.off_campaign_id is None:
        text = "FCC: no campaign is chosen for calls outside campaigns; give one with --off-campaign."
        findings.append(Finding("warning", text))
    else:
        text = "calls outside campaigns go to"
        findings.extend(_campaign(campaigns, pairing.off_campaign_id, "--off-campaign", text))
    for campaign_id in pairing.campaigns:
        findings.extend(_campaign(campaigns, campaign_id, "--campaign", "calls are gathered of"))
    return users


def _campaign(campaigns: Mapping[int, Campaign], campaign_id: int, option: str, meaning: str) -> list[Finding]:
    """Whether a campaign can be chosen (R7), and whether it has what the integration does not need (R8)."""
    campaign = campaigns.get(campaign_id)
    if campaign is None:
        return [Finding("error", f"FCC: there is no campaign {campaign_id}; choose another with {option}.")]
    name = f"the campaign “{campaign.name}”"
    if campaign.mode is not CampaignMode.MANUAL_PHONE:
        mode = campaign.mode.value if campaign.mode is not None else "unknown"
        text = f"FCC: {name} has the mode {mode}. Set it to “ręczna – telefon” in FCC or choose another campaign."
        return [Finding("error", text)]
    findings = [Finding("ok", f"FCC: {meaning} {name}.")]
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


def _shared(users: Sequence[FccUser], neighbour: Neighbour, side: FccSide) -> list[Finding]:
    """Whom another tenant of the org knows too; nothing where it cannot be asked, which its own check tells."""
    try:
        known = {user.email.casefold() for user in _agents(side) if user.email}
    except ConnectorError:
        return []
    where = f"there, for {neighbour.tenant.id} was paired first" if neighbour.first else "here"
    return [
        Finding("warning", f"{user.name} ({user.email}) is an agent of {neighbour.tenant.id} too, and works {where}.")
        for user in users
        if user.email.casefold() in known
    ]
