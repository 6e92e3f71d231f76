"""The stack itself: what SQL does becomes Debezium's records, and a broker keeps them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, Producer, TopicPartition

from tests.stack.connect import ConnectWorker
from tests.stack.kafka_broker import KafkaBroker
from tests.stack.postgres import PostgresServer

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

SECONDS = 30


@contextmanager
def reader(kafka: KafkaBroker, topic: str, partitions: int) -> Iterator[Consumer]:
    """Give a consumer that reads all of `topic` from its beginning, without a group."""
    consumer = Consumer(
        {
            "bootstrap.servers": kafka.bootstrap_servers,
            "group.id": f"reader-of-{topic}",
        }
    )
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in range(partitions)])
    try:
        yield consumer
    finally:
        consumer.close()


def read(consumer: Consumer, count: int) -> list[Message]:
    """Read `count` records."""
    messages: list[Message] = []
    while len(messages) < count:
        message = consumer.poll(SECONDS)
        assert message is not None, f"{len(messages)} of {count} records came within {SECONDS} s"
        assert message.error() is None
        messages.append(message)
    return messages


def value(message: Message) -> Any:
    """Return the decoded value, None for a tombstone."""
    return None if message.value() is None else json.loads(message.value() or b"")


def test_sql_becomes_debezium_records(
    kafka: KafkaBroker, postgres: PostgresServer, connect: ConnectWorker
) -> None:
    """A row inserted, updated and deleted by SQL arrives as Debezium's c, u, d and a tombstone (P29)."""
    topic = "harness.public.person"
    kafka.create_topic(topic)
    with postgres.connect() as sql, reader(kafka, topic, 1) as consumer:
        sql.execute("CREATE TABLE person (id int PRIMARY KEY, name text, born date)")
        sql.execute("INSERT INTO person VALUES (1, 'snapshot', '1999-12-31')")
        connect.put_debezium("harness", postgres, "public.person")
        [snapshot] = read(consumer, 1)
        sql.execute("INSERT INTO person VALUES (2, 'Ada', '1815-12-10')")
        sql.execute("UPDATE person SET name = 'Grace' WHERE id = 2")
        sql.execute("DELETE FROM person WHERE id = 2")
        created, updated, deleted, tombstone = read(consumer, 4)
        connect.delete("harness")

    assert value(snapshot)["op"] == "r"
    assert value(created)["op"] == "c"
    assert value(created)["after"] == {"id": 2, "name": "Ada", "born": -56270}
    assert value(updated)["after"]["name"] == "Grace"
    assert value(deleted)["op"] == "d"
    assert value(deleted)["after"] is None
    assert tombstone.value() is None
    assert json.loads(tombstone.key() or b"") == {"id": 2}


@pytest.mark.parametrize("end", [KafkaBroker.stop, KafkaBroker.kill])
def test_a_restarted_broker_keeps_its_records(kafka: KafkaBroker, end: Any) -> None:
    """What was confirmed before the broker stopped or was killed can be read afterwards."""
    topic = f"restart-{end.__name__}"
    kafka.create_topic(topic, partitions=2)
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers, "acks": "all"})
    for number in range(100):
        producer.produce(topic, value=str(number), partition=number % 2)
    assert producer.flush(SECONDS) == 0

    end(kafka)
    kafka.start()
    kafka.await_ready()

    with reader(kafka, topic, 2) as consumer:
        assert {int(message.value() or b"") for message in read(consumer, 100)} == set(range(100))
