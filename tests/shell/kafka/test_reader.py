"""The reader without a group, against the embedded broker."""

import ast
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, Producer
from confluent_kafka import TopicPartition as ClientPartition
from confluent_kafka.admin import AdminClient

from connector.errors import ConfigError, FatalError
from connector.model import TopicPartition
from connector.sandbox.broker import ApiKey, EmbeddedBroker
from connector.shell.kafka import reader as module
from connector.shell.kafka.client_settings import KafkaSettings
from connector.shell.kafka.reader import (
    AtOffset,
    AtTime,
    LastRecords,
    ReadDeadlineError,
    ReadError,
    ReadFrom,
    TopicReader,
    Watermarks,
)
from tests.shell.kafka.kafka_member import produce

P0 = TopicPartition("t", 0)
P1 = TopicPartition("t", 1)
LOGGER = logging.getLogger("tests.kafka")


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    """One broker with the topic `t` of two partitions."""
    with EmbeddedBroker() as broker:
        broker.create_topic("t", 2)
        yield broker


def settings(broker: EmbeddedBroker, **more: str | int) -> KafkaSettings:
    """Return a service's settings."""
    return {"bootstrap.servers": broker.bootstrap_servers, "group.id": "g", "log_level": 0, **more}


@pytest.fixture
def reader(broker: EmbeddedBroker) -> Iterator[TopicReader]:
    """A reader of that broker."""
    with TopicReader(settings(broker), LOGGER) as reader:
        yield reader


def values(reader: TopicReader, start: ReadFrom, *partitions: TopicPartition) -> list[bytes | None]:
    """Read to the present end and return the values."""
    return [record.value for record in reader.read(partitions or (P0,), start, seconds_max=20)]


def test_topics_partitions_and_watermarks(broker: EmbeddedBroker, reader: TopicReader) -> None:
    """They are those of the brokers, and asking for a missing topic creates none."""
    produce(broker, "t", 3)
    broker.delete_records("t", 0, 1)
    assert reader.topics() == {"t": 2}
    assert reader.partitions("t") == [P0, P1]
    assert reader.watermarks([P0, P1]) == {P0: Watermarks(1, 3), P1: Watermarks(0, 0)}
    with pytest.raises(ReadError, match=r"topic nosuch: it does not exist"):
        reader.partitions("nosuch")
    assert reader.topics() == {"t": 2}


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("earliest", [b"2", b"3", b"4"]),
        ("latest", []),
        (AtOffset(0), [b"2", b"3", b"4"]),
        (AtOffset(3), [b"3", b"4"]),
        (AtOffset(99), []),
        (LastRecords(2), [b"3", b"4"]),
        (LastRecords(99), [b"2", b"3", b"4"]),
    ],
)
def test_where_reading_begins(
    broker: EmbeddedBroker, reader: TopicReader, start: ReadFrom, expected: list[bytes]
) -> None:
    """A start outside the log begins at the nearest record of the log."""
    produce(broker, "t", 5)
    broker.delete_records("t", 0, 2)
    assert values(reader, start) == expected


def test_reading_from_a_time(broker: EmbeddedBroker, reader: TopicReader) -> None:
    """It begins at the first record that is not older; after the newest one there is nothing."""
    produce(broker, "t", 3)
    now_ms = int(time.time() * 1000)
    assert values(reader, AtTime(now_ms + 3_600_000)) == []
    # The embedded broker knows no timestamps: it answers with the end of the log.
    assert values(reader, AtTime(0)) in ([], [b"0", b"1", b"2"])


def test_records_arrive_whole_and_partitions_in_order(broker: EmbeddedBroker, reader: TopicReader) -> None:
    """Null values, null keys, headers and timestamps are those of the log (P29, F037)."""
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "log_level": 0})
    producer.produce("t", key=b"k", value=b"v", partition=0, timestamp=1234, headers=[("a", None)])
    producer.produce("t", key=None, value=None, partition=0)
    producer.flush(10)
    produce(broker, "t", 50, partition=1)
    records = list(reader.read([P0, P1], seconds_max=20))
    first, second = [record for record in records if record.partition == 0]
    assert (first.key, first.value, first.timestamp_ms) == (b"k", b"v", 1234)
    assert list(first.headers) == [("a", None)]
    assert (second.key, second.value, list(second.headers)) == (None, None, [])
    assert [record.offset for record in records if record.partition == 1] == list(range(50))


def test_it_ends_at_the_captured_end(broker: EmbeddedBroker, reader: TopicReader) -> None:
    """Records that are written while it reads are not read, so reading ends under load."""
    produce(broker, "t", 5)
    ends = {p: mark.high for p, mark in reader.watermarks([P0, P1]).items()}
    produce(broker, "t", 5)
    produce(broker, "t", 5, partition=1)
    assert [record.offset for record in reader.read([P0, P1], ends=ends, seconds_max=20)] == list(range(5))


def test_an_end_further_on_follows_the_topic(broker: EmbeddedBroker, reader: TopicReader) -> None:
    """It waits for records that are not written yet."""
    produce(broker, "t", 1)
    reading = reader.read([P0], "earliest", ends={P0: 2}, seconds_max=20)
    assert next(reading).value == b"0"
    produce(broker, "t", 1)
    assert [record.offset for record in reading] == [1]


def test_one_reader_reads_many_times(broker: EmbeddedBroker, reader: TopicReader) -> None:
    """Also after a reading that its caller left, or that paused a partition at its end (P11)."""
    produce(broker, "t", 5)
    assert next(reader.read([P0], seconds_max=20)).offset == 0
    assert len(values(reader, "earliest")) == 5
    assert len(values(reader, "earliest", P0, P1)) == 5


def test_a_reading_that_was_left_disturbs_no_other(broker: EmbeddedBroker) -> None:
    """Its end unassigns nothing that a later reading needs, and does not reach a closed client."""
    produce(broker, "t", 5)
    with TopicReader(settings(broker), LOGGER) as reader:
        left = reader.read([P0], seconds_max=20)
        next(left)
        reading = reader.read([P0], seconds_max=20)
        assert next(reading).offset == 0
        left.close()  # type: ignore[attr-defined]
        assert [record.offset for record in reading] == [1, 2, 3, 4]
        left = reader.read([P0], seconds_max=20)
        next(left)
    left.close()  # type: ignore[attr-defined]


def test_it_joins_no_group_and_commits_nothing(broker: EmbeddedBroker, reader: TopicReader) -> None:
    """The group that the settings name has no member and no offset afterwards."""
    produce(broker, "t", 5)
    assert len(values(reader, "earliest")) == 5
    client = Consumer({"bootstrap.servers": broker.bootstrap_servers, "group.id": "g", "log_level": 0})
    [committed] = client.committed([ClientPartition("t", 0)], timeout=10)
    client.close()
    assert committed.offset < 0
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers, "log_level": 0})
    groups = admin.list_consumer_groups(request_timeout=10).result().valid
    assert [group.group_id for group in groups if group.group_id == "g"] == []


def test_its_source_calls_nothing_that_joins_or_commits() -> None:
    """The promise does not depend on a broker: no such call is in the file."""
    tree = ast.parse(Path(str(module.__file__)).read_text("utf-8"))
    called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not called & {"commit", "subscribe", "store_offsets", "consume", "committed"}


def test_a_group_that_the_client_may_not_use_is_no_obstacle(
    broker: EmbeddedBroker, reader: TopicReader
) -> None:
    """Reading needs rights on the topic only (F034)."""
    broker.push_errors(ApiKey.FIND_COORDINATOR, [KafkaError.GROUP_AUTHORIZATION_FAILED] * 20)
    produce(broker, "t", 5)
    assert len(values(reader, "earliest")) == 5


def test_a_static_member_of_the_new_protocol_reads_too(broker: EmbeddedBroker) -> None:
    """The keys that only a member needs do not matter."""
    produce(broker, "t", 5)
    more = {"group.protocol": "consumer", "group.instance.id": "one", "group.remote.assignor": "uniform"}
    with TopicReader(settings(broker, **more), LOGGER) as reader:
        assert len(values(reader, "earliest")) == 5


def test_the_deadline_says_what_is_left(broker: EmbeddedBroker, reader: TopicReader) -> None:
    """Records until then are yielded; the error names partition, offset and end."""
    produce(broker, "t", 3)
    reading = reader.read([P0, P1], ends={P0: 9, P1: 0}, seconds_max=1)
    assert [next(reading).offset for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ReadDeadlineError, match=r"t-0 at 3 of 9") as failure:
        next(reading)
    assert failure.value.unread == {P0: 3}


def test_brokers_that_are_away(broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question is answered within its time, with librdkafka's reason, and `close` returns (F030, P07)."""
    monkeypatch.setattr(module, "ANSWER_SECONDS_MAX", 1.0)
    broker.down()
    reader = TopicReader(settings(broker), LOGGER)
    with pytest.raises(ReadError, match=r"the list of topics: .*(refused|disconnected)"):
        reader.topics()
    began = time.monotonic()
    assert reader.close()
    assert time.monotonic() - began < module.CLOSE_SECONDS_MAX


def test_a_topic_that_may_not_be_read(broker: EmbeddedBroker, reader: TopicReader) -> None:
    """The text names the right that is missing (F034)."""
    produce(broker, "t", 3)
    reading = reader.read([P0], ends={P0: 99}, seconds_max=20)
    assert next(reading).offset == 0
    broker.push_errors(ApiKey.FETCH, [KafkaError.TOPIC_AUTHORIZATION_FAILED] * 20)
    with pytest.raises(ReadError, match=r"topic t: TOPIC_AUTHORIZATION_FAILED: .*allow READ"):
        list(reading)


def test_retention_that_overtakes_it_leaves_records_out(broker: EmbeddedBroker, reader: TopicReader) -> None:
    """It continues where the log begins now (F021)."""
    produce(broker, "t", 3)
    reading = reader.read([P0], ends={P0: 8}, seconds_max=20)
    assert [next(reading).offset for _ in range(3)] == [0, 1, 2]
    produce(broker, "t", 5)
    broker.delete_records("t", 0, 6)
    rest = [record.offset for record in reading]
    assert rest in ([6, 7], [3, 4, 5, 6, 7])  # it may have fetched the others before


def test_a_corrupt_batch_ends_the_reading(broker: EmbeddedBroker, reader: TopicReader) -> None:
    """Records after it cannot be trusted (F035)."""
    produce(broker, "t", 3)
    reading = reader.read([P0], ends={P0: 99}, seconds_max=20)
    assert next(reading).offset == 0
    broker.push_errors(ApiKey.FETCH, [KafkaError.INVALID_MSG] * 20)
    with pytest.raises(FatalError, match=r"t-0: INVALID_MSG: .*the log is corrupt there"):
        list(reading)


def test_a_setting_that_librdkafka_refuses() -> None:
    """It is a problem of the configuration."""
    with pytest.raises(ConfigError, match=r"ssl\.ca\.location"):
        TopicReader({"security.protocol": "ssl", "ssl.ca.location": "/no/such/ca.pem"}, LOGGER)
