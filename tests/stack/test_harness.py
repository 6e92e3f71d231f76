"""The stack itself: what SQL does becomes Debezium's records, and what must last outlives a kill."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import fastavro
import httpx
import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, Producer, TopicPartition

from tests.stack.connect import ConnectWorker
from tests.stack.debezium import avro
from tests.stack.kafka_broker import KafkaBroker
from tests.stack.mariadb import MariaDbServer
from tests.stack.postgres import PostgresServer
from tests.stack.registry import Registry

pytestmark = pytest.mark.stack

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
    """Records that a broker confirmed before it stopped or was killed can be read afterwards."""
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


def test_sql_in_mariadb_becomes_debezium_records(
    kafka: KafkaBroker, mariadb: MariaDbServer, connect: ConnectWorker
) -> None:
    """A row that MariaDB's snapshot finds, a change and a delete arrive, each with the whole old row."""
    topic = "harness-m.shop.person"
    kafka.create_topic(topic)
    mariadb.execute("CREATE TABLE person (id int PRIMARY KEY, name text, born date)")
    mariadb.execute("INSERT INTO person VALUES (1, 'Ñora', '1999-12-31')")
    with reader(kafka, topic, 1) as consumer:
        connect.put_debezium("harness-m", mariadb, "shop.person")
        [snapshot] = read(consumer, 1)
        mariadb.execute("UPDATE person SET born = NULL WHERE id = 1")
        assert mariadb.query("SELECT * FROM person") == [{"id": "1", "name": "Ñora", "born": None}]
        mariadb.execute("DELETE FROM person WHERE id = 1")
        updated, deleted, tombstone = read(consumer, 3)
        connect.delete("harness-m")

    row = {"id": 1, "name": "Ñora", "born": 10956}
    assert (value(snapshot)["op"], value(snapshot)["after"]) == ("r", row)
    assert (value(updated)["before"], value(updated)["after"]) == (row, row | {"born": None})
    assert (value(deleted)["op"], value(deleted)["before"]) == ("d", row | {"born": None})
    assert tombstone.value() is None


def test_a_killed_registry_keeps_its_schemas(
    kafka: KafkaBroker, postgres: PostgresServer, connect: ConnectWorker, registry: Registry
) -> None:
    """Ids resolve after a kill; a source that needed the registry meanwhile loses nothing by a restart.

    The converter knows for 30 s what it has registered; for a new schema its task fails at once.
    """
    topic = "harness-a.public.place"
    kafka.create_topic(topic)
    keep = {"slot.drop.on.stop": "false"}
    with postgres.connect() as sql, reader(kafka, topic, 1) as consumer:
        sql.execute("CREATE TABLE place (id int PRIMARY KEY, name text)")
        sql.execute("INSERT INTO place VALUES (1, 'before')")
        connect.put_debezium("harness-a", postgres, "public.place", avro(registry, framing="confluent"), keep)
        [before] = read(consumer, 1)
        text = schema(registry, before)
        registry.kill()
        sql.execute("ALTER TABLE place ADD COLUMN size int")
        sql.execute("INSERT INTO place VALUES (2, 'meanwhile', 42)")
        connect.await_failure("harness-a")
        registry.start()
        registry.await_ready()
        connect.restart("harness-a")
        [meanwhile] = read(consumer, 1)
        connect.delete("harness-a")

    assert schema(registry, before) == text
    assert row_after(text, before) == {"id": 1, "name": "before"}
    assert row_after(schema(registry, meanwhile), meanwhile) == {"id": 2, "name": "meanwhile", "size": 42}


def schema(registry: Registry, message: Message) -> str:
    """Return the schema that the registry has under the id in a record's framing."""
    number = int.from_bytes((message.value() or b"")[1:5], "big")
    answer = httpx.get(f"{registry.confluent}/schemas/ids/{number}").raise_for_status()
    return str(answer.json()["schema"])


def row_after(schema: str, message: Message) -> Any:
    """Return the row in an Avro record."""
    writer = fastavro.parse_schema(json.loads(schema))
    decoded: Any = fastavro.schemaless_reader(io.BytesIO((message.value() or b"")[5:]), writer, None)
    return decoded["after"]
