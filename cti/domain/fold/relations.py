"""Which record a call and each of its segments belongs to: linked, clicked at dialling, or found by number."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cti.domain.fold.believed import user_of
from cti.domain.record import Claim, Record, Related, records_from

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cti.domain.facts import Fact
    from cti.domain.fold.believed import Believed


class Relations:
    """The records that panes named and that searches found for one call.

    `unchecked` fills while relations are asked for: the records named by a pane that count as soon as it is known that
    their agent may read them.
    """

    def __init__(self, believed: Believed) -> None:
        self._believed = believed
        self._checks = [fact for fact in believed.facts if fact.kind == "checked"]
        self.searches = [fact for fact in believed.facts if fact.kind == "matched"]
        self.unchecked: dict[tuple[int, str], Claim] = {}

    def clicked(self) -> Related | None:
        """The record the call was dialled from; before it is checked, the pane's word for its id and its object."""
        fact = self._click()
        if fact is None:
            return None
        told = fact.content["record"]
        record = self.checked(fact)[1] or Record(told["record_id"], told["object_type"])
        return related_by(record, "clicked")

    def _click(self) -> Fact | None:
        return next((fact for fact in self._believed.agent if fact.kind == "dialled" and named(fact) is not None), None)

    def checked(self, fact: Fact) -> tuple[bool, Record | None]:
        """Whether it is known if the agent may read the record that their fact names, and if so, the record.

        The record is as Salesforce holds it. One that was found as that agent needs no check. Of several checks the
        newest counts; a refusal counts for what was named before it, for the agent may have been given access since.
        """
        record_id, user = named(fact), user_of(fact)
        for match in reversed(self.searches):
            if user_of(match) == user:
                found = next(
                    (r for r in records_from(match.content.get("candidates")) if r.record_id == record_id), None
                )
                if found is not None:
                    return True, found
        check = next(
            (c for c in reversed(self._checks) if user_of(c) == user and c.content.get("record_id") == record_id), None
        )
        if check is not None and check.content.get("record"):
            return True, Record.from_json(check.content["record"])
        return check is not None and check.at >= fact.at, None

    def note_unchecked(self, fact: Fact) -> None:
        """Keep that the record which this fact names is still to be checked."""
        told, user = fact.content["record"], user_of(fact)
        if user is not None:
            self.unchecked[user, told["record_id"]] = Claim(
                users_id=user,
                record_id=told["record_id"],
                object_type=told["object_type"],
                pairing_id=str(fact.content.get("pairing_id") or ""),
                sf_user_id=fact.content.get("sf_user_id"),
                dial_id=fact.content.get("dial_id"),
            )

    def unsaid(self, agent: int | None) -> Related | None:
        """What a segment relates to when nobody linked it: the clicked record, else the only one found as its agent."""
        click = self._click()
        if click is not None:
            known, record = self.checked(click)
            if not known:
                self.note_unchecked(click)
            return None if record is None else related_by(record, "clicked")
        found = self.search_of(agent) or (self.best(self.searches) if agent is None else None)
        if found is None:
            return None
        candidates = records_from(found.content.get("candidates"))
        return Related(candidates[0], "matched") if len(candidates) == 1 else None

    def search_of(self, user: int | None) -> Fact | None:
        """That agent's own search, the one of several that counts."""
        return self.best([fact for fact in self.searches if user is not None and user_of(fact) == user])

    def best(self, found: Sequence[Fact]) -> Fact | None:
        """Which of several searches counts.

        One for the call's number, then one that was finished, then one for its code, then the newest: a search that
        began earlier may end later, and one that failed takes nothing back.
        """
        number, ivr = self._believed.first("number") or "", self._believed.first("ivr")

        def worth(fact: Fact) -> tuple[Any, ...]:
            told = fact.content
            return (
                told.get("number", number) == number,
                told.get("complete") is not False,
                told.get("ivr") == ivr,
                fact.place,
            )

        return max(found, key=worth, default=None)


def related_by(record: Record, source: str) -> Related:
    """A relation by the agent's own word, which is then the reason for the record as well."""
    return Related(replace(record, reason=source), source)


def named(fact: Fact) -> str | None:
    """The id of the record that an agent's fact names."""
    record = fact.content.get("record")
    if not isinstance(record, dict) or not record.get("record_id") or not record.get("object_type"):
        return None
    return str(record["record_id"])
