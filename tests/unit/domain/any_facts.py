"""Facts of one call in whatever order and however little they agree, for properties."""

from __future__ import annotations

from hypothesis import strategies as st

from cti.domain.facts import KINDS
from cti.domain.times import iso
from tests.unit.domain.facts import ACCOUNT, ANNA, CASE, PIOTR, agent, at, checked, contact, fcc, match, pane, row

seconds = st.integers(min_value=0, max_value=90)
users = st.sampled_from([ANNA, PIOTR])
segments = st.integers(min_value=0, max_value=2)
moments = st.one_of(
    st.none(),
    st.integers(min_value=-100, max_value=200).map(lambda s: iso(at(s))),
    st.sampled_from(["0001-01-01T00:00:00+01:00", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59-05:00", "2099-01-01"]),
)
talked = st.one_of(st.none(), st.integers(min_value=-10, max_value=120), st.just(2**62))
fcc_facts = st.builds(
    lambda kind, s, user, segment, status, named, answered, ended, seconds: fcc(
        kind,
        s,
        segment=segment,
        **({"users_id": user} if named else {}),
        **({"status": status} if kind == "ended" else {}),
        **{"answered_at": answered, "ended_at": ended, "talk_seconds": seconds} if kind == "ended" else {},
    ),
    st.sampled_from(sorted(KINDS["fcc"] - {"presence", "unknown"})),  # type: ignore[index]  # StrEnum equals its text
    seconds,
    users,
    segments,
    st.sampled_from(["ANSWERED", "BUSY", "NO ANSWER", "FAILED"]),
    st.booleans(),
    moments,
    moments,
    talked,
)
list_facts = st.builds(
    lambda s, user, segment, status, answered, ended, seconds: row(
        s,
        users_id=user,
        segment=segment,
        answered_at=answered,
        ended_at=ended,
        talk_seconds=seconds,
        **({"status": status} if status else {}),
    ),
    seconds,
    users,
    segments,
    st.sampled_from(["ANSWERED", "NO ANSWER", None]),
    moments,
    moments,
    talked,
)
pane_facts = st.builds(
    lambda kind, s, user, sip, status: pane(kind, s, user=user, sip=f"{sip}-{user}", sip_status=status),
    st.sampled_from(sorted(KINDS["pane"])),  # type: ignore[index]  # StrEnum equals its text
    seconds,
    users,
    st.sampled_from(["a", "b"]),
    st.sampled_from([200, 480, 486, 603]),
)
agent_facts = st.builds(
    lambda kind, s, user: agent(kind, s, user=user, text="t", record=contact()),
    st.sampled_from(["related", "note", "disposition", "dialled"]),
    seconds,
    users,
)
match_facts = st.builds(lambda s, user: match(s, contact(), user=user), seconds, users)
record_facts = st.builds(
    lambda kind, s, user, record, granted: (
        checked(s, record["record_id"], record if granted else None, user=user)
        if kind == "checked"
        else agent(kind, s, user=user, record=record if kind == "dialled" or granted else None)
    ),
    st.sampled_from(["checked", "related", "dialled"]),
    seconds,
    users,
    st.sampled_from([CASE, ACCOUNT, contact()]),
    st.booleans(),
)
any_facts = st.lists(st.one_of(fcc_facts, list_facts, pane_facts, agent_facts, match_facts, record_facts), max_size=14)
