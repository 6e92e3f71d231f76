"""Logs that do not hold what the group has committed, that grow, vanish, or carry transactions."""

from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from tests.stack.group import SECONDS, Group, change_of, group, key_of
from tests.stack.kafka_broker import KafkaBroker
from tests.waiting import wait_for

pytestmark = pytest.mark.stack

LOST = range(100)  # contacts of partition 0, whose offsets are lost
OTHERS = range(100, 200)  # contacts of partition 1
SOON = {"topic.metadata.refresh.interval.ms": 1000}


def below_the_log(world: Group) -> None:
    """Commit offset 0 of partition 0 and take its first 50 records away."""
    commit(world, 0)
    [deleted] = world.admin.delete_records([TopicPartition(world.topic, 0, 50)]).values()
    deleted.result()


def beyond_the_log(world: Group) -> None:
    """Commit an offset of partition 0 that its log has not reached."""
    commit(world, 500)


def commit(world: Group, offset: int) -> None:
    """Commit for partition 0 in the name of the group."""
    client = Consumer({"bootstrap.servers": world.kafka.bootstrap_servers, "group.id": world.topic})
    client.commit(offsets=[TopicPartition(world.topic, 0, offset)], asynchronous=False)
    client.close()


@pytest.mark.parametrize(
    ("lose", "committed", "says"),
    [
        (below_the_log, 0, "which holds 50 to 99: offsets 0 to 49 are gone"),
        (beyond_the_log, 500, "offset 500 is not in the log, which holds 0 to 99"),
    ],
)
def test_lost_offsets_pause_their_partition(
    kafka: KafkaBroker, tmp_path: Path, lose: Callable[[Group], None], committed: int, says: str
) -> None:
    """`/readyz` names what is lost, the other partition flows, the offset stays (F021, F022, I7)."""
    with group(f"pause-{committed}", tmp_path, kafka, partitions=2) as world:
        world.change(LOST, partition=0)
        world.change(OTHERS, partition=1)
        lose(world)
        instance = world.instance()
        instance.start()
        instance.await_not_ready(says)
        wait_for(lambda: len(world.delivered()) == len(OTHERS), SECONDS, "the other partition")
        wait_for(lambda: world.committed() == committed + len(OTHERS), SECONDS, "its commit")
        assert instance.stop() == 0
        assert set(world.delivered()) == set(map(str, OTHERS))
        assert world.committed() == committed + len(OTHERS)


def test_lost_offsets_go_on_where_the_topic_says(kafka: KafkaBroker, tmp_path: Path) -> None:
    """With `offsets_lost: earliest` what the log still holds is delivered (F021)."""
    with group("lost", tmp_path, kafka, partitions=2, more="offsets_lost: earliest\n") as world:
        world.change(LOST, partition=0)
        world.change(OTHERS, partition=1)
        below_the_log(world)
        instance = world.instance()
        instance.start()
        world.await_committed()
        assert set(world.delivered()) == set(map(str, [*LOST[50:], *OTHERS]))
        world.change(LOST, partition=0)
        world.await_delivered()
        assert instance.stop() == 0
        world.assert_in_order()


def test_a_topic_that_was_made_anew_is_noticed(kafka: KafkaBroker, tmp_path: Path) -> None:
    """Its new log holds our old offset too: the records before it would be missed without a word.

    F026, P21.
    """
    with group("again", tmp_path, kafka, partitions=1) as world:
        instance = world.instance()
        instance.start()
        world.change(range(50))
        world.await_delivered()
        world.await_committed()
        world.delete_topic()
        world.create_topic()
        world.change(range(1000, 1200))
        instance.await_not_ready("was deleted and created again")
        assert instance.stop() == 0


def test_topics_and_partitions_come_and_go(kafka: KafkaBroker, tmp_path: Path) -> None:
    """A missing topic is awaited, new partitions are read from their beginning, a deletion is reported.

    The start policy is `latest`: it holds for what the topic has at the start, not for partitions
    that come later (F024, F025).
    """
    with group("comes", tmp_path, kafka, partitions=2, more="start: latest\n") as world:
        instance = world.instance(SOON)
        world.delete_topic()
        instance.start()
        instance.await_not_ready("the topic does not exist")
        world.create_topic()
        world.await_held(instance)
        instance.await_ready()
        world.change(range(100))
        world.await_delivered()
        world.add_partition()
        world.change(range(1000, 1100), partition=2)
        world.await_delivered()
        world.await_committed()
        world.delete_topic()
        instance.await_not_ready("the topic does not exist")
        assert instance.status()["unaccounted_records"] == 0
        assert instance.stop() == 0
        world.assert_in_order()


def test_transactions(kafka: KafkaBroker, tmp_path: Path) -> None:
    """Aborted records are never delivered, and control records at the end hold nothing up (F019, F020)."""
    with group("transactions", tmp_path, kafka, partitions=2) as world:
        client = Producer({"bootstrap.servers": kafka.bootstrap_servers, "transactional.id": world.topic})
        client.init_transactions(SECONDS)

        def transaction(contacts: range, version: int, end: Callable[[float], None]) -> None:
            client.begin_transaction()
            for contact in map(str, contacts):
                client.produce(world.topic, change_of(contact, version), key_of(contact))
                if end == client.commit_transaction:
                    world.versions[contact] = version
            client.flush(SECONDS)
            end(SECONDS)

        transaction(range(50), 1, client.commit_transaction)
        transaction(range(1000, 1050), 1, client.abort_transaction)
        transaction(range(20, 70), 2, client.commit_transaction)
        transaction(range(50), 99, client.abort_transaction)
        instance = world.instance()
        assert instance.catch_up() == 0
        assert world.delivered() == world.versions
        upserts = world.sandbox.report()["upserts"]
        assert instance.catch_up() == 0
        assert world.sandbox.report()["upserts"] == upserts
        instance.start()
        world.await_held(instance)
        wait_for(
            lambda: [partition["lag"] for partition in instance.status()["partitions"]] == [0, 0],
            SECONDS,
            "a lag of 0",
            instance.process,
        )
        assert instance.stop() == 0
        world.assert_in_order()
