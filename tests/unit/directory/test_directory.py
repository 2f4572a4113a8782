"""Who may work here, and who may dial."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from cti.directory.errors import (
    FccUserAmbiguousError,
    FccUserInactiveError,
    FccUserUnknownError,
    FccUserWrongKindError,
    PairingUnknownError,
)
from cti.directory.service import Directory
from cti.domain.fcc import Campaign, CampaignMode, FccUser, UserKind
from cti.pbx.errors import FccRefusedError, FccUnreachableError
from tests.support import accounts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cti.accounts import Pairing
    from tests.support.clock import DrivenClock

ANNA = FccUser(
    101,
    "anna.nowak",
    "anna.nowak@acme.example",
    UserKind.PBX,
    "Anna",
    "Nowak",
    "40312",
    "+48221234567",
    "+48221234567",
)


def user(users_id: int, email: str, kind: UserKind | None = UserKind.PBX, **changes: Any) -> FccUser:
    return FccUser(users_id, email.split("@", maxsplit=1)[0], email, kind, **changes)


class Exchange:
    """Counts how often it is asked; fails with `failure` when there is one."""

    def __init__(self, *users: FccUser, campaigns: tuple[Campaign, ...] = ()) -> None:
        self.people = list(users)
        self.campaign_list = campaigns
        self.asked = 0
        self.failure: Exception | None = None

    def users(self) -> list[FccUser]:
        self.asked += 1
        if self.failure is not None:
            raise self.failure
        return list(self.people)

    def campaigns(self) -> tuple[Campaign, ...]:
        return self.campaign_list


class Fakes:
    def __init__(self, exchanges: dict[str, Exchange], *pairings: Pairing) -> None:
        self.exchanges = exchanges
        self.pairings = {pairing.id: pairing for pairing in pairings}

    def of(self, tenant_id: str) -> Exchange:
        return self.exchanges[tenant_id]

    @contextmanager
    def read(self) -> Iterator[Any]:
        yield SimpleNamespace(pairings=self.pairings)


MANUAL = Campaign(9, "Poza kampaniami", "outbound", CampaignMode.MANUAL_PHONE)


def directory(exchange: Exchange, clock: DrivenClock, **pairing: Any) -> Directory:
    fakes = Fakes({"acme": exchange}, accounts.pairing(clock, **pairing))
    return Directory(fakes, fakes, clock=clock)


def two_tenants(first: Exchange, second: Exchange, clock: DrivenClock) -> Directory:
    pairings = [accounts.pairing(clock), accounts.pairing(clock, id="other-1", tenant_id="other")]
    fakes = Fakes({"acme": first, "other": second}, *pairings)
    return Directory(fakes, fakes, clock=clock)


@pytest.mark.req("R5")
@pytest.mark.parametrize("email", ["anna.nowak@acme.example", "Anna.Nowak@ACME.example", " anna.nowak@acme.example "])
def test_the_email_is_the_key_whatever_its_case(clock: DrivenClock, email: str) -> None:
    assert directory(Exchange(ANNA), clock).find_agent("acme-1", email) == ANNA


@pytest.mark.req("R4")
@pytest.mark.parametrize(
    ("kind", "polish", "english"),
    [
        (UserKind.ADMINISTRATOR, "administrator", "administrator"),
        (UserKind.SUPERVISOR, "nadzorca", "supervisor"),
        (UserKind.AGENT, "agent", "agent"),
        (UserKind.UC, "Focus UC", "Focus UC"),
        (None, "nieznany", "unknown"),
    ],
)
def test_other_kinds_of_account_are_refused_by_name(
    clock: DrivenClock, kind: UserKind | None, polish: str, english: str
) -> None:
    with pytest.raises(FccUserWrongKindError) as refused:
        directory(Exchange(user(104, "jan@acme.example", kind)), clock).find_agent("acme-1", "jan@acme.example")
    assert refused.value.code == "fcc-user-wrong-kind"
    assert polish in refused.value.message("pl")
    assert english in refused.value.message("en_US")


@pytest.mark.req("R5")
def test_nobody_with_the_address_is_said_so(clock: DrivenClock) -> None:
    with pytest.raises(FccUserUnknownError) as refused:
        directory(Exchange(ANNA, user(1, "")), clock).find_agent("acme-1", "zofia.zolc@acme.example")
    assert "zofia.zolc@acme.example" in refused.value.message("pl")
    with pytest.raises(FccUserUnknownError):
        directory(Exchange(user(1, "")), clock).find_agent("acme-1", "")


def test_a_pbx_account_wins_over_another_kind_with_the_same_address(clock: DrivenClock) -> None:
    admin = user(100, "anna.nowak@acme.example", UserKind.ADMINISTRATOR)
    assert directory(Exchange(admin, ANNA), clock).find_agent("acme-1", ANNA.email) == ANNA


def test_two_pbx_accounts_with_one_address_are_refused(clock: DrivenClock) -> None:
    with pytest.raises(FccUserAmbiguousError):
        directory(Exchange(ANNA, user(108, ANNA.email)), clock).find_agent("acme-1", ANNA.email)


def test_an_account_that_is_switched_off_is_refused(clock: DrivenClock) -> None:
    with pytest.raises(FccUserInactiveError):
        directory(Exchange(user(108, "x@a.example", active=False)), clock).find_agent("acme-1", "x@a.example")


def test_fcc_is_asked_once_a_minute_and_again_on_a_miss(clock: DrivenClock) -> None:
    exchange = Exchange(ANNA)
    found = directory(exchange, clock)
    for _ in range(3):
        found.find_agent("acme-1", ANNA.email)
    assert exchange.asked == 1
    clock.advance(61)
    found.find_agent("acme-1", ANNA.email)
    assert exchange.asked == 2
    clock.advance(10)
    exchange.people.append(user(110, "nowy@acme.example"))
    assert found.find_agent("acme-1", "nowy@acme.example").id == 110
    assert exchange.asked == 3


def test_misses_do_not_ask_fcc_in_a_row(clock: DrivenClock) -> None:
    exchange = Exchange(ANNA)
    found = directory(exchange, clock)
    for _ in range(5):
        with pytest.raises(FccUserUnknownError):
            found.find_agent("acme-1", "nikt@acme.example")
    assert exchange.asked == 1


def test_an_older_answer_stands_in_while_fcc_is_away_but_not_when_it_refuses(clock: DrivenClock) -> None:
    exchange = Exchange(ANNA)
    found = directory(exchange, clock)
    found.find_agent("acme-1", ANNA.email)
    clock.advance(600)
    exchange.failure = FccUnreachableError(function="fcc-users-list")
    assert found.find_agent("acme-1", ANNA.email) == ANNA
    exchange.failure = FccRefusedError(function="fcc-users-list")
    with pytest.raises(FccRefusedError):
        found.find_agent("acme-1", ANNA.email)


@pytest.mark.req("R5")
def test_of_several_pairings_the_first_that_knows_somebody_counts(clock: DrivenClock) -> None:
    both, second = user(1, "both@a.example"), user(2, "second@a.example")
    found = two_tenants(Exchange(both), Exchange(user(8, "both@a.example"), second), clock)
    assert found.find_among(["acme-1", "other-1"], "both@a.example") == ("acme-1", both)
    assert found.find_among(["acme-1", "other-1"], "second@a.example") == ("other-1", second)


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ([], [], FccUserUnknownError),
        ([], [user(1, "x@a.example", UserKind.SUPERVISOR)], FccUserWrongKindError),
        ([user(1, "x@a.example", active=False)], [], FccUserInactiveError),
        ([user(1, "x@a.example", active=False)], None, FccUnreachableError),
        (None, [], FccUnreachableError),
    ],
)
def test_where_no_pairing_knows_somebody_the_most_telling_reason_is_given(
    clock: DrivenClock, first: list[FccUser] | None, second: list[FccUser] | None, told: type[Exception]
) -> None:
    exchanges = [Exchange(*(people or ())) for people in (first, second)]
    for exchange, people in zip(exchanges, (first, second), strict=True):
        exchange.failure = FccUnreachableError(function="fcc-users-list") if people is None else None
    with pytest.raises(told):
        two_tenants(*exchanges, clock).find_among(["acme-1", "other-1"], "x@a.example")


def test_a_tenant_that_is_away_keeps_nobody_out_of_another(clock: DrivenClock) -> None:
    away = Exchange()
    away.failure = FccUnreachableError(function="fcc-users-list")
    assert two_tenants(away, Exchange(ANNA), clock).find_among(["acme-1", "other-1"], ANNA.email) == ("other-1", ANNA)


def test_an_unknown_pairing_is_refused(clock: DrivenClock) -> None:
    with pytest.raises(PairingUnknownError):
        directory(Exchange(ANNA), clock).find_agent("other", ANNA.email)


@pytest.mark.req("R6")
@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"city_number": "+48221234567", "presentation": "+48221234567"}, []),
        ({"city_number": "+48221234567"}, ["dial-no-presentation"]),
        ({"presentation": "+48221234567"}, ["dial-no-city-number"]),
        ({}, ["dial-no-city-number", "dial-no-presentation"]),
    ],
)
def test_dialling_needs_a_city_number_and_a_presentation(
    clock: DrivenClock, changes: dict[str, str], codes: list[str]
) -> None:
    exchange = Exchange(user(103, "ewa@acme.example", **changes), campaigns=(MANUAL,))
    found = directory(exchange, clock).capabilities("acme-1", 103)
    assert [each.code for each in found.missing] == codes


@pytest.mark.req("R7")
@pytest.mark.parametrize("mode", [CampaignMode.AUTOMATIC, CampaignMode.MANUAL_WWW, None])
def test_the_off_campaign_campaign_must_be_manual_by_phone(clock: DrivenClock, mode: CampaignMode | None) -> None:
    exchange = Exchange(ANNA, campaigns=(Campaign(9, "Windykacja", "outbound", mode),))
    found = directory(exchange, clock).capabilities("acme-1", 101)
    assert [error.code for error in found.missing] == ["campaign-wrong-mode"]
    assert "Windykacja" in found.missing[0].message("pl")


@pytest.mark.req("R15")
def test_a_campaign_that_is_gone_is_named(clock: DrivenClock) -> None:
    found = directory(Exchange(ANNA), clock).capabilities("acme-1", 101)
    assert [error.code for error in found.missing] == ["campaign-missing"]
    none_chosen = directory(Exchange(ANNA), clock, off_campaign_id=None).capabilities("acme-1", 101)
    assert not none_chosen.missing


@pytest.mark.req("R13")
def test_an_integration_that_is_off_lets_nobody_dial(clock: DrivenClock) -> None:
    found = directory(Exchange(ANNA, campaigns=(MANUAL,)), clock, active=False).capabilities("acme-1", 101)
    assert [error.code for error in found.missing] == ["dial-integration-inactive"]


def test_while_fcc_is_away_dialling_is_refused_with_that_reason(clock: DrivenClock) -> None:
    exchange = Exchange(ANNA)
    exchange.failure = FccUnreachableError(function="fcc-users-list")
    found = directory(exchange, clock).capabilities("acme-1", 101)
    assert [error.code for error in found.missing] == ["fcc-unreachable"]
