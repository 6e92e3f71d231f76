"""Which lanes share a request."""

from connector.engine.batches import ReadyQueue
from connector.engine.lanes import Item, Kind, Lane, LaneState
from connector.engine.ledger import Entry, Partition, TopicCounts
from tests.engine.driver import P0, record, upsert

MANY = 1_000_000  # bytes
HELD = Partition(P0, TopicCounts(), 0, None)


def lane(user_id: str, size: int = 0) -> Lane:
    """A lane with one upsert of a record of this size."""
    return Lane(user_id, Item(upsert(user_id), Entry(HELD, record(0, value=bytes(size)), 1)))


def failed_lane() -> Lane:
    """A lane whose request has failed."""
    made = lane("failed")
    made.ready(0)
    made.travel()
    return made


def queue(count: int, items_max: int = 3, bytes_max: int = MANY) -> ReadyQueue:
    """A queue with lanes that became ready at 0 ms."""
    made = ReadyQueue(Kind.INSTANT, items_max, bytes_max, 50)
    for number in range(count):
        made.push(lane(str(number)), 0)
    return made


def test_a_full_batch_leaves_at_once() -> None:
    """Nothing lingers once a request is full."""
    full = queue(4)
    assert full.due_ms() == 0
    assert [lane.user_id for lane in full.take(0).lanes] == ["0", "1", "2"]
    assert full.count == 1


def test_a_partial_batch_lingers() -> None:
    """A request that is not full waits `linger_ms`, counted from its oldest lane."""
    partial = queue(1)
    partial.push(lane("later"), 30)
    assert partial.due_ms() == 50
    assert len(partial.take(50).lanes) == 2


def test_a_delete_waits_for_nobody() -> None:
    """A delete shares no request, so it need not linger."""
    deletes = ReadyQueue(Kind.DELETE, 100, MANY, 50)
    waiting = lane("7")
    waiting.kind = Kind.DELETE
    deletes.push(waiting, 10)
    assert deletes.due_ms() == 0
    assert len(deletes.take(10).lanes) == 1


def test_a_lane_that_moved_on_is_passed_over() -> None:
    """A lane whose delivery has become another kind is not taken from its old queue."""
    partial = queue(2)
    moved = next(iter(partial._lanes))[0]
    moved.kind = Kind.DELETE
    partial.count -= 1
    assert [lane.user_id for lane in partial.take(50).lanes] == ["1"]
    assert partial.due_ms() is None


def test_a_group_travels_alone_and_not_before_its_time() -> None:
    """A batch that failed is sent again as it was, beside full ones (F059)."""
    busy = queue(3)
    failed = failed_lane()
    busy.push_group([failed], 200, 1, 0)
    assert failed.state is LaneState.TRAVELLING
    assert busy.calls_wanted == 2
    assert len(busy.take(0).lanes) == 3
    assert busy.due_ms() == 200
    assert busy.take(200).lanes == [failed]


def test_a_batch_that_keeps_failing_does_not_go_first_each_time() -> None:
    """Lanes that were due before a group go before it, so it starves no other lane (promise 4)."""
    busy = queue(1)
    failed = failed_lane()
    busy.push_group([failed], 200, 1, 0)
    assert [waiting.user_id for waiting in busy.take(300).lanes] == ["0"]
    busy.push(lane("later"), 180)
    assert busy.take(300).lanes == [failed]


def test_large_records_share_no_large_request() -> None:
    """A batch ends after the record that takes it to the limit in bytes (F041, F056)."""
    large = ReadyQueue(Kind.INSTANT, 100, 250, 50)
    for number in range(5):
        large.push(lane(str(number), size=100), 0)
    assert [len(large.take(50).lanes) for _ in range(2)] == [3, 2]
