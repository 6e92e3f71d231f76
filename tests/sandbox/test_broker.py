"""The embedded broker against the real client."""

from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from connector.sandbox.broker import ApiKey, BrokerError, EmbeddedBroker


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    """Give a broker with one empty topic of two partitions."""
    with EmbeddedBroker() as broker:
        broker.create_topic("t", partitions=2)
        yield broker


def produce(broker: EmbeddedBroker, *values: bytes | None) -> None:
    """Write values to partition 0 of the topic and wait for the broker's word."""
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers})
    for value in values:
        producer.produce("t", value, key=b"k", partition=0)
    assert producer.flush(10) == 0


def consumer(broker: EmbeddedBroker) -> Consumer:
    """Make a consumer whose group joins without waiting."""
    return Consumer(
        {
            "bootstrap.servers": broker.bootstrap_servers,
            "group.id": "g",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "partition.assignment.strategy": "cooperative-sticky",
            "session.timeout.ms": 1000,
            "heartbeat.interval.ms": 200,
        }
    )


def read(reader: Consumer) -> Message:
    """Give the next record; a broker that has none within 10 s fails the test."""
    message = reader.poll(10)
    assert message is not None
    assert message.error() is None
    return message


def test_records_and_commits_survive_in_the_cluster(broker: EmbeddedBroker) -> None:
    """A consumer gets the records, null values included, and the broker keeps a commit."""
    produce(broker, b"one", None)
    reader = consumer(broker)
    try:
        reader.subscribe(["t"])
        assert [read(reader).value(), read(reader).value()] == [b"one", None]
        reader.commit(offsets=[TopicPartition("t", 0, 2)], asynchronous=False)
        assert reader.committed([TopicPartition("t", 0)], timeout=10)[0].offset == 2
    finally:
        reader.close()


def test_pushed_errors_meet_the_next_requests_only(broker: EmbeddedBroker) -> None:
    """A pushed error fails one commit; the next one succeeds (F013, F015)."""
    reader = consumer(broker)
    try:
        reader.assign([TopicPartition("t", 0, 0)])
        broker.push_errors(ApiKey.OFFSET_COMMIT, [KafkaError.GROUP_AUTHORIZATION_FAILED])
        with pytest.raises(KafkaException):
            reader.commit(offsets=[TopicPartition("t", 0, 1)], asynchronous=False)
        committed = reader.commit(offsets=[TopicPartition("t", 0, 1)], asynchronous=False)
        assert committed is not None
        assert committed[0].error is None
    finally:
        reader.close()


def test_deleted_records_move_the_start_of_the_log(broker: EmbeddedBroker) -> None:
    """Records before an offset can be taken away, as retention does (F021)."""
    produce(broker, b"one", b"two", b"three")
    broker.delete_records("t", 0, 2)
    reader = consumer(broker)
    try:
        assert reader.get_watermark_offsets(TopicPartition("t", 0), timeout=10) == (2, 3)
    finally:
        reader.close()


def test_a_broker_that_is_down_comes_back(broker: EmbeddedBroker) -> None:
    """No broker answers while they are down, and the log is still there afterwards (F030)."""
    produce(broker, b"one")
    broker.down()
    reader = consumer(broker)
    try:
        with pytest.raises(KafkaException):
            reader.get_watermark_offsets(TopicPartition("t", 0), timeout=0.5)
        broker.up()
        assert reader.get_watermark_offsets(TopicPartition("t", 0), timeout=20) == (0, 1)
    finally:
        reader.close()


def test_a_deleted_topic_is_gone(broker: EmbeddedBroker) -> None:
    """A deleted topic is empty after it is created again (F025, F026)."""
    produce(broker, b"one")
    broker.delete_topic("t")
    broker.create_topic("t", partitions=2)
    reader = consumer(broker)
    try:
        assert reader.get_watermark_offsets(TopicPartition("t", 0), timeout=10) == (0, 0)
    finally:
        reader.close()


def test_an_impossible_request_is_an_error() -> None:
    """A refusal of the cluster is raised with its reason, and closing twice is harmless."""
    with EmbeddedBroker(brokers=3) as broker:
        broker.create_topic("t")
        broker.set_leader("t", 0, 3)
        broker.set_coordinator("g", 2)
        broker.set_round_trip(1)
        broker.clear_errors(ApiKey.FETCH)
        broker.fail_topic("t", 0)
        with pytest.raises(BrokerError, match="set_leader"):
            broker.set_leader("t", 0, 9)
        broker.close()
