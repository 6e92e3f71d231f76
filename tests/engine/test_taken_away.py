"""Lanes with records of revoked partitions and of others, while a request is out (F003)."""

import pytest

from connector.engine import events as ev
from connector.model import ALL_ACCEPTED, Answer, Delete, Endpoint, Translated, Verdict
from tests.engine.driver import AT_ONCE, DELETE, P0, P1, UNAUTHORIZED, UNKNOWN, Driver, only, upsert


def two_partitions() -> Driver:
    """Upserts of one contact in partition 1 are in flight; later deliveries of it are in partition 0."""
    driver = Driver(AT_ONCE, {P0: 0, P1: 0})
    driver.arrive([upsert("7", a=1)], [upsert("7", b=1)], partition=P1)
    assert driver.sends[0].bodies == [{"_user_id": "7", "a": 1, "b": 1}]
    return driver


def test_what_stands_behind_it_is_of_another_kind() -> None:
    """A batch that waits to be sent again has lost its upserts: the delete after them leaves alone."""
    driver = two_partitions()
    driver.arrive([DELETE])
    driver.answer(driver.sends[0], UNKNOWN)
    driver.feed(ev.Lost([P1]))
    send = only(driver.wait(AT_ONCE.retry_backoff_largest_ms), ev.Send)
    assert (send.endpoint, send.user_ids) == (Endpoint.DELETE, ["7"])
    driver.answer(send)
    assert driver.commit()[P0] == 1


def test_what_stands_behind_it_travels_alone() -> None:
    """The request in flight is not sent again, and the deliveries of the remaining partition follow."""
    driver = two_partitions()
    driver.arrive([upsert("7", c=2)])
    driver.feed(ev.Lost([P1]))
    driver.answer(driver.sends[0], UNKNOWN)
    send = only(driver.wait(AT_ONCE.retry_backoff_largest_ms), ev.Send)
    assert send.bodies == [{"_user_id": "7", "c": 2}]
    driver.answer(send)
    assert driver.commit()[P0] == 1


@pytest.mark.parametrize("between", [[], [[upsert("7", x=9)]]])
def test_what_stays_and_travels_is_as_it_was_sent(between: list[Translated]) -> None:
    """A later record of a partition that stays is not settled by the answer."""
    driver = Driver(AT_ONCE, {P0: 0, P1: 0})
    driver.arrive([upsert("7", a=1)])
    driver.arrive(*between, partition=P1)
    driver.arrive([upsert("7", b=2)])
    driver.feed(ev.Lost([P1]))
    driver.answer(driver.sends[0])
    assert driver.sends[-1].bodies == [{"_user_id": "7", "b": 2}]
    assert driver.commit()[P0] == 1


def test_what_waits_behind_what_is_taken_away_is_sent_at_its_own_endpoint() -> None:
    """The delete before it had not left yet, and belongs to the next owner now."""
    driver = Driver(AT_ONCE, {P0: 0, P1: 0})
    driver.arrive([Delete("8")])
    driver.arrive([DELETE], partition=P1)
    driver.arrive([upsert("7", a=1)])
    assert [send.user_ids for send in driver.sends] == [["8"]]
    send = only(driver.feed(ev.Lost([P1])), ev.Send)
    assert (send.endpoint, send.bodies) == (Endpoint.CONTACTS, [{"_user_id": "7", "a": 1}])


ANSWERS = {
    "throttled": Answer(Verdict.THROTTLED, "HTTP 429"),
    "refused": UNAUTHORIZED,
    "lost": UNKNOWN,
    "not sent": Answer(Verdict.NOT_SENT, "lease"),
    "rejected": Answer(Verdict.BATCH_REJECTED, "HTTP 400"),
    "accepted": ALL_ACCEPTED,
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_what_is_taken_away_is_not_sent_again(answer: str) -> None:
    """The next owner sends it and writes its dead letter, whatever the last answer was (F003, F008)."""
    driver = Driver(AT_ONCE, {P0: 0, P1: 0})
    driver.arrive([upsert("7")], [upsert("8")], partition=P1)
    driver.feed(ev.Lost([P1]))
    driver.answer(driver.sends[0], ANSWERS[answer])
    driver.wait(AT_ONCE.retry_backoff_largest_ms)
    driver.feed(ev.Probed(ALL_ACCEPTED))
    driver.wait(AT_ONCE.retry_backoff_largest_ms)
    assert len(driver.sends) == 1
    assert driver.letters == []
    assert driver.engine.snapshot().in_flight_records == 0
