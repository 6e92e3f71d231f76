"""The reader without a group, on logs with gaps, control records and transactions."""

import logging
import time
from collections.abc import Iterator

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from connector.model import TopicPartition
from connector.shell.kafka.client_settings import KafkaSettings
from connector.shell.kafka.reader import AtTime, LastRecords, TopicReader
from tests.stack.log_surgery import configure, offsets
from tests.stack.secured import SecuredBroker
from tests.waiting import wait_for

pytestmark = pytest.mark.stack

SECONDS = 30
GROUP = "read-by-none"


@pytest.fixture
def reader(secured: SecuredBroker) -> Iterator[TopicReader]:
    """A reader with the settings of a service."""
    settings: KafkaSettings = {
        "bootstrap.servers": secured.bootstrap_servers,
        "group.id": GROUP,
        "log_level": 0,
    }
    with TopicReader(settings, logging.getLogger("tests.reader")) as reader:
        yield reader


def write(producer: Producer, topic: str, *records: tuple[str, str]) -> None:
    """Append records, one segment each where the topic is so configured."""
    for key, value in records:
        producer.produce(topic, key=key, value=value, partition=0)
        assert producer.flush(SECONDS) == 0


def test_gaps_of_compaction_count_as_reached(secured: SecuredBroker, reader: TopicReader) -> None:
    """The end is reached where no record is left before it, and the last records are records (F018, F020)."""
    topic, partition = "reader-compacted", TopicPartition("reader-compacted", 0)
    secured.create_topic(topic)
    configure(secured, topic, cleanup_policy="compact", min_cleanable_dirty_ratio="0.001", segment_ms=1)
    producer = Producer({"bootstrap.servers": secured.bootstrap_servers, "log_level": 0})
    write(producer, topic, ("first", "1"), *[("again", str(number)) for number in range(30)], ("last", "1"))
    wait_for(lambda: len(offsets(secured, topic)) <= 4, SECONDS, "the compaction")
    left = offsets(secured, topic)
    assert [record.offset for record in reader.read([partition], seconds_max=SECONDS)] == left
    gap = reader.read([partition], ends={partition: 20}, seconds_max=SECONDS)
    assert [record.offset for record in gap] == [offset for offset in left if offset < 20]
    last = reader.read([partition], LastRecords(len(left)), seconds_max=SECONDS)
    assert [record.offset for record in last] == left
    assert [record.key for record in reader.read([partition], LastRecords(1))] == [b"last"]


def test_transactions(secured: SecuredBroker, reader: TopicReader) -> None:
    """Aborted records are left out, control records count as reached, an open one is after the end (F019)."""
    topic, partition = "reader-transactions", TopicPartition("reader-transactions", 0)
    secured.create_topic(topic)
    producer = Producer({"bootstrap.servers": secured.bootstrap_servers, "transactional.id": "reader"})
    producer.init_transactions(SECONDS)
    for value, end in (("1", producer.commit_transaction), ("2", producer.abort_transaction)):
        producer.begin_transaction()
        write(producer, topic, ("k", value))
        end(SECONDS)

    def read() -> list[bytes | None]:
        return [record.value for record in reader.read([partition], seconds_max=SECONDS)]

    wait_for(lambda: reader.watermarks([partition])[partition].high == 4, SECONDS, "both control records")
    assert read() == [b"1"]
    assert [record.value for record in reader.read([partition], LastRecords(1))] == [b"1"]
    producer.begin_transaction()
    write(producer, topic, ("k", "3"))
    assert reader.watermarks([partition])[partition].high == 4
    assert read() == [b"1"]
    producer.commit_transaction(SECONDS)
    wait_for(lambda: reader.watermarks([partition])[partition].high == 6, SECONDS, "the commit")
    assert read() == [b"1", b"3"]


def test_times_and_groups(secured: SecuredBroker, reader: TopicReader) -> None:
    """Reading from a time begins at the first record that is not older; no group appears."""
    topic = "reader-times"
    secured.create_topic(topic, 2)
    producer = Producer({"bootstrap.servers": secured.bootstrap_servers, "log_level": 0})
    begin_ms = int(time.time() * 1000) - 60_000  # retention counts by timestamps: records of long ago vanish
    for number in range(10):
        producer.produce(topic, value=str(number), partition=0, timestamp=begin_ms + number)
    assert producer.flush(SECONDS) == 0
    both = reader.partitions(topic)
    found = reader.read(both, AtTime(begin_ms + 7), seconds_max=SECONDS)
    assert [record.value for record in found] == [b"7", b"8", b"9"]
    assert list(reader.read(both, AtTime(begin_ms + 3_600_000), seconds_max=SECONDS)) == []
    admin = AdminClient({"bootstrap.servers": secured.bootstrap_servers, "log_level": 0})
    groups = admin.list_consumer_groups(request_timeout=SECONDS).result().valid
    assert GROUP not in [group.group_id for group in groups]
