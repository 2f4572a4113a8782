"""UserRecordAccess, an object without rows of its own.

Source: Salesforce "Object Reference", UserRecordAccess.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulators.salesforce.ids import to18

from .parser import Comparison, Logic, malformed

if TYPE_CHECKING:
    from simulators.salesforce.org import Org
    from simulators.salesforce.records import Record

    from .parser import Query


def record_access(org: Org, query: Query) -> list[Record]:
    """UserRecordAccess has no rows of its own: they are made for the user and the records that are asked about."""
    users: list[str] = []
    records: list[str] = []
    parts = query.where.parts if isinstance(query.where, Logic) and query.where.operator == "AND" else (query.where,)
    for part in parts:
        if not isinstance(part, Comparison) or part.operator not in {"=", "IN"}:
            continue
        values = [to18(str(value.value)) or "" for value in part.values]
        if part.path.lower() == "userid" and part.operator == "=":
            users = values
        elif part.path.lower() == "recordid":
            records = values
    if len(users) != 1 or not records:
        raise malformed("Filter UserId = and filter RecordId = or RecordId IN are required for UserRecordAccess")
    if len(records) > 200:  # noqa: PLR2004 - the documented limit
        raise malformed("UserRecordAccess: number of records is limited to 200")
    made = []
    for record_id in records:
        row = org.records.find(record_id)
        may = row is not None and org.access.visible(row, users[0])
        made.append(
            {"Id": record_id, "RecordId": record_id, "UserId": users[0], "HasReadAccess": may, "HasEditAccess": may,
             "HasDeleteAccess": may, "HasTransferAccess": may, "HasAllAccess": False,
             "MaxAccessLevel": "Edit" if may else "None"}
        )  # fmt: skip
    return made
