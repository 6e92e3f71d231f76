"""How much may come in, and which partitions are paused (promise 7)."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from connector.engine import events as ev
from connector.model import Delete, Delivery, ItemOutcome, Rejection
from tests.engine.driver import (
    ACCEPTED,
    AT_ONCE,
    DELETE,
    P0,
    P1,
    REJECTED,
    UNAUTHORIZED,
    Driver,
    event,
    find,
    items,
    only,
    record,
    upsert,
)

POISON = Rejection("decode", "not JSON")
SMALL = replace(AT_ONCE, buffered_records_max=4, buffered_bytes_max=1_000)


def test_room_shrinks_with_every_record() -> None:
    """Unsettled records count, in records and in bytes (F086, I6)."""
    driver = Driver(SMALL)
    driver.feed(ev.Arrived([(record(offset, value=bytes(270)), POISON) for offset in range(3)]))
    assert driver.engine.room() == (1, 1_000 - 3 * record(0, value=bytes(270)).size)


def test_one_poll_takes_a_quarter_of_the_buffer_at_most() -> None:
    """All records of a poll may have to wait for a schema, and must leave room for others (F040)."""
    assert Driver(SMALL).engine.room() == (1, 250)


def test_full_means_no_polling_and_then_a_pause() -> None:
    """A full buffer closes immediately; partitions are paused only when it stays full for a second (I6)."""
    driver = Driver(SMALL)
    driver.arrive(*[[upsert(str(number))] for number in range(4)])
    assert driver.engine.room().records == 0
    assert find(driver.wait(900), ev.Pause) == []
    assert only(driver.wait(200), ev.Pause).partitions == [P0]
    assert driver.engine.room() == (1, 1)


def test_bytes_close_the_intake_too() -> None:
    """A few large records fill the buffer like many small ones (F086, I6)."""
    driver = Driver(SMALL)
    driver.feed(ev.Arrived([(record(0, value=bytes(1_000)), [upsert("1")])]))
    assert driver.engine.room().bytes == 0


def test_open_again_when_half_empty() -> None:
    """A paused intake opens when enough has drained, because every resume fetches again (P12)."""
    driver = Driver(SMALL)
    driver.arrive(*[[upsert(str(number))] for number in range(4)])
    driver.wait(1_100)
    only(driver.answer(driver.travelling[0]), ev.Resume)
    assert driver.engine.room().records > 0


def test_dead_letters_hold_their_place() -> None:
    """A record that waits for its dead letter is buffered until the write is confirmed."""
    driver = Driver(SMALL)
    driver.arrive(*[POISON] * 4)
    assert driver.engine.room().records == 0
    driver.feed(ev.DeadLettered(driver.letters[0].letter_id, None))
    assert driver.engine.room().records == 1


BACKLOGS: dict[str, tuple[Callable[[str], Delivery], Delivery]] = {
    # the kind that piles up -> a delivery of it, and one for another endpoint
    "deletes": (Delete, upsert("u")),
    "events": (lambda number: event(number, number), upsert("u")),
    "upserts": (upsert, Delete("u")),
}


@pytest.mark.parametrize("backlog", BACKLOGS)
def test_a_backlog_of_one_endpoint_does_not_stop_the_others(backlog: str) -> None:
    """At half of the buffer it pauses only the partitions that feed it: updates flow during a purge."""
    make, other = BACKLOGS[backlog]
    limits = replace(SMALL, buffered_records_max=8, batch_items_max=1)
    driver = Driver(limits, {P0: 0, P1: 0})
    commands = driver.arrive(*[[make(str(number))] for number in range(4)], key=b"a")
    assert only(commands, ev.Pause).partitions == [P0]
    assert driver.engine.room().records == 2
    assert find(driver.arrive([other], partition=P1), ev.Pause) == []
    resumed: list[ev.Resume] = []
    while not resumed:
        resumed = find(driver.answer(driver.travelling[0]), ev.Resume)
    assert resumed[0].partitions == [P0]
    left = driver.engine.snapshot().in_flight_records
    assert 0 < left <= 3  # half of the four, because each pause costs a fetch, and perhaps the other
    assert driver.engine.room().records > 0


@pytest.mark.parametrize("outcome", [REJECTED, ACCEPTED])
def test_what_is_finished_is_no_backlog(outcome: ItemOutcome) -> None:
    """However a delivery ends, it counts once for its endpoint: the next four are half of the buffer."""
    driver = Driver(replace(SMALL, buffered_records_max=8))
    driver.arrive([event("7", "e")])
    driver.answer(driver.sends[0], items(outcome))
    for letter in driver.letters:
        driver.feed(ev.DeadLettered(letter.letter_id, None))
    assert find(driver.arrive(*[[event(str(n), str(n))] for n in range(3)]), ev.Pause) == []
    assert driver.engine.room().records > 0
    driver.arrive([event("3", "3")])
    assert driver.engine.room().records == 0


def test_a_rebalance_is_heard_where_each_partition_is_paused_for_a_reason_of_its_own() -> None:
    """One feeds a full endpoint, the other is read again later: a poll brings nothing, and is safe (F006).

    Found by the simulation, seed 27347: the consumer was polled again only when the next request left.
    """
    driver = Driver(replace(SMALL, buffered_records_max=8), {P0: 0, P1: 0})
    driver.arrive(*[[Delete(str(number))] for number in range(4)], key=b"a")
    commands = driver.feed(ev.OffsetsLost(P1, "not in the log", "earliest"))
    assert only(commands, ev.Pause).partitions == [P1]
    assert driver.engine.room().records > 0


def test_an_endpoint_travels_with_half_of_the_requests() -> None:
    """However many deletes wait, half of the requests stay free for the others."""
    driver = Driver(replace(AT_ONCE, requests_in_flight_max=4))
    driver.arrive([Delete("warm")])
    driver.answer(driver.sends[0])
    driver.arrive(*[[Delete(str(number))] for number in range(9)])
    assert len(driver.sends) == 1 + 2
    driver.arrive([upsert("u")])
    assert driver.sends[-1].user_ids == ["u"]


def test_a_pause_that_holds_keeps_polling() -> None:
    """In an outage everything is paused and the consumer goes on polling (F006)."""
    driver = Driver()
    driver.arrive([DELETE])
    assert only(driver.answer(driver.sends[0], UNAUTHORIZED), ev.Pause).partitions == [P0]
    assert driver.engine.room() == (1, 1)
    assert only(driver.assign({P1: 0}), ev.Pause).partitions == [P1]
