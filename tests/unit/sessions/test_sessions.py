"""Sessions of panes: begun, lengthened, over; and the tokens that open them."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

import jwt
import pytest

from cti.sessions.errors import SessionOverError
from cti.sessions.service import Sessions, SessionTokens
from tests.support import accounts
from tests.support.database import make_database
from tests.support.signed_request import ORG_ID, USER_ID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cti.accounts import IssuedSession
    from cti.store.database import Database
    from tests.support.clock import DrivenClock

SECRET_KEY = "k" * 32
ISSUER = "https://connector.example.com"


@pytest.fixture
def database(tmp_path: Path, clock: DrivenClock) -> Iterator[Database]:
    made = make_database(tmp_path, clock)
    accounts.pair(made, clock)
    yield made
    made.close()


@pytest.fixture
def sessions(database: Database, clock: DrivenClock) -> Sessions:
    ids = count(1)
    return Sessions(
        database,
        SessionTokens(SECRET_KEY, ISSUER, clock),
        clock,
        session_seconds=900,
        new_id=lambda: f"session-{next(ids)}",
    )


def begin(sessions: Sessions, database: Database, token: str = "org-token") -> IssuedSession:
    with database.write() as uow:
        issued = sessions.begin(
            uow,
            org_id=ORG_ID,
            pairing_id="acme-1",
            sf_user_id=USER_ID,
            fcc_user_id=101,
            language="pl",
            name="Anna Nowak",
            email="anna.nowak@acme.example",
            token=token,
        )
        uow.commit()
    return issued


def test_a_token_opens_the_session_it_was_issued_for(sessions: Sessions, database: Database) -> None:
    issued = begin(sessions, database)
    assert issued.expires_in == 900
    assert sessions.verify(issued.token) == issued.session
    assert sessions.verify(begin(sessions, database).token).id == "session-2"


def test_the_org_token_is_not_readable_in_the_database_and_not_shown(
    sessions: Sessions, database: Database, tmp_path: Path
) -> None:
    issued = begin(sessions, database, "00D!very-secret-token")
    assert issued.session.token == "00D!very-secret-token"
    assert "very-secret-token" not in repr(issued)
    database.close()
    assert all(b"very-secret-token" not in file.read_bytes() for file in tmp_path.iterdir())


def test_a_token_is_over_after_its_time(sessions: Sessions, database: Database, clock: DrivenClock) -> None:
    issued = begin(sessions, database)
    clock.advance(899)
    sessions.verify(issued.token)
    clock.advance(1)
    with pytest.raises(SessionOverError):
        sessions.verify(issued.token)


def test_an_extended_session_stands_on_with_its_new_token(
    sessions: Sessions, database: Database, clock: DrivenClock
) -> None:
    issued = begin(sessions, database)
    clock.advance(600)
    extended = sessions.extend(issued.session.id)
    assert extended.expires_in == 900
    clock.advance(400)
    assert sessions.verify(extended.token).id == issued.session.id
    with pytest.raises(SessionOverError):
        sessions.verify(issued.token)


def test_without_a_fresh_request_a_session_ends_95_minutes_after_its_org_token_came(
    sessions: Sessions, database: Database, clock: DrivenClock
) -> None:
    issued = begin(sessions, database)
    for _ in range(9):
        clock.advance(600)
        issued = sessions.extend(issued.session.id)
    assert issued.expires_in == 300
    clock.advance(299)
    sessions.verify(issued.token)
    assert sessions.extend(issued.session.id).expires_in == 1
    clock.advance(1)
    with pytest.raises(SessionOverError):
        sessions.extend(issued.session.id)


def test_a_fresh_org_token_starts_the_time_anew(sessions: Sessions, database: Database, clock: DrivenClock) -> None:
    issued = begin(sessions, database)
    for step in range(20):
        clock.advance(600)
        issued = sessions.extend(issued.session.id, org_token=f"org-token-{step}")
    assert issued.expires_in == 900
    assert sessions.verify(issued.token).token == "org-token-19"


def test_a_session_whose_org_token_was_refused_stands_five_minutes_more(
    sessions: Sessions, database: Database, clock: DrivenClock
) -> None:
    issued = begin(sessions, database)
    clock.advance(60)
    sessions.org_token_refused(issued.session.id)
    session = sessions.verify(issued.token)
    assert session.token is None
    assert session.expires_at - clock.now() == timedelta(minutes=5)
    assert sessions.extend(session.id).expires_in == 300
    renewed = sessions.extend(session.id, org_token="fresh")
    assert (renewed.session.token, renewed.expires_in) == ("fresh", 900)


def test_a_refusal_that_is_noted_twice_gives_no_more_time(
    sessions: Sessions, database: Database, clock: DrivenClock
) -> None:
    issued = begin(sessions, database)
    sessions.org_token_refused(issued.session.id)
    clock.advance(200)
    sessions.org_token_refused(issued.session.id)
    clock.advance(100)
    with pytest.raises(SessionOverError):
        sessions.verify(issued.token)


def test_a_token_refused_late_does_not_take_its_successor_along(sessions: Sessions, database: Database) -> None:
    issued = begin(sessions, database)
    sessions.extend(issued.session.id, org_token="fresh")
    sessions.org_token_refused(issued.session.id, issued.session.token)
    assert sessions.verify(issued.token).token == "fresh"


def test_a_revoked_session_is_over_at_once_and_for_good(
    sessions: Sessions, database: Database, clock: DrivenClock
) -> None:
    issued = begin(sessions, database)
    with database.write() as uow:
        uow.sessions.change(issued.session.id, revoked_at=clock.now())
        uow.commit()
    with pytest.raises(SessionOverError):
        sessions.verify(issued.token)
    with pytest.raises(SessionOverError):
        sessions.extend(issued.session.id, org_token="fresh")


def test_a_session_is_looked_up_as_it_stands(sessions: Sessions, database: Database, clock: DrivenClock) -> None:
    before = begin(sessions, database).session
    clock.advance(800)
    now = sessions.extend(before.id, org_token="fresh").session
    assert sessions.standing(before) == now
    clock.advance(900)
    assert sessions.standing(before) is None


def test_sessions_long_over_are_forgotten(sessions: Sessions, database: Database, clock: DrivenClock) -> None:
    old = begin(sessions, database).session
    clock.advance(8 * 86_400)
    begin(sessions, database)
    with database.read() as uow:
        assert uow.sessions.get(old.id) is None


def claims(sessions: Sessions, database: Database) -> dict[str, object]:
    token = begin(sessions, database).token
    return dict(jwt.decode(token, options={"verify_signature": False}))


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_signed_by_somebody_else_is_refused(sessions: Sessions, database: Database, algorithm: str) -> None:
    key = None if algorithm == "none" else SECRET_KEY
    forged = jwt.encode(claims(sessions, database), key, algorithm=algorithm)
    with pytest.raises(SessionOverError):
        sessions.verify(forged)


def test_a_token_of_another_connector_with_the_same_secret_is_refused(
    sessions: Sessions, database: Database, clock: DrivenClock
) -> None:
    session = begin(sessions, database).session
    foreign = SessionTokens(SECRET_KEY, "https://other.example.com", clock).make(session)
    with pytest.raises(SessionOverError):
        sessions.verify(foreign)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "ż.ó.ł", "eyJhbGciOiJIUzI1NiJ9.e30."])
def test_what_is_no_token_is_refused(sessions: Sessions, token: str) -> None:
    with pytest.raises(SessionOverError):
        sessions.verify(token)
