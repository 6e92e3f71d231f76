"""Settled records above the committed offset: a commit stores them, and a restart leaves them out."""

from dataclasses import replace

from connector.engine import events as ev
from connector.engine.settled_ranges import SettledRanges
from connector.model import AwaitsSchema, Delete, ItemOutcome, OutcomeKind, Rejection, Skip
from tests.engine.driver import (
    ACCEPTED,
    AT_ONCE,
    DELETE,
    ID42,
    P0,
    REJECTED,
    Driver,
    event,
    find,
    items,
    only,
    upsert,
)

ALONE = replace(AT_ONCE, batch_items_max=1)
"""Each contact has its own request, so that a test can choose whose answer comes."""


def warm() -> Driver:
    """An engine whose budgets are known; offset 0 is settled and committed."""
    driver = Driver(ALONE)
    driver.arrive([upsert("warm"), Delete("cold"), event("hot", "0")])
    while driver.travelling:
        driver.answer(driver.travelling[0])
    assert driver.commit() == {P0: 1}
    return driver


def restarted(settled: list[tuple[int, int]]) -> Driver:
    """An engine with partition 0 at offset 0, and these settled runs above it."""
    driver = Driver(AT_ONCE, {})
    driver.assign({P0: 0}, {P0: settled})
    return driver


def skipped(driver: Driver) -> dict[str, int]:
    """The skipped records, by rule."""
    (topic,) = driver.engine.snapshot().topics
    return dict(topic.skipped)


def test_offsets_are_found_in_their_runs() -> None:
    """Ask in ascending order; the offsets not asked for yet can be had as runs."""
    before = SettledRanges([(3, 5), (7, 8), (10, 20)])
    assert [offset for offset in range(12) if before.has(offset)] == [3, 4, 7, 10, 11]
    runs: list[tuple[int, int]] = []
    before.add_unread(runs, 12)
    assert runs == [(12, 20)]
    assert not before.has(25)
    before.add_unread(runs, 25)
    assert runs == [(12, 20)]


def test_what_is_read_and_what_is_not_grow_together() -> None:
    """A run that adjoins the last run of this assignment lengthens it."""
    runs = [(1, 3)]
    SettledRanges([(2, 5), (6, 7)]).add_unread(runs, 3)
    assert runs == [(1, 5), (6, 7)]


def answer(driver: Driver, contact: str, outcome: ItemOutcome = ACCEPTED) -> None:
    """The request for this contact is answered."""
    (send,) = [send for send in driver.travelling if send.user_ids == [contact]]
    driver.answer(send, items(outcome))


def contacts(sends: list[ev.Send]) -> list[str]:
    """The contacts of the requests, in order."""
    return [contact for send in sends for contact in send.user_ids]


def test_a_commit_says_what_is_settled_above_it() -> None:
    """The last two of three contacts are answered; a skipped record is settled too (F017)."""
    driver = warm()
    driver.arrive([upsert("1")], [upsert("2")], Skip("when"), [upsert("3")], [upsert("4")])
    answer(driver, "2")
    answer(driver, "3")
    assert driver.commit() == {P0: 1}
    assert driver.settled == {P0: [(2, 5)]}


def test_a_commit_that_says_no_more_is_not_made() -> None:
    """The offset stays: there is one commit when more is settled above it, and none otherwise."""
    driver = warm()
    driver.arrive([upsert("1")], [upsert("2")], [upsert("3")])
    before = len(find(driver.commands, ev.Commit))
    answer(driver, "3")
    driver.commit()
    driver.wait(60_000)
    assert len(find(driver.commands, ev.Commit)) == before + 1
    answer(driver, "2")
    driver.wait(60_000)
    assert len(find(driver.commands, ev.Commit)) == before + 2
    assert driver.settled == {P0: [(2, 4)]}


def test_a_refused_commit_is_made_again() -> None:
    """The group does not know the runs of the refused commit yet (F013)."""
    driver = Driver(ALONE, confirms=False)
    driver.wait(2_000)
    driver.confirm()
    driver.arrive([upsert("warm")])
    answer(driver, "warm")
    driver.wait(2_000)
    driver.confirm()
    driver.arrive([upsert("1")], [upsert("2")])
    answer(driver, "2")
    driver.wait(2_000)
    commit = only(driver.refuse(), ev.Commit)
    assert (commit.offsets, commit.settled) == ({P0: 1}, {P0: [(2, 3)]})


def test_a_restart_leaves_out_what_was_settled() -> None:
    """It is counted under its own rule, and commits pass it (F017, F088)."""
    driver = restarted([(1, 3)])
    driver.arrive([upsert("1")], [upsert("2")], Rejection("decode", "not JSON"), [upsert("4")])
    assert skipped(driver) == {"settled_before": 2}
    assert contacts(driver.sends) == ["1", "4"]
    assert not driver.letters
    driver.answer(driver.sends[0])
    assert driver.commit() == {P0: 4}


def test_a_second_crash_forgets_nothing() -> None:
    """Runs that have not been read again yet go along with the commits of the next life."""
    driver = restarted([(1, 3), (6, 8), (9, 1_000)])
    assert driver.commit() == {P0: 0}
    assert driver.settled == {P0: [(1, 3), (6, 8), (9, 1_000)]}
    driver.arrive(*[[upsert(str(number))] for number in range(7)])
    driver.commit()
    assert driver.settled == {P0: [(1, 3), (6, 8), (9, 1_000)]}
    driver.answer(driver.sends[0])
    driver.commit()
    assert driver.committed == {P0: 7}
    assert driver.settled == {P0: [(7, 8), (9, 1_000)]}


def test_offsets_that_were_lost_take_with_them_what_was_settled() -> None:
    """Records polled by then may be of another log: none of them is settled (F021, F026)."""
    driver = restarted([(1, 10)])
    driver.feed(ev.OffsetsLost(P0, "gone", "pause"))
    driver.arrive([upsert("1")], [upsert("2")])
    assert contacts(driver.sends) == ["1", "2"]
    assert skipped(driver) == {}


def test_nothing_is_claimed_where_the_offsets_are_lost() -> None:
    """Records in flight are still settled, but the same offsets may name other records by then (F026)."""
    driver = warm()
    driver.arrive([upsert("1")], [upsert("2")])
    driver.feed(ev.OffsetsLost(P0, "gone", "pause"))
    answer(driver, "2")
    driver.commit()
    assert driver.settled == {P0: []}


def test_what_was_settled_is_forgotten_once_it_has_been_read() -> None:
    """From then on no record is looked up in it."""
    driver = restarted([(1, 3)])
    partition = driver.engine._partitions[P0]
    driver.arrive([upsert("1")], [upsert("2")])
    driver.commit()
    assert partition.before is not None
    driver.arrive([upsert("3")], [upsert("4")])
    driver.answer(driver.sends[0])
    driver.commit()
    assert partition.before is None


def test_the_next_owner_knows_nothing_of_it() -> None:
    """The runs belong to one assignment: the next one brings its own."""
    driver = restarted([(1, 10)])
    driver.feed(ev.Lost([P0]))
    driver.assign({P0: 0})
    driver.arrive([upsert("1")], [upsert("2")])
    assert contacts(driver.sends) == ["1", "2"]


def test_a_changed_key_that_is_half_done_ends_what_is_claimed() -> None:
    """Its new contact has gone on: it would be sent again after later records were settled (promise 2)."""
    driver = warm()
    driver.arrive([upsert("1")], [upsert("x")], [Delete("old"), upsert("new")], [upsert("y")])
    answer(driver, "x")
    answer(driver, "y")
    driver.commit()
    assert driver.settled == {
        P0: [(2, 3), (4, 5)]
    }  # no delivery of the changed key is done, so all is in order
    answer(driver, "new")
    driver.arrive([upsert("new")])
    answer(driver, "new")
    driver.commit()
    assert driver.settled == {P0: [(2, 3)]}
    answer(driver, "old")
    driver.commit()
    assert driver.settled == {P0: [(2, 6)]}


def test_a_contact_and_its_event_claim_what_stands_behind() -> None:
    """Both deliveries of the record wait in one lane: nothing after them is settled before they are."""
    driver = warm()
    driver.arrive([upsert("1"), event("1", "1")], [upsert("2")], [upsert("1")])
    answer(driver, "1")
    answer(driver, "2")
    driver.commit()
    assert driver.settled == {P0: [(2, 3)]}


def test_a_dead_letter_on_its_way_ends_what_is_claimed() -> None:
    """The contact has gone on, and another mapping or another answer might send the record after all."""
    driver = warm()
    driver.arrive([upsert("0")], [upsert("1")], [upsert("2")])
    answer(driver, "1", REJECTED)
    answer(driver, "2")
    driver.commit()
    assert driver.settled == {P0: []}
    driver.feed(ev.DeadLettered(driver.letters[0].letter_id, None))
    driver.commit()
    assert driver.settled == {P0: [(2, 4)]}


def test_a_tombstone_behind_a_delete_that_is_left_out() -> None:
    """It is settled with its delete as usual, and the upsert between them is not forgotten."""
    driver = restarted([(1, 2), (4, 5)])
    driver.arrive([upsert("0")], [DELETE], [Delete("7", tombstone=True)], [upsert("8")], key=b"7")
    assert skipped(driver) == {"settled_before": 1, "tombstone_after_delete": 1}
    driver.arrive([upsert("7")], [Delete("7", tombstone=True)], key=b"7")
    assert skipped(driver) == {"settled_before": 2, "tombstone_after_delete": 1}


def test_a_record_that_is_left_out_waits_for_no_schema() -> None:
    """Its schema is not asked for, no record is parked after it, and it may have brought its contact back."""
    driver = restarted([(1, 2)])
    driver.arrive([DELETE], key=b"7")
    assert not find(driver.arrive(AwaitsSchema(ID42), key=b"7"), ev.FetchSchema)
    driver.arrive([Delete("7", tombstone=True)], key=b"7")
    assert skipped(driver) == {"settled_before": 1}
    driver.answer(driver.sends[0])
    assert contacts(driver.sends) == ["7", "7"]


def test_a_tombstone_that_is_left_out_unread_brought_nobody_back() -> None:
    """Without a value it is no upsert, whatever its schema: the next tombstone repeats the delete too."""
    driver = restarted([(1, 2)])
    driver.arrive([DELETE], key=b"7")
    driver.arrive(AwaitsSchema(ID42), key=b"7", value=None)
    driver.arrive([Delete("7", tombstone=True)], key=b"7")
    assert skipped(driver) == {"settled_before": 1, "tombstone_after_delete": 1}


def test_what_is_left_out_says_nothing_of_what_is_parked_before_it() -> None:
    """A parked tombstone is a deletion, though a settled delete follows it.

    It was left out as the repetition of that (found by the simulation).
    """
    driver = restarted([(1, 2)])
    driver.arrive_awaiting(ID42, [Delete("7", tombstone=True)])
    driver.arrive([Delete("7", tombstone=True)])
    driver.schema()
    assert skipped(driver) == {"settled_before": 1}
    assert contacts(driver.sends) == ["7"]


def test_a_stop_says_what_is_settled() -> None:
    """The last commit stores the runs above an offset that cannot move."""
    driver = warm()
    driver.arrive([upsert("1")], [upsert("2")])
    driver.feed(ev.StopRequested())
    answer(driver, "2")
    driver.wait(AT_ONCE.drain_ms)
    assert driver.committed == {P0: 1}
    assert driver.settled == {P0: [(2, 3)]}
    assert find(driver.commands, ev.Halt)


def test_a_partition_that_is_taken_away_says_what_is_settled() -> None:
    """Its next owner need not send it again (F001, F002)."""
    driver = warm()
    driver.arrive([upsert("1")], [upsert("2")])
    driver.feed(ev.Revoked([P0]))
    answer(driver, "2")
    answer(driver, "1", ItemOutcome(OutcomeKind.RETRY))
    assert not driver.engine.draining([P0])
    assert driver.committed == {P0: 1}
    assert driver.settled == {P0: [(2, 3)]}
