"""Schemas that the registry does not have, and those that are asked for ahead (F040)."""

from collections import Counter

from connector.engine import events as ev
from connector.engine.schema_requests import AHEAD_MAX, DOUBT_MS, UNKNOWN_MS
from connector.model import AwaitsSchema, RefKind, SchemaRef, SchemaVerdict
from tests.engine.driver import ID42, ID43, P0, P1, Driver, find, only, upsert

ID44 = SchemaRef(RefKind.ID, "44")
UNKNOWN = SchemaVerdict.UNKNOWN


def unanswered(driver: Driver) -> list[SchemaRef]:
    """The unanswered questions, where answers come in the order of the questions."""
    return driver.fetched[sum(driver.engine.snapshot().schema_answers.values()) :]


def say_that_all_are_unknown(driver: Driver, ms: int) -> None:
    """Let time pass while the registry answers every question immediately, and has no such schema."""
    end_ms = driver.now_ms + ms
    while driver.now_ms < end_ms:
        driver.wait(100)
        while refs := unanswered(driver):
            driver.schema(refs[0], UNKNOWN, "HTTP 404")


def test_an_unknown_schema_makes_a_dead_letter_only_after_it_was_asked_for_again() -> None:
    """The registry is asked twice; then the record is a dead letter and the rest goes on (F040)."""
    driver = Driver()
    driver.arrive_awaiting(ID42, AwaitsSchema(ID42))
    driver.arrive([upsert("8")])
    driver.schema(verdict=UNKNOWN, reason="HTTP 404")
    driver.wait(DOUBT_MS - 1)
    assert (driver.fetched, driver.letters) == ([ID42], [])
    assert driver.engine.snapshot().causes == {}
    driver.wait(1)
    assert (driver.fetched, driver.letters) == ([ID42, ID42], [])
    driver.schema(verdict=UNKNOWN, reason="HTTP 404")
    (letter,) = driver.letters
    assert (letter.record.offset, letter.rule, letter.reason) == (0, "decode", "schema id 42: HTTP 404")
    assert driver.sends[0].user_ids == ["8"]
    driver.feed(ev.DeadLettered(letter.letter_id, None))
    driver.answer_all()
    assert driver.commit() == {P0: 2}
    assert find(driver.commands, ev.Pause) == []


def test_an_unknown_schema_that_appears_is_no_dead_letter() -> None:
    """A replica of the registry that lags costs two seconds, and no record (F040)."""
    driver = Driver()
    driver.arrive_awaiting(ID42, [upsert("7")])
    driver.schema(verdict=UNKNOWN, reason="HTTP 404")
    driver.wait(DOUBT_MS)
    driver.schema()
    assert driver.letters == []
    assert driver.sends[0].user_ids == ["7"]


def test_an_unknown_schema_is_not_asked_for_again_at_once() -> None:
    """For a while every record of it is a dead letter without a question, in any partition (F040)."""
    driver = Driver(positions={P0: 0, P1: 0})
    driver.arrive_awaiting(ID42, AwaitsSchema(ID42))
    driver.arrive_awaiting(ID42, AwaitsSchema(ID42))
    driver.schema(verdict=UNKNOWN, reason="HTTP 404")
    driver.wait(DOUBT_MS)
    driver.schema(verdict=UNKNOWN, reason="HTTP 404")
    driver.arrive_awaiting(ID42, AwaitsSchema(ID42), P1)
    assert len(driver.letters) == 3
    assert len(driver.fetched) == 2
    for letter in driver.letters:
        driver.feed(ev.DeadLettered(letter.letter_id, None))
    assert driver.commit() == {P0: 2, P1: 1}
    driver.wait(UNKNOWN_MS)
    only(driver.arrive_awaiting(ID42, [upsert("7")], P1), ev.FetchSchema)
    driver.schema()
    assert len(driver.letters) == 3
    assert driver.sends[0].user_ids == ["7"]


def test_many_unknown_schemas_are_doubted_together() -> None:
    """Each record names another one, more than are asked ahead: all are dead letters before long (F040).

    A partition full of such records would else crawl, one record in two seconds.
    """
    driver = Driver()
    refs = [SchemaRef(RefKind.ID, str(number)) for number in range(1_000, 1_000 + 3 * AHEAD_MAX)]
    for ref in refs:
        driver.arrive_awaiting(ref, AwaitsSchema(ref))
    driver.arrive([upsert("8")])
    say_that_all_are_unknown(driver, 4 * DOUBT_MS)
    assert [letter.reason for letter in driver.letters] == [f"schema {ref}: HTTP 404" for ref in refs]
    assert driver.sends[0].user_ids == ["8"]
    assert Counter(driver.fetched) == dict.fromkeys(refs, 2)


def test_unknown_schemas_of_one_partition_delay_no_other() -> None:
    """A schema that a partition waits for is asked for immediately, however many are asked ahead (F040)."""
    driver = Driver(positions={P0: 0, P1: 0})
    for number in range(1_000, 1_000 + 2 * AHEAD_MAX):
        ref = SchemaRef(RefKind.ID, str(number))
        driver.arrive_awaiting(ref, AwaitsSchema(ref))
    only(driver.arrive_awaiting(ID42, [upsert("7")], P1), ev.FetchSchema)
    driver.schema()
    assert driver.sends[0].user_ids == ["7"]


def test_what_is_known_is_not_asked_for_ahead_again() -> None:
    """Records that were parked before their schema came are read with it; it costs one question."""
    driver = Driver()
    driver.arrive_awaiting(ID42, [upsert("1")])
    driver.arrive_awaiting(ID43, [upsert("2")])
    driver.arrive_awaiting(ID44, [upsert("3")])
    driver.arrive_awaiting(ID42, [upsert("4")])
    for ref in (ID42, ID43, ID44):
        driver.schema(ref)
    assert driver.fetched == [ID42, ID43, ID44]
    driver.answer_all()
    assert driver.commit() == {P0: 4}
