"""Debezium's records of each form arrive as the database has them; no setting names a format or a type.

The databases, Debezium, Kafka, the registry and the connector are real, each in a process of its own.
"""

from pathlib import Path

import pytest

from tests.stack import typed, typed_mariadb
from tests.stack.connect import ConnectWorker
from tests.stack.debezium import Options, avro, flattened, json_with_schema, outbox, signals
from tests.stack.kafka_broker import KafkaBroker
from tests.stack.mariadb import MariaDbServer
from tests.stack.postgres import PostgresServer
from tests.stack.reading import connectors, reading
from tests.stack.registry import Registry
from tests.stack.versioned import assert_clean

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

OUTBOX = """
CREATE TABLE orders_outbox (
    id uuid PRIMARY KEY, aggregatetype text NOT NULL, aggregateid text NOT NULL, type text NOT NULL,
    payload jsonb
)
"""
ORDER = """
INSERT INTO orders_outbox VALUES (%(id)s, 'order', %(number)s, 'OrderPlaced',
    jsonb_build_object('total', %(total)s::float8, 'customer', jsonb_build_object('id', 7)))
"""
EVENT_ID = "c0ffee00-0000-4000-8000-00000000000{}"
ORDERS = {1: 12.5, 2: 25.0, 3: 0.1, 4: 99.95}
"""The total of each order."""
OUTBOX_MAPPING = """\
topic: expanded.order
shape: outbox
event:
  type: purchase
  user_id: customer.id
  parameters: {order: __key, total: total, what: __headers.eventType}
"""

AGAIN_ROWS = 50  # as many as `AGAIN` makes
AGAIN = """
CREATE TABLE again (id int PRIMARY KEY, name text, row_version int NOT NULL);
INSERT INTO again SELECT id, 'row ' || id, 1 FROM generate_series(1, 50) id;
CREATE TABLE again_signals (id varchar(42) PRIMARY KEY, type varchar(32) NOT NULL, data varchar(2048));
"""
SIGNAL = """
INSERT INTO again_signals
VALUES ('once-more', 'execute-snapshot', '{"data-collections": ["public.again"], "type": "incremental"}')
"""
AGAIN_MAPPING = """\
topic: {}
contact:
  user_id: id
  on_delete: delete
  attributes: {{name: name, row_version: row_version}}
"""


def test_every_form_of_a_row_of_postgresql_is_the_same_contact(
    kafka: KafkaBroker, postgres: PostgresServer, connect: ConnectWorker, registry: Registry, tmp_path: Path
) -> None:
    """One table in five forms: each contact equals its row, through updates, nulls, deletes, a new key.

    A delete with its tombstone is one call, also flattened (F037, F044, F045).
    """
    confluent = avro(registry, framing="confluent")
    forms: dict[str, tuple[Options, ...]] = {
        "form-json": (json_with_schema(),),
        "form-avro": (confluent,),
        "form-avro8": (avro(registry, framing="8 bytes"),),
        "form-headers": (avro(registry, framing="headers"),),
        "form-flat": (confluent, flattened("rewrite-with-tombstone", fields="op,source.connector")),
    }
    topics = {f"{name}.public.typed": typed.mapping(f"{name}.public.typed", name) for name in forms}
    with postgres.connect() as sql, reading("forms", tmp_path, kafka, registry, topics) as reader:
        sql.execute(typed.TABLE)
        sql.execute(typed.INSERT)
        with connectors(connect, postgres, "public.typed", forms):
            reader.await_contacts(typed.contacts(sql, forms))
            for statement in typed.CHANGES:
                sql.execute(statement)
            reader.await_contacts(typed.contacts(sql, forms))
            for topic in topics:
                reader.await_committed(topic)
        assert_clean(reader.sandbox, reader.service)
        assert reader.sandbox.report()["calls"]["delete"] == typed.DELETIONS * len(forms)


def test_rows_of_mariadb_in_avro(
    kafka: KafkaBroker, mariadb: MariaDbServer, connect: ConnectWorker, registry: Registry, tmp_path: Path
) -> None:
    """Each contact equals its row, through an update, nulls, a delete and a new key (F044, F045)."""
    mariadb.execute(typed_mariadb.TABLE)
    mariadb.execute(typed_mariadb.INSERT)
    topics = {typed_mariadb.TOPIC: typed_mariadb.MAPPING}
    forms: dict[str, tuple[Options, ...]] = {"form-maria": (avro(registry, framing="confluent"),)}
    with (
        reading("form-maria", tmp_path, kafka, registry, topics) as reader,
        connectors(connect, mariadb, "shop.typed", forms),
    ):
        reader.await_contacts(typed_mariadb.contacts(mariadb))
        for statement in typed_mariadb.CHANGES:
            mariadb.execute(statement)
        reader.await_contacts(typed_mariadb.contacts(mariadb))
        reader.await_committed(typed_mariadb.TOPIC)
        assert_clean(reader.sandbox, reader.service)
        assert reader.sandbox.report()["calls"]["delete"] == typed_mariadb.DELETIONS


def test_an_expanded_outbox_becomes_events(
    kafka: KafkaBroker, postgres: PostgresServer, connect: ConnectWorker, registry: Registry, tmp_path: Path
) -> None:
    """Expanded payloads in Avro are events with the outbox's ids; cleaning the table up says nothing."""
    routed = outbox(expand=True, topic="expanded.${routedByValue}", placement="type:header:eventType")
    forms: dict[str, tuple[Options, ...]] = {"expanded": (avro(registry, framing="confluent"), routed)}
    topics = {"expanded.order": OUTBOX_MAPPING}
    expected = {
        EVENT_ID.format(number): (
            "7",
            "purchase",
            {"order": str(number), "total": total, "what": "OrderPlaced"},
        )
        for number, total in ORDERS.items()
    }
    with (
        postgres.connect() as sql,
        reading("expanded", tmp_path, kafka, registry, topics) as reader,
    ):
        sql.execute(OUTBOX)
        with connectors(connect, postgres, "public.orders_outbox", forms):
            for count, (number, total) in enumerate(ORDERS.items(), 1):
                sql.execute(ORDER, {"id": EVENT_ID.format(number), "number": number, "total": total})
                reader.await_events(count)
                sql.execute("DELETE FROM orders_outbox")
            reader.await_committed("expanded.order")
        got = {
            event["_event_id"]: (event["_user_id"], event["_event_type"], event["_event_parameters"])
            for event in reader.sandbox.events().values()
        }
        assert got == expected
        assert_clean(reader.sandbox, reader.service)
        assert set(reader.sandbox.report()["calls"]) <= {"events", "stream"}


def test_an_incremental_snapshot_is_queued(
    kafka: KafkaBroker, postgres: PostgresServer, connect: ConnectWorker, registry: Registry, tmp_path: Path
) -> None:
    """Rows that a snapshot reads, at first and again by a signal, go to the queue; signals are skipped."""
    topic, signalled = "again.public.again", "again.public.again_signals"
    topics = {one: AGAIN_MAPPING.format(one) for one in (topic, signalled)}
    form = (avro(registry, framing="confluent"), signals("public.again_signals"))
    rows = {
        str(number): {"_user_id": str(number), "name": f"row {number}", "row_version": 1}
        for number in range(1, AGAIN_ROWS + 1)
    }
    with postgres.connect() as sql, reading("again", tmp_path, kafka, registry, topics) as reader:
        sql.execute(AGAIN)
        with connectors(connect, postgres, "public.again,public.again_signals", {"again": form}):
            reader.await_contacts(rows)
            assert reader.queued() == AGAIN_ROWS
            sql.execute(SIGNAL)
            reader.await_queued(2 * AGAIN_ROWS)
            # The signal, and at least two rows that open and close a window of the snapshot.
            reader.await_skipped(signalled, "signal", 3)
            sql.execute("UPDATE again SET name = 'changed', row_version = 2 WHERE id = 1")
            rows["1"] |= {"name": "changed", "row_version": 2}
            reader.await_contacts(rows)
            reader.await_committed(topic)
        assert reader.queued() == 2 * AGAIN_ROWS
        assert_clean(reader.sandbox, reader.service)
