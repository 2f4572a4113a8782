"""What the org holds of the Tasks that logs are about: before a repetition, after a refusal, before a late value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cti.calllog.guard import TABLE
from cti.calllog.mapping import CREATE_ONLY, UNTIL_IDENTIFIED
from cti.calllog.placeholders import is_late
from cti.domain.org_fields import CALL_ID

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from cti.calllog.guard import Takes
    from cti.calllog.ports import Org
    from cti.domain.delivery import Delivery

_IN_MAX: Final = 100


def tasks_of(org: Org, deliveries: Sequence[Delivery]) -> dict[str, list[Mapping[str, Any]]]:
    """By external id, the Tasks that deliveries speak of, deleted ones too, with what they may tell of an arrival."""
    fields = sorted(
        {name for each in deliveries if each.record_id for name in each.sent or () if name not in CREATE_ONLY}
        & org.fields_of(TABLE)
    )
    held: dict[str, list[Mapping[str, Any]]] = {}
    keys = sorted(external_id(each) for each in deliveries)
    for row in _found(org, ("Id", CALL_ID, "IsDeleted", *fields), CALL_ID, keys, include_deleted=True):
        held.setdefault(str(row.get(CALL_ID)), []).append(row)
    return held


def still_there(org: Org, ids: Collection[str]) -> set[str]:
    """Which of the Tasks are not deleted."""
    rows = _found(org, ("Id", "IsDeleted"), "Id", sorted(set(ids)), include_deleted=True)
    return {str(row["Id"]) for row in rows if row.get("IsDeleted") is not True}


def given_there(org: Org, deliveries: Sequence[Delivery], takes: Takes) -> dict[str, set[str]]:
    """By key, the late fields that somebody filled meanwhile: what people did there is not undone.

    The owner counts as given once it is another than the one who created the Task.
    """
    lates = {
        delivery.key: {name for name, value in delivery.fields.items() if is_late(value) and name in takes.update}
        for delivery in deliveries
    }
    ids = {str(delivery.record_id): delivery.key for delivery in deliveries if lates[delivery.key]}
    names = sorted(set().union(*lates.values()) & org.fields_of(TABLE)) if ids else []
    given: dict[str, set[str]] = {}
    records = sorted(ids)
    for row in _found(org, tuple(dict.fromkeys(("Id", "CreatedById", *names))), "Id", records):
        key = ids.get(str(row["Id"]))
        if key is None:
            continue
        free = {"OwnerId"} if row.get("OwnerId") == row.get("CreatedById") else set()
        given[key] = {name for name in lates[key] - free if row.get(name) not in {None, ""}}
    return given


def external_id(delivery: Delivery) -> str:
    """The Task's external id: what follows the slash of the delivery's key."""
    return delivery.key.partition("/")[2]


def arrived(sent: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether the record holds what was sent. A change arrives whole or not at all, so one telling field is enough.

    Fields that people edit tell only when nothing else was sent; placeholders tell nothing.
    """
    telling = [name for name in sent if name in row and not isinstance(sent[name], dict)]
    ours = [name for name in telling if name not in UNTIL_IDENTIFIED]
    judged = ours or telling
    return bool(judged) and all(_same(sent[name], row[name]) for name in judged)


def _same(sent: Any, held: Any) -> bool:
    if isinstance(sent, str | int) and isinstance(held, float):
        return float(sent) == held
    return bool(sent == held) or (sent in ("", None) and held in ("", None))


def _found(
    org: Org, columns: Sequence[str], column: str, values: Sequence[str], *, include_deleted: bool = False
) -> Iterator[Mapping[str, Any]]:
    for start in range(0, len(values), _IN_MAX):
        yield from org.find(TABLE, columns, column, values[start : start + _IN_MAX], include_deleted=include_deleted)
