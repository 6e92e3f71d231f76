"""Records whose schema is not there yet: parked in order, while other partitions flow (F040)."""

from dataclasses import replace

import pytest

from connector.engine import events as ev
from connector.engine.snapshot import State
from connector.errors import InvariantError
from connector.model import (
    ALL_ACCEPTED,
    AwaitsSchema,
    Delete,
    Rejection,
    SchemaVerdict,
    Skip,
    Translated,
)
from tests.engine.driver import (
    AT_ONCE,
    DELETE,
    ID42,
    ID43,
    P0,
    P1,
    UNAUTHORIZED,
    Driver,
    find,
    only,
    record,
    upsert,
)

UNKNOWN, UNAVAILABLE = SchemaVerdict.UNKNOWN, SchemaVerdict.UNAVAILABLE
POISON = Rejection("decode", "not Avro")
TOMBSTONE = Delete("7", tombstone=True)


def test_a_record_waits_for_its_schema() -> None:
    """The schema is asked for immediately, and no offset is committed before the record is delivered."""
    driver = Driver()
    commands = driver.arrive_awaiting(ID42, [upsert("7")])
    assert only(commands, ev.FetchSchema).ref == ID42
    assert driver.sends == []
    assert driver.commit() == {P0: 0}
    driver.schema()
    assert driver.sends[0].user_ids == ["7"]
    assert driver.commit() == {P0: 0}
    driver.answer_all()
    assert driver.commit() == {P0: 1}


def test_order_holds_behind_a_parked_record() -> None:
    """Later records of the partition do not overtake it, whether or not they need a schema."""
    driver = Driver()
    driver.arrive_awaiting(ID42, [upsert("7", a=1)])
    driver.arrive([upsert("7", a=2)], [DELETE])
    driver.arrive_awaiting(ID42, [upsert("7", a=3)])
    assert driver.sends == []
    driver.schema()
    driver.answer_all()
    assert [send.user_ids for send in driver.sends] == [["7"], ["7"]]
    assert [send.bodies for send in driver.sends] == [[], [{"_user_id": "7", "a": 3}]]
    assert driver.commit() == {P0: 4}
    assert driver.fetched == [ID42]


def test_what_was_parked_counts_for_its_endpoint() -> None:
    """Once its schema is there, a delivery takes its share of the buffer like any other (promise 7)."""
    driver = Driver(replace(AT_ONCE, buffered_records_max=4))
    driver.arrive_awaiting(ID42, [upsert("7")])
    driver.arrive([upsert("8")])
    assert find(driver.schema(), ev.Resume) == []  # two of the two that one endpoint may hold
    assert only(driver.answer(driver.travelling[0]), ev.Resume).partitions == [P0]


def test_the_other_partitions_flow() -> None:
    """A registry that is down pauses only the partition that needs it, and the status says so (F040)."""
    driver = Driver(positions={P0: 0, P1: 0})
    driver.arrive_awaiting(ID42, [upsert("7")])
    commands = driver.schema(verdict=UNAVAILABLE, reason="connection refused")
    assert only(commands, ev.Pause).partitions == [P0]
    driver.arrive([upsert("8")], partition=P1)
    assert driver.sends[0].user_ids == ["8"]
    snapshot = driver.engine.snapshot()
    assert (snapshot.state, snapshot.causes) == (State.RUNNING, {"schema registry": "connection refused"})
    assert [(p.paused, p.parked) for p in snapshot.partitions] == [("waits for schema id 42", 1), ("", 0)]


def test_it_heals_by_itself() -> None:
    """The registry is asked again; then the partition is resumed and no cause is left."""
    driver = Driver()
    driver.arrive_awaiting(ID42, [upsert("7")])
    driver.schema(verdict=UNAVAILABLE, reason="connection refused")
    driver.wait(AT_ONCE.retry_backoff_largest_ms)
    assert driver.fetched == [ID42, ID42]
    assert only(driver.schema(), ev.Resume).partitions == [P0]
    snapshot = driver.engine.snapshot()
    assert snapshot.causes == {}
    assert [(p.paused, p.parked) for p in snapshot.partitions] == [("", 0)]
    assert snapshot.schema_answers == {SchemaVerdict.KNOWN: 1, UNKNOWN: 0, UNAVAILABLE: 1}


def test_new_credentials_are_tried_at_once() -> None:
    """A registry that refused the old ones is asked without waiting for the backoff (F099)."""
    driver = Driver()
    driver.arrive_awaiting(ID42, [upsert("7")])
    driver.schema(verdict=UNAVAILABLE, reason="HTTP 401")
    assert only(driver.feed(ev.CredentialsChanged()), ev.FetchSchema).ref == ID42


def test_a_schema_that_comes_at_once_pauses_nothing() -> None:
    """A pause throws away fetched records, so the first answer is awaited without one."""
    driver = Driver()
    driver.arrive_awaiting(ID42, [upsert("7")])
    driver.schema()
    assert find(driver.commands, ev.Pause) == []


def test_a_backlog_is_paused_although_nothing_has_failed() -> None:
    """While the registry takes its time, at most an eighth of the buffer gathers before the pause."""
    driver = Driver(replace(AT_ONCE, buffered_records_max=80))
    driver.arrive_awaiting(ID42, [upsert("0")])
    assert find(driver.arrive(*[[upsert(str(n))] for n in range(1, 10)]), ev.Pause) == []
    assert only(driver.arrive([upsert("10")]), ev.Pause).partitions == [P0]
    assert only(driver.schema(), ev.Resume).partitions == [P0]


def test_parked_bytes_count_too() -> None:
    """A few large records pause the partition like many small ones, and leave as much room for others."""
    driver = Driver(replace(AT_ONCE, buffered_bytes_max=80_000), {P0: 0, P1: 0})
    assert driver.engine.room().bytes == 20_000
    large = record(0, value=bytes(10_001))
    commands = driver.feed(ev.Arrived([(large, AwaitsSchema(ID42))]))
    assert only(commands, ev.Pause).partitions == [P0]
    assert driver.engine.room().bytes == 10_000


def test_parked_records_leave_room_for_the_others() -> None:
    """However many partitions wait, the others have half of the buffer, and fill and drain it.

    One poll may still bring more than a record: a turn of the loop costs as much as many records (F040).
    """
    others = P1._replace(topic="orders")
    waiting = [P0._replace(partition=number) for number in range(4)]
    driver = Driver(replace(AT_ONCE, buffered_records_max=80), dict.fromkeys([*waiting, others], 0))
    rooms = []
    for partition in waiting:
        rooms.append(driver.engine.room().records)
        for _ in range(rooms[-1]):
            driver.arrive_awaiting(ID42, [upsert("7")], partition)
    assert rooms == [20, 4, 4, 4]
    driver.schema(verdict=UNAVAILABLE, reason="connection refused")
    for number in range(3):
        while room := driver.engine.room().records:
            assert room == 4
            driver.arrive(*[[upsert(f"{number} {n}")] for n in range(room)], partition=others)
        assert driver.engine.snapshot().in_flight_records >= sum(rooms) + 40
        driver.wait(1_100)  # A buffer that stays full for a second pauses everything.
        driver.answer_all()
    paused = {name for pause in find(driver.commands, ev.Pause) for name in pause.partitions}
    resumed = {name for resume in find(driver.commands, ev.Resume) for name in resume.partitions}
    assert paused - resumed == set(waiting)


def test_a_record_may_need_a_second_schema() -> None:
    """Its value was readable and now its key is not: it stays parked, in its place."""
    driver = Driver()
    driver.arrive_awaiting(ID42, AwaitsSchema(ID43))
    driver.arrive([upsert("7", a=2)])
    assert only(driver.schema(), ev.FetchSchema).ref == ID43
    assert driver.sends == []
    driver.readable[0, 0] = [upsert("7", a=1)]
    driver.schema(ID43)
    assert driver.sends[0].bodies == [{"_user_id": "7", "a": 2}]
    driver.answer_all()
    assert driver.commit() == {P0: 2}


def test_a_schema_that_changes_nothing_is_a_broken_invariant() -> None:
    """A translator that has been given a schema and still asks for it would be asked forever."""
    driver = Driver()
    driver.arrive_awaiting(ID42, AwaitsSchema(ID42))
    with pytest.raises(InvariantError, match="in vain"):
        driver.schema()


def test_each_partition_waits_for_its_own_schema() -> None:
    """A schema releases those that wait for it; one question serves all of them."""
    p2 = P0._replace(partition=2)
    driver = Driver(positions={P0: 0, P1: 0, p2: 0})
    driver.arrive_awaiting(ID42, [upsert("0")], P0)
    driver.arrive_awaiting(ID42, [upsert("1")], P1)
    driver.arrive_awaiting(ID43, [upsert("2")], p2)
    assert driver.fetched == [ID42, ID43]
    driver.schema(ID42)
    driver.answer_all()
    assert {user for send in driver.sends for user in send.user_ids} == {"0", "1"}
    assert [p.parked for p in driver.engine.snapshot().partitions] == [0, 0, 1]


PARKED: dict[str, tuple[Translated, dict[str, int]]] = {
    "skipped": (Skip("heartbeat"), {"heartbeat": 1}),
    "rejected": (POISON, {}),
    "delivered": ([upsert("7"), upsert("8")], {}),
}


@pytest.mark.parametrize("kind", PARKED)
def test_a_parked_record_may_become_anything(kind: str) -> None:
    """Once it can be read it is skipped, rejected or delivered, and accounted for once."""
    translated, skipped = PARKED[kind]
    driver = Driver()
    driver.arrive([upsert("1")])
    driver.arrive_awaiting(ID42, translated)
    driver.arrive([upsert("9")])
    driver.schema()
    for letter in driver.letters:
        driver.feed(ev.DeadLettered(letter.letter_id, None))
    driver.answer_all()
    assert driver.commit() == {P0: 3}
    snapshot = driver.engine.snapshot()
    assert snapshot.topics[0].skipped == skipped
    assert snapshot.topics[0].dead_lettered == ({"decode": 1} if kind == "rejected" else {})
    assert (snapshot.buffered_records, snapshot.buffered_bytes) == (0, 0)


def test_what_is_not_delivered_does_not_wait() -> None:
    """A skip or a dead letter after a parked record is done immediately. No commit passes the parked one."""
    driver = Driver()
    driver.arrive_awaiting(ID42, [upsert("7")])
    driver.arrive(Skip("when"), POISON)
    driver.feed(ev.DeadLettered(driver.letters[0].letter_id, None))
    assert driver.commit() == {P0: 0}
    snapshot = driver.engine.snapshot()
    assert (snapshot.topics[0].skipped, snapshot.topics[0].dead_lettered) == ({"when": 1}, {"decode": 1})
    driver.schema()
    driver.answer_all()
    assert driver.commit() == {P0: 3}


def test_a_parked_tombstone_is_settled_with_its_delete() -> None:
    """The delete could not be read yet. Its tombstone needs no schema and is no second deletion."""
    driver = Driver()
    driver.arrive_awaiting(ID42, [DELETE])
    driver.arrive([TOMBSTONE])
    driver.schema()
    driver.answer_all()
    assert len(driver.sends) == 1
    assert driver.commit() == {P0: 2}
    assert driver.engine.snapshot().topics[0].skipped == {"tombstone_after_delete": 1}


def test_a_tombstone_behind_a_parked_upsert_deletes() -> None:
    """The upsert between a delete and a tombstone counts, although it could not be read at first."""
    driver = Driver()
    driver.arrive([DELETE])
    driver.arrive_awaiting(ID42, [upsert("7")])
    driver.arrive([TOMBSTONE])
    driver.schema()
    driver.answer_all()
    assert [send.bodies for send in driver.sends] == [[], []]
    assert driver.engine.snapshot().topics[0].skipped == {}


def test_a_revoke_does_not_wait_for_the_registry() -> None:
    """Parked records stay with the log, and their schema is not asked for any more (F001)."""
    driver = Driver()
    driver.arrive([upsert("1")])
    driver.arrive_awaiting(ID42, [upsert("7")])
    driver.schema(verdict=UNAVAILABLE, reason="timeout")
    driver.answer_all()
    driver.feed(ev.Revoked([P0]))
    assert not driver.engine.draining([P0])
    assert driver.committed == {P0: 1}
    assert driver.engine.snapshot().causes == {}
    driver.wait(10_000)
    driver.feed(ev.Lost([P0]))
    assert len(driver.fetched) == 1
    assert driver.engine.snapshot().buffered_records == 0


def test_a_lost_partition_takes_its_parked_records_along() -> None:
    """The answer comes too late for them. The next assignment asks again (F005, F008)."""
    driver = Driver()
    driver.arrive_awaiting(ID42, [upsert("7")])
    driver.feed(ev.Lost([P0]))
    driver.assign({P0: 0})
    driver.arrive_awaiting(ID42, [upsert("8")])
    assert driver.fetched == [ID42]
    driver.schema()
    assert [send.user_ids for send in driver.sends] == [["8"]]


def test_lost_offsets_take_the_parked_records_along() -> None:
    """The partition begins a new life without them, and is fetched again after the next assignment (F022)."""
    driver = Driver()
    driver.arrive_awaiting(ID42, [upsert("7")])
    driver.schema(verdict=UNAVAILABLE, reason="timeout")
    commands = driver.feed(ev.OffsetsLost(P0, "gone", "earliest"))
    only(commands, ev.Seek)
    assert find(commands, ev.Resume) == []
    assert driver.engine.snapshot().causes == {}
    driver.schema()
    assert driver.sends == []


def test_a_stop_does_not_wait_for_the_registry() -> None:
    """The records settled before the parked ones are committed, and the engine halts."""
    driver = Driver()
    driver.arrive([upsert("1")])
    driver.arrive_awaiting(ID42, [upsert("7")])
    driver.feed(ev.StopRequested())
    driver.schema()
    assert len(driver.sends) == 1
    driver.answer_all()
    assert find(driver.commands, ev.Halt)
    assert driver.committed == {P0: 1}


def test_until_caught_up_waits_for_the_registry() -> None:
    """A parked record at the end of the log is not delivered yet."""
    driver = Driver(replace(AT_ONCE, until_caught_up=True), {})
    driver.feed(ev.Assigned({P0: 0}, {P0: 1}))
    driver.readable[0, 0] = [upsert("7")]
    driver.feed(ev.Arrived([(record(0), AwaitsSchema(ID42))]))
    driver.schema(verdict=UNAVAILABLE, reason="timeout")
    driver.wait(60_000)
    assert not find(driver.commands, ev.Halt)
    driver.schema()
    driver.answer_all()
    driver.wait(2_000)
    assert find(driver.commands, ev.Halt)


def test_an_outage_of_the_api_is_another_matter() -> None:
    """Parked records go into their lanes while the API refuses everything, and travel when it does not."""
    driver = Driver(positions={P0: 0, P1: 0})
    driver.arrive([upsert("1")], partition=P1)
    driver.arrive_awaiting(ID42, [upsert("7")])
    driver.answer(driver.sends[0], answer=UNAUTHORIZED)
    driver.schema()
    assert len(driver.sends) == 1
    driver.wait(1_000)
    driver.feed(ev.Probed(ALL_ACCEPTED))
    driver.answer_all()
    assert driver.commit() == {P0: 1, P1: 1}
