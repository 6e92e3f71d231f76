"""The key of a record, and the keys that Debezium puts into headers (debezium-events.md 1.3 and 3)."""

from collections.abc import Sequence

from connector.translate.debezium.mongodb import read_id
from connector.translate.formats.decoded import Decoded, DecodeError
from connector.translate.formats.json.strict import decode_json
from connector.translate.formats.json.with_schema import payload_of

NEW_KEY = "__debezium.newkey"
"""The new key, on the delete (and its tombstone) of a row whose key changed (debezium-events.md 3)."""

_TABLE_OF_ROUTER = "__dbz__physicalTableIdentifier"
"""The field that `ByLogicalTableRouter` adds to a key; it is not a column."""

_MONGO_KEY, _MONGO_ID = "id", "_id"
"""The id's name in MongoDB's keys, where it is text, and in its documents."""


def header(headers: Sequence[tuple[str, bytes | None]], name: str) -> bytes | None:
    """Return the last header of that name, like Kafka's own clients; None where there is none."""
    for known, value in reversed(headers):
        if known == name:
            return value
    return None


def header_text(value: bytes | None) -> str | None:
    """Return a header as text, also where Connect's JSON converter wrote it as JSON."""
    if value is None:
        return None
    if value.startswith((b'"', b'{"schema":')):
        try:
            found = payload_of(decode_json(value))
        except DecodeError:
            found = None
        if isinstance(found, str):
            return found
    return value.decode(errors="replace")


def columns_of(key: Decoded, wanted: frozenset[str], *, flattened: bool | None) -> Decoded:
    """Return the columns of a decoded key, or its bare scalar.

    Where `wanted` has MongoDB's `_id`, it is read from the key's `id`. That is Extended JSON in a topic of
    envelopes and plain in a flattened one; None: the topic may be either.

    Raises:
        DecodeError: it is Java's text of a struct.
    """
    value = key.value
    if type(value) is str and value.startswith("Struct{"):
        raise DecodeError("key: Java's text of a struct cannot be read; set a JSON or Avro key converter")
    if type(value) is not dict:
        return key
    if _TABLE_OF_ROUTER in value:
        value = {name: column for name, column in value.items() if name != _TABLE_OF_ROUTER}
    if _MONGO_ID in wanted and value.keys() == {_MONGO_KEY}:
        found = value[_MONGO_KEY]
        if type(found) is str and not flattened:
            return Decoded({_MONGO_ID: read_id(found, relaxed=flattened is False)})
        return Decoded({_MONGO_ID: found})
    return Decoded(value, key.schema)
