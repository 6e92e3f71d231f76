"""The records that a restart sends again on the real broker, and foreign commit metadata."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaException, TopicCollection
from confluent_kafka import TopicPartition as ClientPartition

from connector.engine import commit_metadata
from connector.engine.settled_ranges import Runs
from connector.model import TopicPartition
from connector.sandbox.api.faults import FaultKind
from tests.stack.group import ANSWER_SECONDS, SECONDS, Group, Instance, group, key_of
from tests.stack.jars import Jars
from tests.stack.kafka_broker import KafkaBroker
from tests.stack.service import amend
from tests.waiting import wait_for

pytestmark = pytest.mark.stack

STUCK = 0  # the offset of a delete that the API does not answer
GROUP_TOOL = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"


def delete(world: Group, contact: str) -> None:
    """Write a delete."""
    value = {"op": "d", "before": {"id": contact}, "after": None, "source": {"connector": "mysql"}}
    world.producer.produce(world.topic, json.dumps(value).encode(), key_of(contact), 0)
    assert world.producer.flush(SECONDS) == 0


def commit(world: Group, offset: int, metadata: str) -> None:
    """Commit for partition 0 in the name of the group, as soon as it has no member."""
    client = Consumer({"bootstrap.servers": world.kafka.bootstrap_servers, "group.id": world.topic})

    def committed() -> bool:
        try:
            client.commit(offsets=[ClientPartition(world.topic, 0, offset, metadata)], asynchronous=False)
        except KafkaException:
            return False
        return True

    wait_for(committed, SECONDS, "an empty group")
    client.close()


def held(world: Group) -> ClientPartition:
    """The group's commit for partition 0."""
    client = Consumer({"bootstrap.servers": world.kafka.bootstrap_servers, "group.id": world.topic})
    [found] = client.committed([ClientPartition(world.topic, 0)], timeout=SECONDS)
    client.close()
    return found


def settled(world: Group) -> Runs:
    """The ranges that the group holds as settled above the committed offset of partition 0."""
    [described] = world.admin.describe_topics(TopicCollection([world.topic])).values()
    found = held(world)
    bound_to = commit_metadata.CommitIdentity(
        TopicPartition(world.topic, 0), found.offset, str(described.result().topic_id)
    )
    return commit_metadata.read(found.metadata or "", bound_to)


def stuck_at_its_head(world: Group, instance: Instance, contacts: range) -> None:
    """Let a delete wait while all records after it are settled and committed as such."""
    delete(world, "gone")
    world.change(contacts, partition=0)
    world.sandbox.inject(FaultKind.STATUS, endpoint="delete", status=503)
    instance.start()
    world.await_delivered()
    everything = [(STUCK + 1, STUCK + 1 + len(contacts))]
    wait_for(lambda: list(settled(world)) == everything, SECONDS, "the commit", instance.process)
    assert world.committed() == STUCK


def test_a_kill_repeats_only_what_was_in_flight(
    kafka: KafkaBroker, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    """3,000 records are settled after one that is not: after SIGKILL only that one is sent (F017, F088).

    After another kill in the middle of the next 3,000, only requests in flight and those answered
    since the last commit come again.
    """
    with group("settled", tmp_path, kafka, partitions=1) as world:
        instance = world.instance()
        stuck_at_its_head(world, instance, range(3_000))
        instance.kill()
        instance.start()
        world.change(range(3_000, 6_000), partition=0)
        wait_for(lambda: len(world.delivered()) > 4_000, SECONDS, "progress", instance.process)
        known = sum(end - start for start, end in settled(world))
        instance.kill()
        # Requests that had left are still processed; they were in flight.
        wait_for(lambda: world.sandbox.read(lambda ledger: not ledger._in_progress), SECONDS, "a quiet API")
        report = world.sandbox.report()
        assert report["replayed"] == 0
        answered = report["upserts"]
        world.sandbox.heal()
        world.sandbox.inject(FaultKind.LATENCY, seconds=ANSWER_SECONDS)
        instance.start()
        wait_for(lambda: world.committed() == 6_001, SECONDS, "the last commit", instance.process)
        assert instance.status()["topics"][0]["skipped"] >= known
        assert instance.stop() == 0
        report = world.sandbox.report()
        tell(f"{answered} upserts, a kill in the middle: {report['replayed']} came again")
        assert report["replayed"] <= answered - known
        assert world.delivered() == world.versions
        world.assert_in_order()


def test_a_topic_that_was_made_anew_holds_nothing_settled(kafka: KafkaBroker, tmp_path: Path) -> None:
    """Also where an operator puts the old offset and its metadata back (F026)."""
    with group("settled-again", tmp_path, kafka, partitions=1) as world:
        instance = world.instance()
        stuck_at_its_head(world, instance, range(50))
        instance.kill()
        old = held(world)
        world.delete_topic()
        world.create_topic()
        world.versions.clear()
        world.sandbox.heal()
        world.change(range(1_000, 1_060), partition=0)
        commit(world, old.offset, old.metadata or "")
        instance.start()
        wait_for(lambda: world.committed() == 60, SECONDS, "the commit", instance.process)
        assert set(world.versions) <= set(world.delivered())
        assert instance.stop() == 0


@pytest.mark.parametrize(
    "metadata", ["instasent.2.abcdefgh.12345678.AAAA", "AQAAAXq0WYg=", "x" * commit_metadata.CHARS_MAX]
)
def test_metadata_of_others_is_no_obstacle(kafka: KafkaBroker, tmp_path: Path, metadata: str) -> None:
    """The next version's, another tool's, and as much as we write at most: all is delivered (F015, F095)."""
    with group(f"foreign-{len(metadata)}", tmp_path, kafka, partitions=1) as world:
        world.change(range(20), partition=0)
        commit(world, 5, metadata)
        instance = world.instance()
        assert instance.catch_up() == 0
        assert len(world.delivered()) == 15
        assert commit_metadata.target_in(held(world).metadata or "") is not None


def test_two_data_sources_do_not_share_a_group(kafka: KafkaBroker, tmp_path: Path, stack_jars: Jars) -> None:
    """The second deployment ends with 1 and the way out; after that way it starts (F094)."""
    with group("shared", tmp_path, kafka, partitions=1) as world:
        world.change(range(10), partition=0)
        first = world.instance()
        assert first.catch_up() == 0
        other = world.instance()
        amend(other.config, instasent={"datasource": "another"})
        other.start()
        assert other.process.wait(SECONDS) == 1
        assert "committed for another data source" in other.log()
        assert world.committed() == 10

        tool = stack_jars.java(
            GROUP_TOOL,
            *("--bootstrap-server", kafka.bootstrap_servers, "--group", world.topic, "--topic", world.topic),
            *("--reset-offsets", "--to-current", "--execute"),
            heap="128m",
        )
        subprocess.run(tool, check=True, timeout=60, capture_output=True)
        assert (held(world).offset, held(world).metadata or "") == (10, "")
        other.start()
        other.await_not_ready("404")
        assert commit_metadata.target_in(held(world).metadata or "") == commit_metadata.target_of(
            world.sandbox.behaviour.project, "another"
        )
