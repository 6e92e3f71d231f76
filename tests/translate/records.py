"""Records and translators for the tests of translate."""

from typing import Any

import orjson

from connector.model import Delivery, Record, Skip, Translated, Upsert
from connector.translate.debezium.change import Change
from connector.translate.debezium.shapes import read_shape
from connector.translate.formats.connect_schema import ConnectSchema
from connector.translate.formats.decoded import Decoded
from connector.translate.formats.framing import KEY
from connector.translate.formats.payload import PayloadReader
from connector.translate.formats.schema_store import SchemaStore
from connector.translate.mapping import compiler
from connector.translate.mapping.rules import TopicRules
from connector.translate.translate import Translator

TOPIC = "shop.public.customers"
TIMESTAMP_MS = 1_700_000_000_123
PLACEHOLDER = "__debezium_unavailable_value"

Headers = list[tuple[str, bytes | None]]


def translator(**rules: Any) -> Translator:
    """Compile one topic file; `topic` is TOPIC unless given."""
    return translator_with(SchemaStore(), **rules)


def translator_with(schemas: SchemaStore, /, **rules: Any) -> Translator:
    """Compile one topic file, for records that name these schemas."""
    model = TopicRules.model_validate(rules if "pattern" in rules else {"topic": TOPIC, **rules})
    assert compiler.problems(model) == []
    return Translator([compiler.compile_topic(model)], schemas)


def contact(attributes: dict[str, Any] | None = None, **rules: Any) -> Translator:
    """Compile a topic file with a contact identified by `id`."""
    return translator(contact={"user_id": "id", "attributes": attributes or {}, **rules})


def decode_key(key: bytes | None) -> Decoded:
    """Decode a key that needs no registry."""
    return Decoded(*PayloadReader(KEY, "auto", SchemaStore()).decode_key(key, lambda: None))


def record(
    value: object = None,
    key: object = None,
    headers: Headers | None = None,
    topic: str = TOPIC,
    timestamp_ms: int | None = TIMESTAMP_MS,
) -> Record:
    """Make a record; bytes stay unchanged, None is null, anything else is written as JSON."""
    return Record(topic, 3, 42, _bytes(key), _bytes(value), timestamp_ms, lambda: headers)


def envelope(
    op: str,
    after: object = None,
    before: object = None,
    connector: str = "postgresql",
    **source: object,
) -> dict[str, object]:
    """Make a change event as Debezium writes it."""
    position = {"db": "shop", "schema": "public", "table": "customers", "txId": 7, "lsn": 99, **source}
    return {
        "before": before,
        "after": after,
        "source": {"connector": connector, "name": "crm", "ts_ms": 1_700_000_000_000, **position},
        "op": op,
        "ts_ms": 1_700_000_000_001,
        "transaction": None,
    }


def shaped(
    value: object,
    shape: str = "auto",
    schema: ConnectSchema | None = None,
    key: object = None,
    headers: Headers | None = None,
) -> Change | Skip:
    """Read the shape of a decoded value; the key is written as JSON."""
    encoded = _bytes(key)
    return read_shape(Decoded(value, schema), shape, lambda: decode_key(encoded), lambda: headers)


def changed(*arguments: Any, **more: Any) -> Change:
    """Do as `shaped`, of a value that is a change."""
    change = shaped(*arguments, **more)
    assert isinstance(change, Change)
    return change


def struct(name: str = "", **fields: ConnectSchema) -> ConnectSchema:
    """Make the schema of a struct."""
    return ConnectSchema("struct", name, fields=fields)


def deliveries(translated: Translated) -> list[Delivery]:
    """Return the deliveries, failing on anything else."""
    assert isinstance(translated, list), translated
    return translated


def upsert_of(translated: Translated) -> Upsert:
    """Return the only delivery, an upsert."""
    (upsert,) = deliveries(translated)
    assert isinstance(upsert, Upsert)
    return upsert


def upserted(rule: Any, value: Any) -> Translated:
    """Translate a created row whose column `c` holds a value, mapped by a rule to the attribute `a`."""
    return contact({"a": rule}).translate(record(envelope("c", after={"id": 7, "c": value})))


def _bytes(value: object) -> bytes | None:
    return value if value is None or isinstance(value, bytes) else orjson.dumps(value)
