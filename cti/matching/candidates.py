"""From what a search found to the people who may be calling. Pure.

Phone fields hold whatever was typed, and the search index is fuzzy: only a record whose field really means the caller's
number is a candidate. Source: Salesforce Help, "Phone number formatting"; Object Reference, Account, Contact, Lead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cti.domain.org_fields import ACCOUNT_PHONES, CONTACT_PHONES, LEAD_PHONES, PERSON_MARKS, PERSON_PHONES
from cti.domain.phone_number import agrees
from cti.domain.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_PHONES: Final[Mapping[str, tuple[str, ...]]] = {
    "Contact": CONTACT_PHONES,
    "Lead": LEAD_PHONES,
    "Account": (*PERSON_PHONES, *ACCOUNT_PHONES),
}

LABELS: Final[Mapping[str, tuple[str, str]]] = {
    "MobilePhone": ("Telefon komórkowy", "Mobile"),
    "Phone": ("Telefon", "Phone"),
    "HomePhone": ("Telefon domowy", "Home phone"),
    "OtherPhone": ("Inny telefon", "Other phone"),
    "AssistantPhone": ("Telefon asystenta", "Assistant's phone"),
    "PersonMobilePhone": ("Telefon komórkowy", "Mobile"),
    "PersonHomePhone": ("Telefon domowy", "Home phone"),
    "PersonOtherPhone": ("Inny telefon", "Other phone"),
    "PersonAssistantPhone": ("Telefon asystenta", "Assistant's phone"),
    "CaseNumber": ("Numer sprawy podany w IVR", "Case number keyed in the IVR"),
}
"""Why a record is a candidate, by the field that says so: Polish, English."""

_ORDER: Final = {"Contact": 1, "Lead": 2, "Account": 3}


def label(field: str, language: str) -> str:
    """The reason as a person reads it; any tag beginning with "pl" gives Polish, everything else English."""
    polish, english = LABELS[field]
    return polish if language.lower().startswith("pl") else english


def wanted_fields(*, person_accounts: bool) -> dict[str, tuple[str, ...]]:
    """The fields to ask for, by object; the columns of person accounts exist only where they are switched on."""
    persons = (*PERSON_MARKS, *PERSON_PHONES) if person_accounts else ()
    return {
        "Contact": ("Id", "Name", "AccountId", *CONTACT_PHONES),
        "Lead": ("Id", "Name", *LEAD_PHONES),
        "Account": ("Id", "Name", *ACCOUNT_PHONES, *persons),
    }


def candidates(found: Iterable[Mapping[str, Any]], e164: str, *, region: str, language: str) -> tuple[Record, ...]:
    """The records whose numbers agree with `e164`, each once: person accounts, contacts, leads, accounts, by name.

    A person account hides its own contact. `region` reads numbers written without a country; the reason is the label of
    the first field that agrees.
    """
    agreeing: dict[str, tuple[int, Record]] = {}
    hidden: set[str] = set()
    for row in found:
        kind = _text((row.get("attributes") or {}).get("type"))
        record_id = _text(row.get("Id"))
        if kind not in _PHONES or not record_id:
            continue
        field = next((name for name in _PHONES[kind] if agrees(_text(row.get(name)), e164, region)), None)
        if field is None:
            continue
        person = row.get("IsPersonAccount") is True
        contact_id = _text(row.get("PersonContactId")) or None
        if person and contact_id:
            hidden.add(contact_id)
        record = Record(
            record_id=record_id,
            object_type=kind,
            name=_text(row.get("Name")),
            account_id=_text(row.get("AccountId")) or None,
            contact_id=contact_id,
            person_account=person,
            reason=label(field, language),
        )
        agreeing.setdefault(record_id, (0 if person else _ORDER[kind], record))
    kept = [place for record_id, place in agreeing.items() if record_id not in hidden]
    return tuple(record for _, record in sorted(kept, key=lambda each: (each[0], each[1].name, each[1].record_id)))


def case_candidate(row: Mapping[str, Any], language: str) -> Record:
    """The case whose number the customer keyed."""
    number, about = _text(row.get("CaseNumber")), _text(row.get("Subject"))
    return Record(
        record_id=_text(row.get("Id")),
        object_type="Case",
        name=f"{number} {about}".strip(),
        account_id=_text(row.get("AccountId")) or None,
        contact_id=_text(row.get("ContactId")) or None,
        reason=label("CaseNumber", language),
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
