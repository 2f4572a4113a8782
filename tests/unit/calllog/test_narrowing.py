"""How a batch gets through though some of its records have the whole request refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.calllog.narrowing import REQUESTS, Failed, Narrowing
from cti.domain.salesforce import RowResult
from cti.salesforce.classify import from_answer
from cti.salesforce.errors import UnavailableError

REFUSED = from_answer(400, [{"errorCode": "JSON_PARSER_ERROR", "message": "Cannot deserialize instance of date"}])


class Org:
    """Refuses every request that holds a record of `poison`."""

    def __init__(self, poison=()):
        self.poison = set(poison)
        self.requests = []

    def __call__(self, rows):
        numbers = [row["n"] for row in rows]
        self.requests.append(numbers)
        if self.poison.intersection(numbers):
            raise REFUSED
        return [RowResult(str(number)) for number in numbers]


def send(org, count, *, at_once=200, narrowing=None):
    narrowing = narrowing or Narrowing()
    return narrowing, narrowing.send([{"n": number} for number in range(count)], org, at_once=at_once)


def alone(answers):
    return {place for place, answer in enumerate(answers) if isinstance(answer, Failed) and answer.alone}


@pytest.mark.assumed("A71")
@pytest.mark.parametrize("place", [0, 1, 99, 100, 198, 199])
def test_one_bad_record_among_two_hundred_is_found_in_seventeen_requests_and_all_others_get_through(place):
    org = Org({place})
    narrowing, answers = send(org, 200)
    assert alone(answers) == {place}
    assert [answer.record_id for number, answer in enumerate(answers) if number != place] == [
        str(number) for number in range(200) if number != place
    ]
    assert len(org.requests) <= 17
    assert narrowing.took
    assert not narrowing.hopeless


def test_nothing_is_sent_twice():
    org = Org({7, 70})
    _narrowing, answers = send(org, 100)
    taken = [number for numbers in org.requests if not org.poison.intersection(numbers) for number in numbers]
    assert sorted(taken) == [number for number in range(100) if number not in org.poison]
    assert alone(answers) == {7, 70}


@given(st.sets(st.integers(0, 199)), st.integers(1, 200))
def test_the_requests_are_bounded_whatever_is_bad(poison, count):
    org = Org(poison)
    _narrowing, answers = send(org, count)
    assert len(org.requests) <= REQUESTS
    assert alone(answers) <= poison
    for number, answer in enumerate(answers):
        assert isinstance(answer, Failed) or (answer.record_id == str(number) and number not in poison)


@pytest.mark.parametrize("count", [2, 3, 4, 5, 200])
def test_where_all_that_are_tried_alone_are_refused_it_is_none_of_theirs(count):
    org = Org(range(count))
    narrowing, answers = send(org, count)
    assert narrowing.hopeless
    assert len(org.requests) <= 14
    assert all(isinstance(answer, Failed) for answer in answers)
    assert len(alone(answers)) == min(count, 4)


@pytest.mark.parametrize("poison", [{0, 1}, {0, 1, 2, 3}, {198, 199}, {0, 199}, {0, 1, 199}, {100, 101}])
def test_bad_records_side_by_side_are_not_taken_for_all(poison):
    org = Org(poison)
    narrowing, answers = send(org, 200)
    assert not narrowing.hopeless
    assert alone(answers) <= poison
    assert sum(not isinstance(answer, Failed) for answer in answers) >= 100


def test_an_org_in_trouble_is_asked_once_and_what_it_had_taken_is_known():
    org = Org({3})
    trouble = UnavailableError()

    def send_until_third(rows):
        if len(org.requests) == 2:
            raise trouble
        return org(rows)

    _narrowing, answers = send(send_until_third, 8)
    assert [answer.record_id for answer in answers if not isinstance(answer, Failed)] == []
    assert {answer.error for answer in answers} == {trouble.trouble}
    assert sorted(answer.sent for answer in answers) == [False] * 6 + [True] * 2


def test_more_requests_than_allowed_are_put_off_and_not_blamed():
    _narrowing, answers = send(Org(), 10, at_once=1, narrowing=Narrowing(requests=4))
    assert [isinstance(answer, Failed) for answer in answers] == [False] * 4 + [True] * 6
    assert {(answer.error, answer.alone, answer.sent) for answer in answers[4:]} == {(None, False, False)}
