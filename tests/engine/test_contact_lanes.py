"""The lanes of all contacts: which queue each one is in, and what a revoke leaves of them."""

from connector.engine.batches import ReadyQueue
from connector.engine.contact_lanes import ContactLanes
from connector.engine.lanes import DELETE, INSTANT, QUEUED, Item, Kind, Lane, LaneState
from connector.engine.ledger import Entry, Partition, TopicCounts
from connector.model import Delete, Delivery
from tests.engine.driver import P0, P1, record, upsert


class Lanes:
    """The lanes under test, their queues, and two partitions."""

    def __init__(self) -> None:
        self.queues = [ReadyQueue(kind, 100, 1_000_000, 0) for kind in Kind]
        self.lanes = ContactLanes(self.queues)
        self.ours, self.theirs = (Partition(name, TopicCounts(), 0, None) for name in (P0, P1))

    def add(self, delivery: Delivery, partition: Partition | None = None) -> None:
        """One delivery arrives."""
        self.lanes.add(Item(delivery, Entry(partition or self.ours, record(0), 1)), 0)

    def take(self, kind: Kind = INSTANT) -> list[Lane]:
        """The lanes of one kind travel."""
        return list(self.queues[kind].take(0).lanes)

    @property
    def ready(self) -> list[int]:
        """How many lanes are ready, by kind."""
        return [queue.count for queue in self.queues]


def test_a_lane_is_ready_in_the_queue_of_its_kind() -> None:
    """A delivery that changes the fold's kind moves the lane to another queue."""
    lanes = Lanes()
    lanes.add(upsert("7", instant=False))
    assert lanes.ready[QUEUED] == 1
    lanes.add(Delete("7"))
    assert (lanes.ready[QUEUED], lanes.ready[DELETE]) == (0, 1)


def test_a_lane_ends_with_its_last_item() -> None:
    """The contact's next delivery begins a new lane."""
    lanes = Lanes()
    lanes.add(upsert("7"))
    (first,) = lanes.take()
    first.take_out()
    lanes.lanes.advance(first, 0)
    assert first.state is LaneState.GONE
    lanes.add(upsert("7"))
    assert lanes.take() != [first]


def test_items_after_a_finished_one_follow() -> None:
    """A delivery that came while the head travelled is ready once the head is finished."""
    lanes = Lanes()
    lanes.add(upsert("7"))
    (lane,) = lanes.take()
    lanes.add(Delete("7"))
    assert sum(lanes.ready) == 0
    lane.take_out()
    lanes.lanes.advance(lane, 0)
    assert lanes.ready[DELETE] == 1


def test_a_revoke_takes_items_that_do_not_travel() -> None:
    """A ready lane ends, or goes on with the items of partitions that stay (F003)."""
    lanes = Lanes()
    lanes.add(upsert("7"), lanes.theirs)
    lanes.add(upsert("8"), lanes.theirs)
    lanes.add(Delete("8"))
    lanes.theirs.revoking = True
    lanes.lanes.forget_revoked(set())
    assert (lanes.ready[INSTANT], lanes.ready[DELETE]) == (0, 1)


def test_a_lane_on_the_wire_keeps_its_head_until_it_is_answered() -> None:
    """After that the head is dropped too, unless it belongs to a partition that stays."""
    lanes = Lanes()
    lanes.add(upsert("7"), lanes.theirs)
    lanes.add(upsert("8"), lanes.theirs)
    seven, eight = lanes.take()
    lanes.add(Delete("8"))
    lanes.theirs.revoking = True
    lanes.lanes.forget_revoked({seven, eight})
    assert [len(lane) for lane in (seven, eight)] == [1, 2]
    assert [lanes.lanes.survives(lane) for lane in (seven, eight)] == [False, True]
    assert (seven.state, len(eight), eight.kind) == (LaneState.GONE, 1, DELETE)
