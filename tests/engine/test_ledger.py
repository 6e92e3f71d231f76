"""Which offset may be committed (promise 1)."""

import pytest

from connector.engine.ledger import FINISHED_ENTRIES_MAX, Partition, TopicCounts
from connector.errors import InvariantError
from connector.model import Skip
from tests.engine.driver import P0, record


def partition(position: int | None = 0) -> Partition:
    """A partition that was just assigned."""
    return Partition(P0, TopicCounts(), position, None)


def test_only_the_settled_prefix_is_committed() -> None:
    """Answers in any order: the oldest open record holds the offset (F017, I2)."""
    held = partition()
    entries = []
    for offset in range(3):
        held.arrived(record(offset))
        entries.append(held.open(record(offset), 1))
    held.close(entries[2])
    held.close(entries[1])
    assert held.committable == 0
    held.close(entries[0])
    assert held.committable == 3


def test_a_record_is_settled_by_its_last_delivery() -> None:
    """A record with two deliveries holds the offset until both are finished."""
    held = partition()
    held.arrived(record(0))
    entry = held.open(record(0), 2)
    held.close(entry)
    assert (held.committable, held.unsettled) == (0, 1)
    held.close(entry)
    assert (held.committable, held.unsettled) == (1, 0)


def test_what_is_finished_does_not_pile_up_behind_what_is_not() -> None:
    """One record that stays open for hours keeps no other in memory (promise 7)."""
    held = partition()
    for offset in range(10 * FINISHED_ENTRIES_MAX):
        held.arrived(record(offset))
        entry = held.open(record(offset), 1)
        if offset:
            held.close(entry)
    assert len(held._entries) <= FINISHED_ENTRIES_MAX + 3
    assert (held.committable, held.unsettled) == (0, 1)


def test_gaps_are_no_records() -> None:
    """Offsets that compaction removed hold nothing (F018)."""
    held = partition()
    held.arrived(record(5))
    held.close(held.open(record(5), 1))
    assert held.committable == 6


def test_the_start_is_committed_too() -> None:
    """The first position itself is committed, so a missing offset later means a loss (F023)."""
    held = partition(7)
    assert held.uncommitted
    assert held.committable == 7
    held.committed = 7
    assert not held.uncommitted


def test_nothing_is_known_without_a_position() -> None:
    """After a seek to an end of the log nothing is committed before the first record."""
    assert partition(None).committable is None
    assert not partition(None).uncommitted


def test_settled_twice_is_a_broken_invariant() -> None:
    """A delivery that is finished twice stops the process rather than move the offset."""
    held = partition()
    entry = held.open(record(0), 1)
    held.close(entry)
    with pytest.raises(InvariantError, match="settled twice"):
        held.close(entry)


def test_offsets_only_grow() -> None:
    """A record that was read before is a broken invariant."""
    held = partition(5)
    with pytest.raises(InvariantError, match="backwards"):
        held.arrived(record(4))


def test_bytes_of_what_is_open() -> None:
    """Settled records after an open one hold no bytes any more."""
    held = partition()
    first, second = held.open(record(0, value=bytes(100)), 1), held.open(record(1, value=bytes(50)), 1)
    held.close(second)
    assert held.unsettled_bytes == first.size


def test_parked_bytes_are_those_of_the_parked_records() -> None:
    """The numbers grow and shrink with the records; a partition that goes leaves all to the next owner."""
    held = partition()
    for offset in range(3):
        held.park(record(offset, value=bytes(100)), Skip("later"))
    size = record(0, value=bytes(100)).size
    assert (len(held.parked), held.parked_bytes) == (3, 3 * size)
    held.unpark()
    assert (len(held.parked), held.parked_bytes) == (2, 2 * size)
    held.forget_parked()
    assert (len(held.parked), held.parked_bytes, held.unsettled) == (0, 0, 3)
