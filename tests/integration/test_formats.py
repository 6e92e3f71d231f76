"""With `format: auto` and a registry: a topic that changes its format, and bad bytes of every kind."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from connector.sandbox.customers import COLUMNS, Customer
from connector.sandbox.debezium import SampleTable
from connector.sandbox.records import table as records
from connector.sandbox.records.table import SHOP
from connector.sandbox.writer import SampleRecord, Writer
from tests.imitation.formats import FORMATS
from tests.integration.shop import AT_US, Raw, at_version, customer, range_of, raw
from tests.integration.stores import STORES_TOPIC, Stores
from tests.waiting import wait_for

UNKNOWN_ID = 4_711
KEY = b'{"id":1}'


def written(table: SampleTable, *people: Customer) -> list[SampleRecord]:
    """Give the records of UPDATEs."""
    return [table.update(one.row(AT_US), AT_US) for one in people]


def test_a_topic_migrates_while_it_is_read(stores: Stores) -> None:
    """From JSON to Avro and then to JSON with schema: all arrives in order; the status shows the formats."""
    people = range_of(1, 40)
    deployment = stores.deployment
    json, avro, embedded = stores.bare, stores.table(), stores.table(format_="json-embedded")
    service = stores.service()
    service.start()
    deployment.produce(written(json, *people), partition=0)
    deployment.await_contacts(people, service)
    wait_for(lambda: service.topic(STORES_TOPIC)["formats"] == ["JSON"], 20, "the first format", service)

    deployment.produce(written(avro, *at_version(people, 2)), partition=0)
    deployment.produce(written(json, *at_version(people[:5], 3)), partition=0)
    gone, stay = people[30:], [*at_version(people[:5], 3), *at_version(people[5:30], 4)]
    deployment.produce(written(embedded, *stay[5:]), partition=0)
    deployment.produce((record for one in gone for record in avro.delete(one.row(AT_US), AT_US)), partition=0)
    deployment.await_contacts(stay, service)
    deployment.await_gone(gone, service)
    deployment.await_committed(service)

    seen = ["Avro (Confluent framing)", "JSON", "JSON with schema"]
    wait_for(lambda: service.topic(STORES_TOPIC)["formats"] == seen, 20, "the formats", service)
    metrics = service.get("/metrics")
    assert metrics is not None
    for name in seen:
        labels = f'format="{name}",topic="{STORES_TOPIC}"'
        assert f"instasent_connector_topic_format_info{{{labels}}} 1.0" in metrics.text
    assert deployment.dead_letters() == []
    assert service.stop() == 0
    deployment.assert_in_order()


class Bad(NamedTuple):
    """Bytes that cannot be decoded, and a part of the reason in their dead letter."""

    make: Callable[[Stores], Raw]
    says: str


def _cut(format_: str, stores: Stores) -> Raw:
    """Cut the end off a customer's record."""
    (record,) = written(stores.table(format_=format_), customer(1))
    headers = tuple((name, value) for name, value in record.headers if value is not None)
    return Raw(STORES_TOPIC, KEY, (record.value or b"")[:-3], headers)


def _under(kind: str, text: str, body: bytes, stores: Stores) -> Raw:
    """Frame a body with the id of some schema."""
    known = stores.registry.store.register("bad", text, kind)
    return raw(b"\0" + known.id.to_bytes(4, "big") + body, KEY, STORES_TOPIC)


def _value(value: bytes, _stores: Stores) -> Raw:
    return raw(value, KEY, STORES_TOPIC)


RECURSIVE = '{"type":"record","name":"R","fields":[{"name":"r","type":"R"}]}'
NO_FIELDS = b'{"schema":{"type":"struct","fields":7},"payload":{}}'

BAD: Mapping[str, Bad] = {
    "JSON": Bad(partial(_cut, "json"), "not JSON"),
    "JSON with its schema": Bad(partial(_cut, "json-embedded"), "not JSON"),
    "an embedded schema": Bad(partial(_value, NO_FIELDS), "JSON with an embedded schema: "),
    "text": Bad(partial(_value, b"<row id=1/>"), "JSON, Avro or JSON Schema expected: "),
    "a struct of Java": Bad(partial(_value, b"Struct{id=1}"), "Java's text of a struct"),
    "half a frame": Bad(partial(_value, b"\0\0\1"), "it begins like Avro"),
    "Avro": Bad(partial(_cut, "avro-confluent"), "Confluent framing: Avro: "),
    "Avro by GUID": Bad(partial(_cut, "avro-confluent-guid"), "Confluent GUID framing: Avro: "),
    "Avro by headers": Bad(
        partial(_cut, "avro-confluent-header"), "Confluent GUID framing in headers: Avro: "
    ),
    "JSON Schema": Bad(partial(_cut, "json-schema-confluent"), "Confluent framing: not JSON"),
    "Protobuf": Bad(partial(_under, "PROTOBUF", 'syntax = "proto3";', b"\0"), "PROTOBUF is not supported"),
    "a hostile schema": Bad(partial(_under, "AVRO", RECURSIVE, b"\0"), "the schema is recursive"),
    "an id that nobody knows": Bad(lambda stores: stores.unreadable(UNKNOWN_ID), f"schema id {UNKNOWN_ID}"),
    "eight bytes of an id": Bad(
        partial(_value, b"\0" + UNKNOWN_ID.to_bytes(8, "big") + b"\0"), f"schema 8-byte id {UNKNOWN_ID}"
    ),
    "Apicurio's JSON": Bad(
        partial(_value, b'{"schemaId":4711,"payload":{"id":1}}'), f"schema 8-byte id {UNKNOWN_ID}"
    ),
}


def test_bad_bytes_of_every_kind_say_what_was_tried(stores: Stores) -> None:
    """Each is stored byte for byte, its reason names the format, and its neighbours arrive.

    F036, F040, F042, S15.
    """
    people = range_of(2, 1 + len(BAD))
    deployment, avro = stores.deployment, stores.table()
    made = {name: bad.make(stores) for name, bad in BAD.items()}
    for person, record in zip(people, made.values(), strict=True):
        deployment.produce([record, *written(avro, person)], partition=0)
    deployment.run_until_caught_up(stores.service())
    deployment.await_contacts(people)
    letters = {letter.value: letter for letter in deployment.dead_letters()}
    assert [name for name, record in made.items() if record.value not in letters] == []
    for name, record in made.items():
        letter = letters[record.value]
        assert (letter.key, letter.headers) == (record.key, record.headers)
        assert letter.why["rule"] == "decode", name
        assert BAD[name].says in letter.why["reason"], name


def test_a_truncated_table_is_warned_about_once(stores: Stores) -> None:
    """Its records are skipped, the contacts stay, and the log says so once for the topic (F038)."""
    deployment, people = stores.deployment, range_of(1, 5)
    table = records.CapturedTable(SHOP._replace(server="stores", table="customers"), COLUMNS)
    writer = Writer(FORMATS["avro-confluent"](stores.registry.store))
    deployment.produce(written(stores.bare, *people), partition=0)
    deployment.produce(writer.records(3 * table.truncate(AT_US)))
    service = stores.service()
    deployment.run_until_caught_up(service)
    warnings = [line for line in service.events() if line["event"] == "table_truncated"]
    assert [(line["topic"], line["level"]) for line in warnings] == [(STORES_TOPIC, "warning")]
    assert {"partition", "offset", "advice"} <= warnings[0].keys()
    deployment.await_contacts(people)
    assert deployment.dead_letters() == []
