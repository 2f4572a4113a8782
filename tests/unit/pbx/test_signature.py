"""Signing requests to external-api."""

from __future__ import annotations

import re

import pytest

from cti.pbx.signature import auth_fields, bare_domain, fresh_change, request_hash


@pytest.mark.parametrize(
    ("method", "digest"),
    [
        ("sha1", "e5e49a1767ad90ca997914dbc10f28b6c1e03437"),
        ("md5", "934d1b26bdbe5ed66c4e8fef6a395ddc"),
    ],
)
def test_the_hash_is_what_public_clients_make(method: str, digest: str) -> None:
    assert request_hash("test", "change", "apikey", method) == digest


def test_another_method_is_refused() -> None:
    with pytest.raises(ValueError, match="sha1"):
        request_hash("test", "change", "apikey", "sha256")


def test_the_change_has_fifty_characters_and_is_fresh() -> None:
    made = {fresh_change() for _ in range(50)}
    assert len(made) == 50
    assert all(re.fullmatch(r"[0-9a-zA-Z]{50}", change) for change in made)


@pytest.mark.parametrize(
    "tenant", ["acme", "ACME", "acme.fcc-online.pl", "https://acme.welyo.pl/external-api", "acme.localhost:8080"]
)
def test_a_tenant_is_known_by_its_label(tenant: str) -> None:
    assert bare_domain(tenant) == "acme"


@pytest.mark.parametrize("login", ["anna.nowak", "anna.nowak@acme", "anna.nowak@acme.fcc-online.pl"])
def test_the_login_carries_the_domain_and_is_signed_without_it(login: str) -> None:
    fields = auth_fields(login, "acme.fcc-online.pl", "apikey", method="sha1", change="change")
    assert fields == {
        "login": "anna.nowak@acme",
        "change": "change",
        "hash": request_hash("anna.nowak", "change", "apikey", "sha1"),
        "method": "sha1",
    }
