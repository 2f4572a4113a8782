"""Statements whose values stay values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.salesforce import query


def test_a_select_is_put_together_from_its_parts():
    assert query.select(
        ("Id", "Owner.Name"),
        "Task",
        query.one_of("FCC_Call_Id__c", ["acme:1:0", "acme:2:0"]),
        query.equals("IsClosed", False),
        order_by=("CreatedDate",),
        limit=5,
    ) == (
        "SELECT Id, Owner.Name FROM Task WHERE FCC_Call_Id__c IN ('acme:1:0','acme:2:0') AND IsClosed = false "
        "ORDER BY CreatedDate LIMIT 5"
    )


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        (None, "null"),
        (True, "true"),
        (7, "7"),
        ("x' OR Name != '", r"'x\' OR Name != \''"),
        ("back\\slash", r"'back\\slash'"),
        ("two\nlines", r"'two\nlines'"),
        ("Żółć", "'Żółć'"),
        (datetime(2026, 11, 22, 10, 0, tzinfo=UTC), "2026-11-22T10:00:00Z"),
        (datetime(2026, 11, 22, 10, 0, tzinfo=timezone(timedelta(hours=1))), "2026-11-22T09:00:00Z"),
    ],
)
def test_values_become_literals(value, literal):
    assert query.literal(value) == literal


@given(st.text())
def test_no_text_ends_its_own_quotation(text):
    inside = query.literal(text)[1:-1]
    unescaped, position = [], 0
    while position < len(inside):
        assert inside[position] != "'"
        if inside[position] == "\\":
            position += 1
            unescaped.append(
                {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}.get(inside[position], inside[position])
            )
        else:
            unescaped.append(inside[position])
        position += 1
    assert "".join(unescaped) == text


@pytest.mark.parametrize("bad", ["", "Id, Name", "Id;", "a b", "Name FROM User", "x'", "1x", "a..b", "Id\n"])
def test_only_plain_names_are_names(bad):
    with pytest.raises(ValueError):
        query.name(bad)


def test_an_empty_list_of_values_is_refused():
    with pytest.raises(ValueError):
        query.one_of("Id", [])


def test_every_reserved_sign_of_a_search_term_is_escaped():
    reserved = "?&|!{}[]()^~*:\\\"'+-"
    assert query.term(reserved) == "".join("\\" + sign for sign in reserved)


def test_a_term_with_blanks_stays_together():
    assert query.term("600 100 200") == '"600 100 200"'
    assert query.term("+48 (600)") == '"\\+48 \\(600\\)"'


def test_a_search_is_put_together_from_its_parts():
    statement = query.find(
        ["+48600100200", "600 100 200"],
        "PHONE",
        query.returning("Contact", ("Id", "Name"), limit=50),
        query.returning("Lead", ("Id",), query.equals("IsConverted", False), limit=50),
    )
    assert statement == (
        'FIND {\\+48600100200 OR "600 100 200"} IN PHONE FIELDS RETURNING '
        "Contact(Id, Name LIMIT 50), Lead(Id WHERE IsConverted = false LIMIT 50)"
    )


@pytest.mark.parametrize(("terms", "scope"), [([], "PHONE"), (["x"], "PHONE FIELDS; DROP")])
def test_a_search_without_a_term_or_with_a_strange_scope_is_refused(terms, scope):
    with pytest.raises(ValueError):
        query.find(terms, scope, "Contact(Id)")
