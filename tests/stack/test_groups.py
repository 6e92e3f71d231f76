"""Instances share a group on the real broker: they come, go, freeze and fence each other."""

import signal
from pathlib import Path

import pytest

from tests.stack.group import Settings, group
from tests.stack.kafka_broker import KafkaBroker
from tests.waiting import wait_for

pytestmark = pytest.mark.stack

PROTOCOLS: dict[str, Settings] = {
    "range": {"partition.assignment.strategy": "range"},
    "cooperative": {},
    "kip848": {"group.protocol": "consumer", "session.timeout.ms": None, "heartbeat.interval.ms": None},
}

CONTACTS = range(200)
BATCH_ITEMS = 10


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_members_come_and_go_under_load(kafka: KafkaBroker, tmp_path: Path, protocol: str) -> None:
    """Partitions move twice under load: exact, in order, and hardly anything twice (F001, F002).

    Each revoke drains and commits before it returns. With an eager assignor the broker
    takes the commit in the middle of the rebalance. Only what was accepted although an older
    record was still queued comes again; without the commit it would be every contact that moves.
    """
    with group(f"move-{protocol}", tmp_path, kafka) as world:
        first, second = (world.instance(PROTOCOLS[protocol]) for _ in range(2))
        with world.load(CONTACTS):
            first.start()
            world.await_held(first)
            second.start()
            world.await_held(first, second)
            assert first.stop() == 0
            world.await_held(second)
        world.await_delivered()
        world.await_committed()
        assert second.status()["unaccounted_records"] == 0
        assert second.stop() == 0
        world.assert_in_order()
        assert world.sandbox.report()["replayed"] < len(CONTACTS) // 4
        assert "finished=False" not in first.log() + second.log()


def test_a_frozen_instance_sends_nothing_that_is_not_its_own(kafka: KafkaBroker, tmp_path: Path) -> None:
    """An instance that was stopped past its session sends nothing queued after waking (F005, F007, F097).

    It has more than five hundred records queued when it freezes; another one delivers them meanwhile
    (F075, I5).
    """
    with group("frozen", tmp_path, kafka) as world:
        slow = world.instance(delivery={"requests_in_flight_max": 2, "batch_items_max": BATCH_ITEMS})
        heir = world.instance()
        slow.start()
        world.await_held(slow)
        world.change(range(800))
        wait_for(lambda: slow.status()["in_flight_records"] > 500, 20, "a queue", slow.process)
        slow.signal(signal.SIGSTOP)
        heir.start()
        world.await_held(heir)
        world.await_delivered()
        world.await_committed()
        delivered = world.sandbox.report()["upserts"]
        slow.signal(signal.SIGCONT)
        world.await_held(slow, heir)
        # One request may have been past its last check when the process froze: the limit that README states.
        assert world.sandbox.report()["upserts"] <= delivered + BATCH_ITEMS
        assert "partitions_lost" in slow.log()
        world.change(range(100))
        world.await_delivered()
        assert (slow.stop(), heir.stop()) == (0, 0)
        world.assert_in_order()


def test_the_older_of_two_with_the_same_instance_id_ends(kafka: KafkaBroker, tmp_path: Path) -> None:
    """It ends with 1 and says what to do, without hanging in its close; the newer goes on (F009, P07)."""
    with group("fenced", tmp_path, kafka) as world:
        older, newer = (world.instance({"group.instance.id": "one"}) for _ in range(2))
        with world.load(range(100)):
            older.start()
            world.await_held(older)
            newer.start()
            assert older.process.wait(20) == 1
            world.await_held(newer)
        assert "another instance runs with the same group.instance.id" in older.log()
        assert "Traceback" not in older.log()
        world.await_delivered()
        assert newer.stop() == 0
        # Not `overlaps`: the older one was not asked to drain, and its last request was on the wire.
        assert world.sandbox.report()["order_violations"] == 0
