"""The engine as a whole: offsets, rebalances, dead letters, stops."""

from dataclasses import replace

import pytest

from connector.engine import events as ev
from connector.engine.snapshot import State
from connector.errors import InvariantError
from connector.model import ALL_ACCEPTED, Delete, Endpoint, Rejection, Skip
from tests.engine.driver import (
    AT_ONCE,
    DELETE,
    P0,
    P1,
    REJECTED,
    UNKNOWN,
    Driver,
    event,
    find,
    items,
    only,
    record,
    upsert,
)

POISON = Rejection("decode", "not JSON")
TOMBSTONE = Delete("7", tombstone=True)


def test_the_first_assignment_is_committed() -> None:
    """The offset where reading begins is committed before anything arrives (F023)."""
    assert Driver(positions={P0: 40}).commit() == {P0: 40}


def test_nothing_is_committed_ahead_of_an_answer() -> None:
    """The last of three requests is answered first: the offset waits for the oldest (F017)."""
    driver = Driver(replace(AT_ONCE, batch_items_max=1))
    driver.arrive([upsert("warm")])
    driver.answer(driver.sends[0])
    assert driver.commit() == {P0: 1}
    driver.arrive(*[[upsert(str(number))] for number in range(3)])
    driver.answer(driver.sends[3])
    driver.answer(driver.sends[2])
    assert driver.commit() == {P0: 1}
    driver.answer(driver.sends[1])
    assert driver.commit() == {P0: 4}


def test_skipped_records_are_settled() -> None:
    """A record that a rule leaves out is counted by its rule and holds nothing."""
    driver = Driver()
    driver.arrive(Skip("when"), Skip("when"))
    assert driver.commit() == {P0: 2}
    assert driver.engine.snapshot().topics[0].skipped == {"when": 2}


def test_control_records_count_as_read() -> None:
    """At the end of a log the position is the consumer's offset (F019, F020)."""
    driver = Driver()
    driver.feed(ev.ReachedEnd(P0, 9))
    assert driver.commit() == {P0: 9}
    assert driver.engine.snapshot().partitions[0].lag == 0


def test_a_poison_record_is_dead_lettered() -> None:
    """The offset waits until the dead letter is confirmed (promise 4)."""
    driver = Driver()
    (letter,) = find(driver.arrive(POISON), ev.DeadLetter)
    assert (letter.record.offset, letter.rule, letter.reason) == (0, "decode", "not JSON")
    assert driver.commit() == {P0: 0}
    driver.feed(ev.DeadLettered(letter.letter_id, None))
    assert driver.commit() == {P0: 1}
    assert driver.engine.snapshot().topics[0].dead_lettered == {"decode": 1}


def test_a_dead_letter_topic_that_cannot_be_written_stops_everything() -> None:
    """No record is sent or taken in until the letter is stored, and none is dropped."""
    driver = Driver()
    driver.arrive(POISON)
    commands = driver.feed(ev.DeadLettered(driver.letters[0].letter_id, "not authorized"))
    only(commands, ev.Pause)
    driver.arrive([upsert("7")])
    assert driver.sends == []
    assert driver.engine.snapshot().state is State.PAUSED
    driver.wait(1_000)
    assert len(driver.letters) == 2
    driver.feed(ev.DeadLettered(driver.letters[1].letter_id, None))
    assert driver.sends[0].user_ids == ["7"]


def test_the_trouble_with_a_dead_letter_ends_with_its_partition() -> None:
    """A partition that is taken away takes its refused dead letter along; the others flow again."""
    driver = Driver(positions={P0: 0, P1: 0})
    driver.arrive(POISON)
    driver.feed(ev.DeadLettered(driver.letters[0].letter_id, "not authorized"))
    driver.feed(ev.Lost([P0]))
    driver.wait(1_000)
    driver.arrive([upsert("7")], partition=P1)
    assert driver.sends[0].user_ids == ["7"]


def test_a_tombstone_is_settled_with_its_delete() -> None:
    """The tombstone after a delete of the same key is no second deletion."""
    driver = Driver()
    driver.arrive([DELETE], [TOMBSTONE])
    driver.answer(driver.sends[0])
    driver.wait(1)
    assert len(driver.sends) == 1
    assert driver.commit() == {P0: 2}
    assert driver.engine.snapshot().topics[0].skipped == {"tombstone_after_delete": 1}


@pytest.mark.parametrize("between", [[upsert("7")], [Delete("old"), upsert("7")]])
def test_a_tombstone_behind_an_upsert_deletes(between: list[Delete]) -> None:
    """An upsert of the same key in between makes the tombstone a deletion again."""
    driver = Driver()
    driver.arrive([DELETE], between, [TOMBSTONE])
    answered = 0
    while answered < len(driver.sends):
        driver.answer(driver.sends[answered])
        answered += 1
    assert driver.sends[-1].user_ids == ["7"]
    assert driver.sends[-1].bodies == []
    assert driver.engine.snapshot().topics[0].skipped == {}


def test_a_tombstone_of_another_key_deletes() -> None:
    """Only the key of the last delete counts."""
    driver = Driver()
    driver.arrive([Delete("7")], key=b"a")
    driver.arrive([Delete("8", tombstone=True)], key=b"b")
    driver.answer(driver.sends[0])
    assert driver.sends[-1].user_ids == ["8"]


def test_a_revoke_drains_and_commits() -> None:
    """Requests in flight are awaited and committed; the other deliveries stay with the log (F001)."""
    driver = Driver(confirms=False)
    driver.confirm()
    driver.arrive([upsert("7")])
    driver.arrive([upsert("7")], [upsert("9")])
    driver.feed(ev.Revoked([P0]))
    assert driver.engine.draining([P0])
    commands = driver.answer(driver.sends[0])
    assert find(commands, ev.Send) == []
    commit = only(commands, ev.Commit)
    assert dict(commit.offsets) == {P0: 1}
    assert driver.engine.draining([P0])
    driver.confirm()
    assert not driver.engine.draining([P0])


def test_the_other_partitions_keep_flowing() -> None:
    """While one partition drains, the other one's deliveries travel (F002)."""
    driver = Driver(positions={P0: 0, P1: 0})
    driver.arrive([upsert("warm")])
    driver.answer(driver.sends[0])
    driver.arrive([upsert("7")])
    driver.feed(ev.Revoked([P0]))
    driver.arrive([upsert("8")], partition=P1)
    assert driver.sends[-1].user_ids == ["8"]


def test_a_commit_that_failed_before_does_not_end_the_drain() -> None:
    """A revoke tries to commit once more and waits for it."""
    driver = Driver(confirms=False)
    driver.refuse()
    only(driver.feed(ev.Revoked([P0])), ev.Commit)
    assert driver.engine.draining([P0])
    assert find(driver.refuse(), ev.Commit) == []
    assert not driver.engine.draining([P0])


def test_after_a_loss_nothing_is_committed() -> None:
    """Answers that come after a loss settle nothing, and their partition is not committed (F005)."""
    driver = Driver(positions={P0: 0, P1: 0})
    driver.arrive([upsert("7")])
    driver.feed(ev.Lost([P0]))
    driver.answer(driver.sends[0])
    assert driver.commit() == {P0: 0, P1: 0}
    assert driver.engine.snapshot().buffered_records == 0


def test_an_old_answer_settles_nothing_in_the_new_assignment() -> None:
    """Reassigned to the same member: the old request holds its contact and settles nothing (F008)."""
    driver = Driver()
    driver.arrive([upsert("7", a=1)])
    driver.feed(ev.Lost([P0]))
    driver.assign({P0: 0})
    driver.arrive([upsert("7", a=1)])
    assert len(driver.sends) == 1
    driver.answer(driver.sends[0])
    assert driver.engine.snapshot().in_flight_records == 1
    assert len(driver.sends) == 2
    assert driver.commit() == {P0: 0}
    driver.answer(driver.sends[1])
    assert driver.commit() == {P0: 1}


def test_a_batch_of_kept_and_revoked_partitions() -> None:
    """Outcomes count per item: lost items are neither settled nor sent again, the others are (F003)."""
    driver = Driver(positions={P0: 0, P1: 0})
    driver.arrive([event("e", "warm")])
    both = [(record(5, P0), [upsert("7")]), (record(5, P1), [upsert("8")])]
    driver.feed(ev.Arrived(both))
    driver.feed(ev.Lost([P0]))
    batch = next(send for send in driver.sends if "7" in send.user_ids)
    assert batch.user_ids == ["7", "8"]
    driver.answer(batch, UNKNOWN)
    driver.wait(1_000)
    assert driver.sends[-1].user_ids == ["8"]


def test_records_of_a_partition_that_goes_are_not_taken() -> None:
    """A record that a poll returns while its partition is taken away stays with the log (F001)."""
    driver = Driver()
    driver.feed(ev.Revoked([P0]))
    driver.arrive([upsert("7")])
    assert driver.sends == []
    assert driver.engine.snapshot().topics[0].records_consumed == 0


def test_assigned_twice_is_a_broken_invariant() -> None:
    """A partition that we hold cannot be assigned again."""
    driver = Driver()
    with pytest.raises(InvariantError, match="assigned twice"):
        driver.assign({P0: 0})


def test_offsets_lost_pauses_that_partition() -> None:
    """With `pause` that partition waits for the operator and the others flow (F021, F022)."""
    driver = Driver(positions={P0: 0, P1: 0})
    commands = driver.feed(ev.OffsetsLost(P0, "records 0 to 9 are gone", "pause"))
    assert only(commands, ev.Pause).partitions == [P0]
    assert driver.engine.snapshot().state is State.PAUSED
    driver.arrive([upsert("7")], partition=P1)
    assert driver.sends[0].user_ids == ["7"]


@pytest.mark.parametrize("where", ["earliest", "latest"])
def test_offsets_lost_reads_on(where: str) -> None:
    """With `earliest` or `latest` the partition begins a new life: old answers settle nothing (F022)."""
    driver = Driver()
    driver.arrive([upsert("7")])
    seek = only(driver.feed(ev.OffsetsLost(P0, "gone", where)), ev.Seek)
    assert (seek.partition, seek.where) == (P0, where)
    driver.answer(driver.sends[0])
    assert driver.commit() == {P0: 0}
    driver.feed(ev.Lost([P0]))
    driver.assign({P0: 1})
    driver.feed(ev.ReachedEnd(P0, 3))
    assert driver.commit() == {P0: 3}


def test_offsets_lost_takes_nothing_in_before_the_new_assignment() -> None:
    """A recreated topic is read at the old offset for a while: none of these records is sent or committed.

    Otherwise a commit would skip the earlier records of the new log (F026, found by the simulation).
    """
    driver = Driver()
    driver.feed(ev.OffsetsLost(P0, "the topic was deleted and created again", "earliest"))
    driver.arrive([upsert("7")])
    driver.feed(ev.ReachedEnd(P0, 1))
    assert driver.sends == []
    assert driver.commit() == {P0: 0}


def test_a_partition_is_not_drained_while_its_former_life_travels() -> None:
    """A request from before the loss could meet those of the next owner (I5)."""
    driver = Driver()
    driver.arrive([upsert("7")])
    driver.feed(ev.OffsetsLost(P0, "gone", "earliest"))
    driver.feed(ev.Revoked([P0]))
    assert driver.engine.draining([P0])
    driver.answer(driver.sends[0])
    assert not driver.engine.draining([P0])


def test_offsets_lost_of_a_paused_partition() -> None:
    """A partition that was paused for the intake stays paused until the next assignment."""
    driver = Driver()
    driver.arrive(POISON)
    driver.feed(ev.DeadLettered(driver.letters[0].letter_id, "not authorized"))
    driver.feed(ev.OffsetsLost(P0, "gone", "earliest"))
    assert find(driver.wait(1_000), ev.Resume) == []


def test_a_stop_finishes_what_travels() -> None:
    """Nothing new is sent; after the answer and the last commit the engine halts."""
    driver = Driver(confirms=False)
    driver.confirm()
    driver.arrive([upsert("7")])
    driver.arrive([upsert("7")], [upsert("8")])
    driver.feed(ev.StopRequested())
    commands = driver.answer(driver.sends[0])
    assert find(commands, ev.Send) == []
    assert dict(only(commands, ev.Commit).offsets) == {P0: 1}
    assert not driver.halted
    driver.confirm()
    assert driver.halted
    assert driver.engine.snapshot().state is State.STOPPED
    assert driver.engine.next_wakeup_ms() is None


def test_a_stop_has_a_deadline() -> None:
    """An API that hangs does not hold the process. Unanswered records are not committed (F004)."""
    driver = Driver()
    driver.arrive([upsert("7")])
    driver.feed(ev.StopRequested())
    driver.wait(AT_ONCE.drain_ms - 1)
    assert not driver.halted
    driver.wait(1)
    assert driver.halted
    assert all(commit.offsets[P0] == 0 for commit in find(driver.commands, ev.Commit))


def test_a_stop_does_not_hammer_a_broker_that_refuses() -> None:
    """The commit is tried once more when the stop comes, and not in a loop (F013)."""
    driver = Driver(confirms=False)
    driver.refuse()
    only(driver.feed(ev.StopRequested()), ev.Commit)
    driver.refuse()
    assert driver.halted
    assert len(find(driver.commands, ev.Commit)) == 2


def test_nothing_is_read_before_the_api_has_answered() -> None:
    """A wrong token shows before the first record, because the probe leaves immediately (F052)."""
    driver = Driver(replace(AT_ONCE, probe_first=True))
    only(driver.commands, ev.Probe)
    assert only(driver.commands, ev.Pause).partitions == [P0]
    driver.arrive([upsert("7")])
    assert driver.sends == []
    commands = driver.feed(ev.Probed(ALL_ACCEPTED))
    assert only(commands, ev.Resume).partitions == [P0]
    only(commands, ev.Send)


def test_commits_that_stay_refused_stop_the_intake() -> None:
    """After a minute without a commit the intake stops; the first commit opens it again (F014, F015)."""
    driver = Driver(confirms=False)
    for _ in range(65):
        driver.refuse()
        only(driver.wait(1_000), ev.Commit)
    assert driver.engine.snapshot().state is State.PAUSED
    only(driver.confirm(), ev.Resume)
    assert driver.engine.snapshot().state is State.RUNNING


def test_a_commit_leaves_once_an_interval() -> None:
    """However much is settled meanwhile, the next commit covers all of it."""
    driver = Driver()
    before = len(find(driver.commands, ev.Commit))
    for number in range(5):
        driver.arrive([upsert(str(number))])
        driver.answer(driver.sends[-1])
    assert len(find(driver.commands, ev.Commit)) == before
    driver.wait(AT_ONCE.commit_interval_ms)
    assert len(find(driver.commands, ev.Commit)) == before + 1
    assert driver.committed == {P0: 5}


def test_lost_offsets_of_what_is_not_ours_change_nothing() -> None:
    """The next owner learns of the loss itself, and begins where its policy says."""
    driver = Driver()
    driver.arrive([upsert("7")])
    driver.feed(ev.Revoked([P0]))
    for partition in (P0, P1):
        assert driver.feed(ev.OffsetsLost(partition, "not in the log", "earliest")) == []


def test_the_snapshot_counts_everything() -> None:
    """Records, deliveries, skips and dead letters add up, and none is unaccounted for."""
    driver = Driver()
    driver.arrive([upsert("7"), event("7", "e")], Skip("when"), POISON, [upsert("8")])
    driver.answer(driver.sends[0])
    driver.answer(driver.sends[1], items(REJECTED))
    snapshot = driver.engine.snapshot()
    assert snapshot.topics[0].records_consumed == 4
    assert snapshot.topics[0].deliveries_accepted == 2
    assert {e.name: (e.calls, e.items) for e in snapshot.endpoints if e.calls} == {
        Endpoint.CONTACTS: (1, 2),
        Endpoint.EVENTS: (1, 1),
    }
    assert snapshot.in_flight_records == 2
    assert snapshot.buffered_records == 2
    assert snapshot.unaccounted_records == 0
