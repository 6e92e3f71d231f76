"""Keys: their converter is not the value's, and not every key is a struct (debezium-events.md 1.3)."""

from collections.abc import Callable
from dataclasses import replace

from connector.sandbox.records.columns import INT64, STRING
from connector.sandbox.records.schema import ConnectRecord, ConnectSchemaNode, Data
from connector.sandbox.writer import Transform
from tests.translate.matrix.case import ACCESS, STRUCTS, Deleted, Kind, Refused, Write, made
from tests.translate.matrix.shop import ADA, AT_US, table

_DELETED = [Deleted("7"), Deleted("7", tombstone=True)]

_TABLE = "__dbz__physicalTableIdentifier"

_UNREADABLE = Refused("decode", "Java's text of a struct cannot be read; set a JSON or Avro key converter")


def extracted(schema: ConnectSchemaNode) -> Callable[[], Transform]:
    """Give `ExtractField$Key`: the key is the value of its only column, here as a number or as text."""

    def extract(record: ConnectRecord) -> ConnectRecord:
        value = record.key.value["id"] if record.key else None
        return record._replace(key=Data(schema, str(value) if schema is STRING else value))

    return lambda: extract


def deletes(*transforms: Callable[[], Transform], key: str = "") -> Write:
    """Write the DELETE of a row and its tombstone."""
    return made(lambda: table().delete(ADA, AT_US), *transforms, key=key)


def of_router(record: ConnectRecord) -> ConnectRecord:
    """Do as `ByLogicalTableRouter`: the key names the table of the row."""
    assert record.key is not None
    schema, value = record.key
    assert isinstance(schema, ConnectSchemaNode)
    with_table = replace(schema, fields={**schema.fields, _TABLE: STRING})
    return record._replace(key=Data(with_table, {**value, _TABLE: "crm.public.customers_1"}))


def read_alike(key: str) -> tuple[str, ...]:
    """Give the formats of values whose registry also has the schemas of keys in this format."""
    ways = set(ACCESS[key])
    return tuple(name for name in STRUCTS if None in ways or ways & set(ACCESS[name]) == set(ACCESS[name]))


KINDS = (
    *(
        Kind(
            f"DELETE whose key has another format than its value: `{key}`",
            "1.3",
            deletes(key=key),
            _DELETED,
            formats=read_alike(key),
        )
        for key in STRUCTS
    ),
    Kind(
        "DELETE whose key is bare (`ExtractField$Key`): a number",
        "1.3",
        deletes(extracted(INT64)),
        _DELETED,
    ),
    Kind(
        "DELETE whose key is bare (`ExtractField$Key`): text",
        "1.3",
        deletes(extracted(STRING)),
        _DELETED,
    ),
    Kind(
        "DELETE whose key is bare (`ExtractField$Key`): a number by `StringConverter`",
        "1.3",
        deletes(extracted(INT64), key="string"),
        _DELETED,
    ),
    Kind(
        "DELETE whose key has a table beside it (`ByLogicalTableRouter`)",
        "1.3",
        deletes(lambda: of_router),
        _DELETED,
    ),
    Kind(
        "DELETE whose key is a struct by `StringConverter` (`Struct{id=7}`)",
        "1.3",
        deletes(key="string"),
        [_UNREADABLE, _UNREADABLE],
        remedy="set a JSON or Avro `key.converter`, or `ExtractField$Key`",
    ),
)
