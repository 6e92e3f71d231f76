"""Records whose schema is not there yet: parked in order, and nothing else is held up (F040)."""

from collections import Counter
from dataclasses import replace

import pytest

from connector.engine import events as ev
from connector.engine.schemas import AHEAD_MAX, DOUBT_MS, UNKNOWN_MS
from connector.engine.snapshot import State
from connector.model import (
    ALL_ACCEPTED,
    AwaitsSchema,
    Delete,
    RefKind,
    Rejection,
    SchemaRef,
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

ID44 = SchemaRef(RefKind.ID, "44")
UNKNOWN, UNAVAILABLE = SchemaVerdict.UNKNOWN, SchemaVerdict.UNAVAILABLE
POISON = Rejection("decode", "not Avro")
TOMBSTONE = Delete("7", tombstone=True)


def fetched(driver: Driver) -> list[SchemaRef]:
    """Every schema that was asked for so far."""
    return [command.ref for command in find(driver.commands, ev.FetchSchema)]


def unanswered(driver: Driver) -> list[SchemaRef]:
    """Those of them that were not answered yet, where answers come in the order of the questions."""
    return fetched(driver)[sum(driver.engine.snapshot().schema_answers.values()) :]


def say_that_all_are_unknown(driver: Driver, ms: int) -> None:
    """Let time pass while the registry answers every question at once, and has no such schema."""
    end_ms = driver.now_ms + ms
    while driver.now_ms < end_ms:
        driver.wait(100)
        while refs := unanswered(driver):
            driver.schema(refs[0], UNKNOWN, "HTTP 404")


def answer_all(driver: Driver) -> None:
    """The API accepts everything that travels, and what follows."""
    while driver.travelling:
        driver.answer(driver.travelling[0])


def test_a_record_waits_for_its_schema() -> None:
    """It is asked for at once, nothing is committed meanwhile, and the record is delivered with it."""
    driver = Driver()
    commands = driver.arrive_awaiting(ID42, [upsert("7")])
    assert only(commands, ev.FetchSchema).ref == ID42
    assert driver.sends == []
    assert driver.commit() == {P0: 0}
    driver.schema()
    assert driver.sends[0].user_ids == ["7"]
    assert driver.commit() == {P0: 0}
    answer_all(driver)
    assert driver.commit() == {P0: 1}


def test_order_holds_behind_a_parked_record() -> None:
    """What comes behind in the partition does not overtake it, whether or not it needs a schema."""
    driver = Driver()
    driver.arrive_awaiting(ID42, [upsert("7", a=1)])
    driver.arrive([upsert("7", a=2)], [DELETE])
    driver.arrive_awaiting(ID42, [upsert("7", a=3)])
    assert driver.sends == []
    driver.schema()
    answer_all(driver)
    assert [send.user_ids for send in driver.sends] == [["7"], ["7"]]
    assert [send.bodies for send in driver.sends] == [[], [{"_user_id": "7", "a": 3}]]
    assert driver.commit() == {P0: 4}
    assert fetched(driver) == [ID42]


def test_what_was_parked_counts_for_its_endpoint() -> None:
    """Once its schema is there, a delivery holds its share of the buffer as any other (promise 7)."""
    driver = Driver(replace(AT_ONCE, buffered_records_max=4))
    driver.arrive_awaiting(ID42, [upsert("7")])
    driver.arrive([upsert("8")])
    assert driver.engine.room().records > 0
    driver.schema()
    assert driver.engine.room().records == 0  # two of the two that one endpoint may hold
    answer_all(driver)
    assert driver.engine.room().records > 0


def test_the_other_partitions_flow() -> None:
    """A registry that is down pauses the partition that needs it and nothing else, and shows (F040)."""
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
    """The registry is asked again; then the partition is resumed and nothing is left to say."""
    driver = Driver()
    driver.arrive_awaiting(ID42, [upsert("7")])
    driver.schema(verdict=UNAVAILABLE, reason="connection refused")
    driver.wait(AT_ONCE.retry_backoff_largest_ms)
    assert fetched(driver) == [ID42, ID42]
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
    """A pause throws away what was fetched: the first answer is awaited without."""
    driver = Driver()
    driver.arrive_awaiting(ID42, [upsert("7")])
    driver.schema()
    assert find(driver.commands, ev.Pause) == []


def test_a_backlog_is_paused_although_nothing_has_failed() -> None:
    """While the registry takes its time, an eighth of the buffer is all that gathers unpaused."""
    driver = Driver(replace(AT_ONCE, buffered_records_max=80))
    driver.arrive_awaiting(ID42, [upsert("0")])
    assert find(driver.arrive(*[[upsert(str(n))] for n in range(1, 10)]), ev.Pause) == []
    assert only(driver.arrive([upsert("10")]), ev.Pause).partitions == [P0]
    assert only(driver.schema(), ev.Resume).partitions == [P0]


def test_parked_bytes_count_too() -> None:
    """Few large records pause as many small ones do, and leave room for others as those do."""
    driver = Driver(replace(AT_ONCE, buffered_bytes_max=80_000), {P0: 0, P1: 0})
    assert driver.engine.room().bytes == 20_000
    large = record(0, size=10_001)
    commands = driver.feed(ev.Arrived([(large, AwaitsSchema(ID42))]))
    assert only(commands, ev.Pause).partitions == [P0]
    assert driver.engine.room().bytes == 10_000


def test_parked_records_leave_room_for_the_others() -> None:
    """However many partitions wait, the others have half of the buffer, and fill and drain it as ever.

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
        answer_all(driver)
    paused = {name for pause in find(driver.commands, ev.Pause) for name in pause.partitions}
    resumed = {name for resume in find(driver.commands, ev.Resume) for name in resume.partitions}
    assert paused - resumed == set(waiting)


def test_an_unknown_schema_makes_a_dead_letter_only_after_it_was_asked_for_again() -> None:
    """The registry is asked twice; then the record is a dead letter and the rest goes on (F040)."""
    driver = Driver()
    driver.arrive_awaiting(ID42, AwaitsSchema(ID42))
    driver.arrive([upsert("8")])
    driver.schema(verdict=UNKNOWN, reason="HTTP 404")
    driver.wait(DOUBT_MS - 1)
    assert (fetched(driver), driver.letters) == ([ID42], [])
    assert driver.engine.snapshot().causes == {}
    driver.wait(1)
    assert (fetched(driver), driver.letters) == ([ID42, ID42], [])
    driver.schema(verdict=UNKNOWN, reason="HTTP 404")
    (letter,) = driver.letters
    assert (letter.record.offset, letter.rule, letter.reason) == (0, "decode", "schema id 42: HTTP 404")
    assert driver.sends[0].user_ids == ["8"]
    driver.feed(ev.DeadLettered(letter.letter_id, None))
    answer_all(driver)
    assert driver.commit() == {P0: 2}
    assert find(driver.commands, ev.Pause) == []


def test_an_unknown_schema_that_appears_is_no_dead_letter() -> None:
    """A replica of the registry that lags behind costs two seconds, and no record (F040)."""
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
    assert len(fetched(driver)) == 2
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
    assert Counter(fetched(driver)) == dict.fromkeys(refs, 2)


def test_unknown_schemas_of_one_partition_delay_no_other() -> None:
    """What a partition waits for is asked at once, however many are asked for ahead (F040)."""
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
    assert fetched(driver) == [ID42, ID43, ID44]
    answer_all(driver)
    assert driver.commit() == {P0: 4}


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
    answer_all(driver)
    assert driver.commit() == {P0: 2}


def test_a_schema_that_changes_nothing_is_a_broken_invariant() -> None:
    """A translator that has been given a schema and still asks for it would be asked for ever."""
    driver = Driver()
    driver.arrive_awaiting(ID42, AwaitsSchema(ID42))
    with pytest.raises(AssertionError, match="in vain"):
        driver.schema()


def test_each_partition_waits_for_its_own_schema() -> None:
    """A schema releases those that wait for it; one question serves all of them."""
    p2 = P0._replace(partition=2)
    driver = Driver(positions={P0: 0, P1: 0, p2: 0})
    driver.arrive_awaiting(ID42, [upsert("0")], P0)
    driver.arrive_awaiting(ID42, [upsert("1")], P1)
    driver.arrive_awaiting(ID43, [upsert("2")], p2)
    assert fetched(driver) == [ID42, ID43]
    driver.schema(ID42)
    answer_all(driver)
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
    answer_all(driver)
    assert driver.commit() == {P0: 3}
    snapshot = driver.engine.snapshot()
    assert snapshot.topics[0].skipped == skipped
    assert snapshot.topics[0].dead_lettered == ({"decode": 1} if kind == "rejected" else {})
    assert (snapshot.buffered_records, snapshot.buffered_bytes) == (0, 0)


def test_what_is_not_delivered_does_not_wait() -> None:
    """A skip or a dead letter behind a parked record is done at once; no commit passes the parked one."""
    driver = Driver()
    driver.arrive_awaiting(ID42, [upsert("7")])
    driver.arrive(Skip("when"), POISON)
    driver.feed(ev.DeadLettered(driver.letters[0].letter_id, None))
    assert driver.commit() == {P0: 0}
    snapshot = driver.engine.snapshot()
    assert (snapshot.topics[0].skipped, snapshot.topics[0].dead_lettered) == ({"when": 1}, {"decode": 1})
    driver.schema()
    answer_all(driver)
    assert driver.commit() == {P0: 3}


def test_a_parked_tombstone_is_settled_with_its_delete() -> None:
    """The delete could not be read yet; its tombstone, which needs no schema, is no second deletion."""
    driver = Driver()
    driver.arrive_awaiting(ID42, [DELETE])
    driver.arrive([TOMBSTONE])
    driver.schema()
    answer_all(driver)
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
    answer_all(driver)
    assert [send.bodies for send in driver.sends] == [[], []]
    assert driver.engine.snapshot().topics[0].skipped == {}


def test_a_revoke_does_not_wait_for_the_registry() -> None:
    """What is parked stays with the log; nobody asks for its schema any more (F001)."""
    driver = Driver()
    driver.arrive([upsert("1")])
    driver.arrive_awaiting(ID42, [upsert("7")])
    driver.schema(verdict=UNAVAILABLE, reason="timeout")
    answer_all(driver)
    driver.feed(ev.Revoked([P0]))
    assert not driver.engine.draining([P0])
    assert driver.committed == {P0: 1}
    assert driver.engine.snapshot().causes == {}
    driver.wait(10_000)
    driver.feed(ev.Lost([P0]))
    assert len(fetched(driver)) == 1
    assert driver.engine.snapshot().buffered_records == 0


def test_a_lost_partition_takes_its_parked_records_along() -> None:
    """The answer comes too late for them; in the next assignment they are asked about anew (F005, F008)."""
    driver = Driver()
    driver.arrive_awaiting(ID42, [upsert("7")])
    driver.feed(ev.Lost([P0]))
    driver.assign({P0: 0})
    driver.arrive_awaiting(ID42, [upsert("8")])
    assert fetched(driver) == [ID42]
    driver.schema()
    assert [send.user_ids for send in driver.sends] == [["8"]]


def test_lost_offsets_take_the_parked_records_along() -> None:
    """The partition begins a new life without them, and is fetched again once it is assigned anew (F022)."""
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
    """What is settled before the parked records is committed, and the engine halts."""
    driver = Driver()
    driver.arrive([upsert("1")])
    driver.arrive_awaiting(ID42, [upsert("7")])
    driver.feed(ev.StopRequested())
    driver.schema()
    assert len(driver.sends) == 1
    answer_all(driver)
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
    answer_all(driver)
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
    answer_all(driver)
    assert driver.commit() == {P0: 1, P1: 1}
