"""With `format: auto` and a registry: a topic that changes its format, and bad bytes of every kind."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import pytest

from connector.sandbox.customers import COLUMNS, Customer
from connector.sandbox.debezium import Table
from connector.sandbox.formats import FORMATS
from connector.sandbox.records import table as records
from connector.sandbox.records.table import SHOP
from connector.sandbox.registry.server import SandboxRegistry
from connector.sandbox.registry.store import SchemaStore
from connector.sandbox.sample import CUSTOMERS_TOPIC
from connector.sandbox.writer import SampleRecord, Writer
from tests.integration.service import Service
from tests.integration.shop import AT_US, Raw, at_version, created, customer, range_of, raw
from tests.integration.stage import Stage
from tests.waiting import wait_for

UNKNOWN_ID = 4_711


@pytest.fixture
def registry() -> Iterator[SandboxRegistry]:
    """Serve the schemas that a test writes with."""
    with SandboxRegistry() as serving:
        yield serving


def reading(stage: Stage, registry: SandboxRegistry) -> Service:
    """Make an instance that takes customers in any format; it is not started."""
    service = stage.service(
        edit=lambda document: document.update(schema_registry={"type": "confluent", "url": registry.url})
    )
    customers = service.config.parent / "topics" / "customers.yaml"
    customers.write_text(customers.read_text().replace("format: json", "format: auto"))
    return service


def customers_in(name: str, store: SchemaStore) -> Table:
    """Give the table as a connector writes it whose converters write this format."""
    converter = FORMATS[name](store)
    return Table("customers", writer=Writer(converter, converter))


def written(table: Table, *people: Customer) -> list[SampleRecord]:
    """Give the records of UPDATEs."""
    return [table.update(one.row(AT_US), AT_US) for one in people]


def test_a_topic_migrates_while_it_is_read(stage: Stage, registry: SandboxRegistry) -> None:
    """From JSON to Avro and on to JSON with schema: all arrives in order; the status tells the formats."""
    people = range_of(1, 40)
    json, avro, embedded = (
        customers_in(name, registry.store) for name in ("json", "avro-confluent", "json-embedded")
    )
    service = reading(stage, registry)
    service.start()
    stage.produce(written(json, *people), partition=0)
    stage.await_contacts(people, service)
    assert service.topic(CUSTOMERS_TOPIC)["formats"] == ["JSON"]

    stage.produce(written(avro, *at_version(people, 2)), partition=0)
    stage.produce(written(json, *at_version(people[:5], 3)), partition=0)
    gone, stay = people[30:], [*at_version(people[:5], 3), *at_version(people[5:30], 4)]
    stage.produce(written(embedded, *stay[5:]), partition=0)
    stage.produce((record for one in gone for record in avro.delete(one.row(AT_US), AT_US)), partition=0)
    stage.await_contacts(stay, service)
    stage.await_gone(gone, service)
    stage.await_committed(service)

    seen = ["Avro (Confluent framing)", "JSON", "JSON with schema"]
    wait_for(lambda: service.topic(CUSTOMERS_TOPIC)["formats"] == seen, 20, "the formats", service)
    metrics = service.get("/metrics")
    assert metrics is not None
    for name in seen:
        labels = f'format="{name}",topic="{CUSTOMERS_TOPIC}"'
        assert f"instasent_connector_topic_format_info{{{labels}}} 1.0" in metrics.text
    assert stage.dead_letters() == []
    assert service.stop() == 0
    stage.assert_in_order()


class Bad(NamedTuple):
    """Bytes that nobody can read, and what the reason of their dead letter must say."""

    make: Callable[[SchemaStore], Raw]
    says: str


def _cut(name: str) -> Callable[[SchemaStore], Raw]:
    """Cut the end off a customer's record in some format."""

    def make(store: SchemaStore) -> Raw:
        (record,) = written(customers_in(name, store), customer(1))
        headers = tuple((key, value) for key, value in record.headers if value is not None)
        return Raw(CUSTOMERS_TOPIC, b'{"id":1}', (record.value or b"")[:-3], headers)

    return make


def _under(kind: str, text: str, body: bytes) -> Callable[[SchemaStore], Raw]:
    """Frame a body with the id of some schema."""

    def make(store: SchemaStore) -> Raw:
        return raw(b"\0" + store.register("bad", text, kind).id.to_bytes(4, "big") + body)

    return make


BAD: Mapping[str, Bad] = {
    "JSON": Bad(_cut("json"), "not JSON"),
    "JSON with its schema": Bad(_cut("json-embedded"), "not JSON"),
    "an embedded schema": Bad(
        lambda _: raw(b'{"schema":{"type":"struct","fields":7},"payload":{}}'),
        "JSON with an embedded schema: ",
    ),
    "text": Bad(lambda _: raw(b"<row id=1/>"), "JSON, Avro or JSON Schema expected: "),
    "a struct of Java": Bad(lambda _: raw(b"Struct{id=1}"), "Java's text of a struct"),
    "half a frame": Bad(lambda _: raw(b"\0\0\1"), "it begins as Avro does"),
    "Avro": Bad(_cut("avro-confluent"), "Confluent framing: Avro: "),
    "Avro by GUID": Bad(_cut("avro-confluent-guid"), "Confluent GUID framing: Avro: "),
    "Avro by headers": Bad(_cut("avro-confluent-header"), "Confluent GUID framing in headers: Avro: "),
    "JSON Schema": Bad(_cut("json-schema-confluent"), "Confluent framing: not JSON"),
    "Protobuf": Bad(_under("PROTOBUF", 'syntax = "proto3";', b"\0\x08\1"), "PROTOBUF is not supported"),
    "a hostile schema": Bad(
        _under("AVRO", '{"type":"record","name":"R","fields":[{"name":"r","type":"R"}]}', b"\0"),
        "the schema is recursive",
    ),
    "an id that nobody knows": Bad(
        lambda _: raw(b"\0" + UNKNOWN_ID.to_bytes(4, "big") + b"\0"), f"id {UNKNOWN_ID}"
    ),
    "eight bytes of an id": Bad(lambda _: raw(b"\0" + UNKNOWN_ID.to_bytes(8, "big") + b"\0"), "use_id"),
    "Apicurio's JSON": Bad(lambda _: raw(b'{"schemaId":4711,"payload":{"id":1}}'), "use_id"),
}


def test_bad_bytes_of_every_kind_say_what_was_tried(stage: Stage, registry: SandboxRegistry) -> None:
    """Each is stored byte for byte, its reason names the format, and its neighbours arrive.

    F036, F040, F041, F042, S08, S15.
    """
    people = range_of(2, 1 + len(BAD))
    avro = customers_in("avro-confluent", registry.store)
    made = {name: bad.make(registry.store) for name, bad in BAD.items()}
    for person, record in zip(people, made.values(), strict=True):
        stage.produce([record, *written(avro, person)], partition=0)
    service = reading(stage, registry)
    stage.run_until_caught_up(service)
    stage.await_contacts(people)
    letters = {letter.value: letter for letter in stage.dead_letters()}
    assert [name for name, record in made.items() if record.value not in letters] == []
    for name, record in made.items():
        letter = letters[record.value]
        assert (letter.key, letter.headers) == (record.key, record.headers)
        assert letter.why["rule"] == "decode", name
        assert BAD[name].says in letter.why["reason"], name


def test_a_truncated_table_is_warned_about_once(stage: Stage, registry: SandboxRegistry) -> None:
    """Its records are skipped, the contacts stay, and the log says so once for the topic (F038)."""
    people = range_of(1, 5)
    table = records.Table(SHOP._replace(table="customers"), COLUMNS)
    writer = Writer(FORMATS["avro-confluent"](registry.store))
    stage.produce(created(*people), partition=0)
    stage.produce(writer.records(3 * table.truncate(AT_US)))
    service = reading(stage, registry)
    stage.run_until_caught_up(service)
    warnings = [line for line in service.events() if "truncated" in line["event"]]
    assert [(line["topic"], line["level"]) for line in warnings] == [(CUSTOMERS_TOPIC, "warning")]
    stage.await_contacts(people)
    assert stage.dead_letters() == []
