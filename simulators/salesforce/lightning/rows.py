"""A row on the screen: what it is called, what Open CTI tells of it, its fields as they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulators.salesforce.ids import object_of

from .layouts import LABELS, LAYOUTS

if TYPE_CHECKING:
    from simulators.salesforce.org import Org
    from simulators.salesforce.records import Record


def name_of(row: Record) -> str:
    """What a record is called on the screen."""
    kind = object_of(row["Id"])
    if kind == "Case":
        return str(row["CaseNumber"])
    return str(row.get("Name") or row.get("Subject") or row["Id"])


def info(org: Org, row: Record) -> dict[str, Any]:
    """What Open CTI tells an adapter about a record: the payload of a click or of a navigation, without the address."""
    kind = object_of(row["Id"]) or ""
    made: dict[str, Any] = {"recordId": row["Id"], "recordName": name_of(row), "objectType": kind}
    if org.settings.person_accounts:
        if kind == "Account" and row.get("IsPersonAccount"):
            made |= {"accountId": row["Id"], "contactId": row["PersonContactId"], "personAccount": True}
        elif kind == "Contact":
            account = org.records.find(row["AccountId"] or "")
            if account is not None and account.get("IsPersonAccount"):
                made |= {"accountId": account["Id"], "personAccount": True}
    return made


def shown_fields(org: Org, kind: str, names: tuple[str, ...], row: Record) -> list[dict[str, Any]]:
    """The fields with these names that the object has."""
    return [one for name in names if (one := _field(org, kind, name, row)) is not None]


def _field(org: Org, kind: str, name: str, row: Record) -> dict[str, Any] | None:
    known = org.records.schema[kind.lower()].field(name)
    if known is None:
        return None
    value = row.get(known.name)
    made: dict[str, Any] = {
        "name": known.name,
        "label": LABELS.get(known.name, known.title),
        "type": known.type,
        "value": value,
        "custom": known.custom,
    }
    if known.type == "reference" and value:
        target = org.records.find(value)
        made["text"] = name_of(target) if target else value
        made["icon"] = (object_of(value) or "record").lower()
        made["linked"] = object_of(value) in LAYOUTS
    return made


def phones_of(org: Org, kind: str, row: Record) -> list[str]:
    """The phone numbers of a row, as they are written."""
    return [row[name] for name in org.records.schema[kind.lower()].phone_fields if row.get(name)]
