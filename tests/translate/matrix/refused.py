"""Records that can never be delivered: each reason names the tried format, or the source's setting."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from connector.sandbox.records.columns import DATE, MICRO_TIMESTAMP, ZONED_TIMESTAMP
from connector.sandbox.records.schema import ConnectSchemaNode, nullable
from connector.sandbox.registry.store import RegistryStore
from connector.sandbox.writer import SampleRecord
from tests.translate.matrix.case import TYPED, Kind, Refused, Write, given, made
from tests.translate.matrix.shop import ADA, AT_US, COLUMNS, rules, table

TOPIC = "crm.public.customers"
_KEY = b'{"id":7}'
_SOURCE = {"connector": "postgresql", "name": "crm", "ts_ms": 1}


def json_of(*values: Any) -> Write:
    """Write records that no sandbox has; bytes unchanged, anything else as JSON."""
    return given(
        *(
            SampleRecord(TOPIC, _KEY, value if isinstance(value, bytes) else orjson.dumps(value))
            for value in values
        )
    )


def registered(kind: str, text: str, body: bytes, *headers: tuple[str, bytes]) -> Write:
    """Write a body under a schema of the registry: framed, or named in the headers."""

    def write(store: RegistryStore, _name: str) -> Iterator[SampleRecord]:
        known = store.register(f"{TOPIC}-value", text, kind)
        number = known.content_id
        if headers:
            named = (("apicurio.value.contentId", number.to_bytes(8, "big")), *headers)
            yield SampleRecord(TOPIC, _KEY, body, named)
        else:
            yield SampleRecord(TOPIC, _KEY, b"\0" + number.to_bytes(4, "big") + body)

    return write


def cut(store: RegistryStore, name: str) -> Iterator[SampleRecord]:
    """Write the INSERT of a row, and lose its last byte."""
    for record in inserted()(store, name):
        yield record._replace(value=(record.value or b"")[:-1])


def inserted() -> Write:
    """Write the INSERT of a row."""
    return made(lambda: table().create(ADA, AT_US))


def dated(column: ConnectSchemaNode, value: Any) -> Callable[[], Any]:
    """Give the INSERT of a row with a date that no attribute can have."""
    return lambda: table({**COLUMNS, "at": nullable(column)}).create({**ADA, "at": value}, AT_US)


_ONLY_JSON: Mapping[str, Any] = {"formats": ("json",)}
_LOOKS_LIKE_FLINK = (
    {"op": "c", "before": None, "after": ADA},
    {"op": "d", "before": ADA, "after": None},
)
_AVRO_ROW = '{"type":"record","name":"R","fields":[{"name":"id","type":"long"}]}'

_YEARS = "a day within the years 1 to 9999 is expected"

_UNDATED: Mapping[str, tuple[ConnectSchemaNode, Any, str]] = {
    # contents of the row -> its column, the value, and words of the reason
    "`infinity` of PostgreSQL's `timestamp`": (
        MICRO_TIMESTAMP,
        9_223_372_036_825_200_000,
        "a timestamp that is not infinite is expected",
    ),
    "`-infinity` of PostgreSQL's `timestamptz`": (
        ZONED_TIMESTAMP,
        "-infinity",
        "ISO 8601 with a four-digit year is expected",
    ),
    "`infinity` of PostgreSQL's `date`": (DATE, 2**31 - 1, _YEARS),
    "the year 10000": (DATE, 2_932_897, _YEARS),
}

KINDS = (
    Kind(
        "struct by `StringConverter` (`Struct{…}`)",
        "1.3",
        inserted(),
        [Refused("decode", "Java's text of a struct cannot be read; set a JSON or Avro value converter")],
        formats=("string",),
        remedy="set a JSON or Avro `value.converter`",
    ),
    Kind(
        "not JSON",
        "1.6",
        json_of(b"<row id=7/>", b'{"id": 7', b'{"id": NaN}', b"\xff"),
        [Refused("decode", "not JSON")] * 4,
        **_ONLY_JSON,
    ),
    Kind(
        "domain event with the same name twice in an object",
        "1.6",
        json_of(b'{"id": 7, "plan": "a", "plan": "b"}'),
        [Refused("decode", "the same name twice")],
        remedy="correct the service that writes it",
        **_ONLY_JSON,
    ),
    Kind(
        "bare Avro that names no schema",
        "7",
        json_of(b"\0\0", b"\1abc"),
        [Refused("decode", "it begins like Avro, and its schema id is incomplete")] * 2,
        remedy="write it with a converter that names the schema",
        **_ONLY_JSON,
    ),
    *(
        Kind(
            f"cut off: {name}, {formats[0]}",
            "7",
            cut,
            [Refused("decode", says)],
            formats=formats,
        )
        for name, says, formats in (
            ("Avro", "framing", ("avro-confluent", "avro-confluent-guid", "avro-apicurio-8")),
            ("Avro", "headers", ("avro-confluent-header", "avro-apicurio-header")),
            ("JSON Schema", "Confluent framing: not JSON", ("json-schema-confluent",)),
            ("JSON", "not JSON", ("json", "json-embedded", "apicurio-json")),
        )
    ),
    Kind(
        "Avro with bytes after it",
        "7",
        registered("AVRO", _AVRO_ROW, b"\x0e\x00"),
        [Refused("decode", "Confluent framing: Avro: bytes follow after the value")],
        formats=("avro-confluent",),
    ),
    Kind(
        "Protobuf",
        "7",
        registered("PROTOBUF", 'syntax = "proto3"; message R { int64 id = 1; }', b"\0\x08\x07"),
        [Refused("decode", "PROTOBUF is not supported; write Avro, JSON Schema or JSON")],
        formats=("avro-confluent",),
        remedy="set an Avro or JSON converter",
    ),
    Kind(
        "Avro in its JSON encoding",
        "7",
        registered("AVRO", _AVRO_ROW, b'{"id":7}', ("apicurio.value.encoding", b"JSON")),
        [Refused("decode", "Avro in its JSON encoding is not supported; write it in binary")],
        formats=("avro-apicurio-header-content",),
        remedy="set Apicurio's `apicurio.registry.avro.encoding: BINARY`",
    ),
    Kind(
        "Avro where no `schema_registry` is configured",
        "7",
        inserted(),
        [Refused("decode", "no `schema_registry` is configured")],
        formats=("avro-confluent", "avro-confluent-guid", "avro-confluent-header", "avro-apicurio-8"),
        access=(None,),
        remedy="configure `schema_registry` in the service file",
    ),
    Kind(
        "Avro in a topic with `format: json`",
        "7",
        inserted(),
        [Refused("decode", "Avro, in a topic with `format: json`")],
        {"format": "json", **rules()},
        formats=("avro-confluent", "avro-confluent-guid", "avro-apicurio-8"),
        remedy="write `format: auto` in the topic file",
    ),
    Kind(
        "JSON in a topic with `format: avro`",
        "7",
        inserted(),
        [Refused("decode", "not Avro: neither the bytes nor the headers name a schema")],
        {"format": "avro", **rules()},
        formats=("json", "json-embedded"),
        remedy="write `format: auto` in the topic file",
    ),
    Kind(
        "embedded schema that is none of Connect's",
        "1.5",
        json_of({"schema": {"type": "struct", "fields": [{"type": "int9", "field": "id"}]}, "payload": ADA}),
        [Refused("decode", "JSON with an embedded schema: the schema has a type that Kafka Connect")],
        **_ONLY_JSON,
    ),
    Kind(
        "change event without its row",
        "1.2",
        json_of({"op": "c", "before": None, "after": None, "source": _SOURCE}),
        [Refused("decode", "no row in `after`")],
        **_ONLY_JSON,
    ),
    Kind(
        "Cassandra's change event",
        "2.5",
        json_of({"op": "i", "after": {"id": {"value": 7}}, "source": {"connector": "cassandra"}}),
        [Refused("decode", "Cassandra's change events wrap every cell and are not supported")],
        remedy="it is not supported",
        **_ONLY_JSON,
    ),
    Kind(
        "CloudEvents (`CloudEventsConverter`)",
        "1.6",
        json_of(
            {"specversion": "1.0", "type": "io.debezium.connector.postgresql.DataChangeEvent", "data": {}}
        ),
        [Refused("decode", "set a JSON or Avro converter")],
        remedy="set a JSON or Avro `value.converter`",
        **_ONLY_JSON,
    ),
    Kind(
        "change event without `source` (Flink's `debezium-json`)",
        "1.6",
        json_of(*_LOOKS_LIKE_FLINK),
        [Refused("contact.user_id", "the user id is missing or null")] * 2,
        remedy="write `shape: envelope` in the topic file",
        **_ONLY_JSON,
    ),
    *(
        Kind(
            f"date or timestamp that no attribute can have: {name}",
            "6.2",
            made(dated(column, value)),
            [Refused("contact.attributes.at", says)],
            rules(attributes={"at": "at"}),
            formats=TYPED,
            remedy="correct the row, or do not map the column",
        )
        for name, (column, value, says) in _UNDATED.items()
    ),
)
