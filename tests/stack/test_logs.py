"""Logs with holes, without a beginning, with open transactions, cut off, corrupt, or with huge records."""

from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from connector.sandbox.api.faults import FaultKind
from tests.stack.group import SECONDS, Group, Instance, change_of, group, key_of
from tests.stack.kafka_broker import KafkaBroker
from tests.stack.log_surgery import (
    bounds,
    configure,
    delete_records,
    offsets,
    replace,
    segment,
    while_down,
)
from tests.stack.secured import SecuredBroker
from tests.waiting import wait_for

pytestmark = pytest.mark.stack

SMALL = {"segment_ms": 1}
"""Every append begins a segment: only what is not the newest one is compacted or deleted."""


def await_lag(instance: Instance, lag: int) -> None:
    """Wait until an instance says that it is so far behind."""
    wait_for(
        lambda: sum(partition["lag"] for partition in instance.status()["partitions"]) == lag,
        SECONDS,
        f"a lag of {lag}",
        instance.process,
    )


def written(world: Group) -> int:
    """Return how many records the topic has had."""
    return world.kafka.written(world.topic, world.partitions)


def await_committed_to(world: Group, offset: int) -> None:
    """Wait until the group has committed this offset."""
    wait_for(lambda: world.committed() == offset, SECONDS, f"the commit of {offset}")


def commit(world: Group, offset: int) -> None:
    """Move the group, as an operator does."""
    client = Consumer({"bootstrap.servers": world.kafka.bootstrap_servers, "group.id": world.topic})
    client.commit(offsets=[TopicPartition(world.topic, 0, offset)], asynchronous=False)
    client.close()


def test_compaction_leaves_gaps(secured: SecuredBroker, tmp_path: Path) -> None:
    """Gaps are no loss and no lag, also where the committed offset itself was compacted away (F018, F020)."""
    with group("compacted", tmp_path, secured, partitions=1) as world:
        configure(secured, world.topic, cleanup_policy="compact", min_cleanable_dirty_ratio="0.001", **SMALL)
        instance = world.instance()
        world.change(range(30))
        instance.start()
        world.await_delivered()
        world.await_committed()
        assert instance.stop() == 0
        for _ in range(3):
            world.change(range(30))
        world.change(range(1000, 1001))

        def compacted() -> bool:
            left = offsets(secured, world.topic)
            return 30 not in left and len(left) < 60

        wait_for(compacted, SECONDS, "the compaction")
        instance.start()
        world.await_delivered()
        await_committed_to(world, written(world))
        await_lag(instance, 0)
        assert instance.stop() == 0
        world.assert_in_order()


def test_an_open_transaction_holds_what_is_behind_it(secured: SecuredBroker, tmp_path: Path) -> None:
    """No record after it is delivered until it ends; then the lag is 0 (F019, F020)."""
    with group("open", tmp_path, secured, partitions=2) as world:
        client = Producer({"bootstrap.servers": secured.bootstrap_servers, "transactional.id": "open"})
        client.init_transactions(SECONDS)
        instance = world.instance()
        instance.start()
        world.change(range(10), partition=0)
        world.await_delivered()
        client.begin_transaction()
        client.produce(world.topic, change_of("50", 1), key_of("50"), 0)
        client.flush(SECONDS)
        world.change(range(10), partition=0)
        seen = dict(world.delivered())
        world.change(range(100, 110), partition=1)
        seen |= {str(contact): 1 for contact in range(100, 110)}
        wait_for(lambda: world.delivered() == seen, SECONDS, "the other partition", instance.process)
        wait_for(lambda: world.committed() == 20, SECONDS, "its commit", instance.process)
        client.commit_transaction(SECONDS)
        world.versions["50"] = 1
        world.await_delivered()
        await_lag(instance, 0)
        assert instance.stop() == 0
        world.assert_in_order()


def test_retention_overtakes_a_group_that_was_away(secured: SecuredBroker, tmp_path: Path) -> None:
    """The offsets that retention took are named, none is skipped in silence, and the offset stays (F021)."""
    with group("expired", tmp_path, secured, partitions=1) as world:
        configure(secured, world.topic, **SMALL)
        instance = world.instance()
        instance.start()
        world.change(range(10))
        world.await_delivered()
        world.await_committed()
        assert instance.stop() == 0
        for _ in range(3):
            world.change(range(10))
        configure(secured, world.topic, retention_ms=1)
        wait_for(lambda: bounds(secured, world.topic)[0] > 10, SECONDS, "the retention")
        instance.start()
        instance.await_not_ready("offset 10 is not in the log")
        assert world.committed() == 10
        assert instance.stop() == 0


def test_retention_overtakes_a_group_that_waits(secured: SecuredBroker, tmp_path: Path) -> None:
    """While the API is away the log loses what was not read yet: what was read is delivered first (F021)."""
    with group("overtaken", tmp_path, secured, partitions=1) as world:
        instance = world.instance(delivery={"buffered_records_max": 100})
        instance.start()
        world.await_held(instance)
        world.sandbox.inject(FaultKind.STATUS, status=401)
        world.change(range(1000))
        instance.await_not_ready("401")
        wait_for(lambda: instance.status()["in_flight_records"] > 0, SECONDS, "records", instance.process)
        delete_records(secured, world.topic, 900)
        world.sandbox.heal()
        instance.await_not_ready("to 899 are gone")
        wait_for(lambda: instance.status()["in_flight_records"] == 0, SECONDS, "the rest", instance.process)
        await_committed_to(world, len(world.delivered()))
        assert set(world.delivered()) == {str(contact) for contact in range(world.committed())}
        assert instance.stop() == 0


def test_offsets_that_somebody_deleted(secured: SecuredBroker, tmp_path: Path) -> None:
    """The group begins again where `start` says: everything comes once more, nothing is missed (F023)."""
    with group("deleted", tmp_path, secured, partitions=2) as world:
        instance = world.instance()
        instance.start()
        world.change(range(100))
        world.await_delivered()
        world.await_committed()
        assert instance.stop() == 0
        admin = AdminClient({"bootstrap.servers": secured.bootstrap_servers, "log_level": 0})
        [deleted] = admin.delete_consumer_groups([world.topic]).values()
        deleted.result()
        assert world.committed() == 0
        world.change(range(50, 150))
        instance.start()
        world.await_delivered()
        world.await_committed()
        assert instance.stop() == 0
        world.assert_in_order()


def test_logs_that_are_not_what_they_were(secured: SecuredBroker, tmp_path: Path) -> None:
    """A corrupt batch and a log that was cut off, after the broker was down: neither passes unnoticed.

    The cut log pauses its partition, for other records may take the lost offsets (F022, F027). The
    corrupt batch is not delivered and not skipped: the process ends and says where (F035, P25). Once the
    operator has moved the group past it, the rest follows.
    """
    for folder in ("1", "2"):
        (tmp_path / folder).mkdir()
    with (
        group("truncated", tmp_path / "1", secured, partitions=1) as short,
        group("corrupt", tmp_path / "2", secured, partitions=1) as spoilt,
    ):
        reader = short.instance({"reconnect.backoff.max.ms": 500})
        reader.start()
        for contact in range(5):
            short.change(range(contact, contact + 1))
            spoilt.change(range(contact, contact + 1))
        short.await_delivered()
        short.await_committed()
        log = segment(secured, short.topic)
        content = log.read_bytes()

        def change() -> None:
            log.write_bytes(content[: len(content) * 3 // 5])  # batches of one size
            replace(segment(secured, spoilt.topic), key_of("2"), key_of("9"))

        while_down(secured, change, KafkaBroker.stop)
        assert bounds(secured, short.topic) == (0, 3)
        reader.await_not_ready("offset 5 is not in the log, which holds 0 to 2")
        assert short.committed() == 5
        assert reader.stop() == 0

        instance = spoilt.instance()
        instance.start()
        assert instance.process.wait(SECONDS) == 1
        assert "kafka: Kafka: corrupt-0: " in instance.log()
        assert "the log is corrupt there: move the group past that offset" in instance.log()
        assert set(spoilt.delivered()) <= {"0", "1"}
        assert spoilt.committed() <= 2
        commit(spoilt, 3)
        instance.start()
        await_committed_to(spoilt, 5)
        assert {"3", "4"} <= set(spoilt.delivered()) <= {"0", "1", "3", "4"}
        assert instance.stop() == 0
