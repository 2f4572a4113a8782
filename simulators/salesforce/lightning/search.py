"""Global search, as the header's box and the softphone's searches ask it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from simulators.salesforce.sosl.index import indexed

from .rows import info, name_of, phones_of

if TYPE_CHECKING:
    from simulators.salesforce.org import Org
    from simulators.salesforce.records import Record


SEARCHED: Final = ("Contact", "Account", "Lead", "Case")


MIN_SEARCH: Final = 2


WHOLE_NUMBER: Final = 9


def digits(value: str | None) -> str:
    """The digits of a text."""
    return re.sub(r"\D", "", value or "")


def _found(row: Record, phones: list[str], wanted: str) -> bool:
    """Whether a record's name, subject or e-mail holds the text, or one of its numbers the text's digits."""
    words = f"{name_of(row)} {row.get('Subject') or ''} {row.get('Email') or ''}".lower()
    if len(wanted) >= MIN_SEARCH and wanted.lower() in words:
        return True
    numbers = digits(wanted)
    known = [digits(phone) for phone in phones]
    return len(numbers) >= MIN_SEARCH and any(
        numbers in phone or (len(phone) >= WHOLE_NUMBER and phone in numbers) for phone in known
    )


def search(org: Org, wanted: str, user_id: str) -> dict[str, Any]:
    """Global search: by words in the name, or by the digits of any phone number."""
    wanted = wanted.strip()
    groups: list[dict[str, Any]] = []
    with org.lock:
        for kind in SEARCHED:
            known = org.records.schema[kind.lower()]
            hits = [
                row
                for row in org.access.visible_rows(kind, user_id)
                if indexed(org, row) and _found(row, phones_of(org, kind, row), wanted)
            ]
            if hits:
                groups.append(
                    {
                        "object": kind,
                        "plural": known.plural,
                        "icon": known.icon,
                        "rows": [
                            {"id": row["Id"], "name": name_of(row), "info": info(org, row),
                             "text": row.get("Subject") or row.get("Title") or row.get("Company") or "",
                             "phones": phones_of(org, kind, row), "record": _softphone_row(kind, row)}
                            for row in hits
                        ],
                    }
                )  # fmt: skip
    return {"query": wanted, "groups": groups}


def _softphone_row(kind: str, row: Record) -> dict[str, Any]:
    made = {"Id": row["Id"], "Name": name_of(row), "RecordType": kind, "LastModifiedDate": row["LastModifiedDate"]}
    if "Phone" in row:
        made["Phone"] = row["Phone"]
    if row.get("IsPersonAccount"):
        made |= {"IsPersonAccount": True, "PersonContactId": row["PersonContactId"]}
    return made
