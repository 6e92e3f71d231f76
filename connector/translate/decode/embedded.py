"""JSON that carries its schema: `{"schema":…,"payload":…}` (debezium-events 1.5).

The schema is three quarters of the bytes, and the same text in record after record. So a text that was read
once is remembered, and a record that begins with it is only parsed from its payload on. That is safe by
JSON's own grammar: if the text between `{"schema":` and `,"payload":` is one whole JSON value, it is the
member `schema`, and if what follows up to the last brace is one, there is no third member.
"""

from typing import Any

import orjson

from connector.translate.decode.change import Decoded, UndecodableError
from connector.translate.decode.connect_json import CONNECT_TYPES, read_connect_schema
from connector.translate.decode.connect_schema import ConnectSchema, SchemaError
from connector.translate.decode.json import decode_json

OPENING = b'{"schema":'
_PAYLOAD = b',"payload":'

TEXTS_MAX = 16
"""Schema texts that are remembered of one topic: those of a few versions, before and after a migration."""

_CANDIDATES_MAX = 64
"""Places where `,"payload":` may stand inside a schema before the search for its end is given up."""


class EmbeddedSchemas:
    """The schema texts of one topic's values, or of its keys."""

    def __init__(self) -> None:
        self._known: dict[bytes, ConnectSchema | None] = {}
        self._last: tuple[bytes, int, ConnectSchema | None] = (b"\0", 0, None)

    def decode(self, data: bytes) -> Decoded:
        """Decode a text that begins with `OPENING`.

        Raises:
            UndecodableError: it is not JSON, or its schema cannot be used.
        """
        opening, size, schema = self._last
        if not data.startswith(opening):
            known = next((text for text in self._known if data.startswith(text)), None)
            if known is None:
                return self._learn(data)
            schema, size = self._known[known], len(known)
            self._last = (known, size, schema)
        try:
            if data.endswith(b"}"):
                return Decoded(orjson.loads(memoryview(data)[size:-1]), schema)
        except orjson.JSONDecodeError:
            pass  # A third member, or broken: the whole text tells.
        return unwrap(decode_json(data))

    def _learn(self, data: bytes) -> Decoded:
        whole = decode_json(data)
        value, schema = _unwrap(whole)
        opening = _opening_of(data) if schema is not None or value is not whole else None
        if opening is not None:
            if len(self._known) >= TEXTS_MAX:
                self._known.clear()
            self._known[opening] = schema
        return Decoded(value, schema)


def unwrap(value: Any) -> Decoded:
    """Take a decoded value out of its wrapper, if it is in one, and read the schema beside it.

    Raises:
        UndecodableError: the schema cannot be used.
    """
    return Decoded(*_unwrap(value))


def is_wrapped(value: Any) -> bool:
    """Whether a decoded value is a schema and a payload and nothing else (debezium-events 1.6, rule 2)."""
    if type(value) is not dict or len(value) != 2 or value.keys() != {"schema", "payload"}:
        return False
    schema = value["schema"]
    return schema is None or (isinstance(schema, dict) and schema.get("type") in CONNECT_TYPES)


def _unwrap(value: Any) -> tuple[Any, ConnectSchema | None]:
    if not is_wrapped(value):
        return value, None
    if value["schema"] is None:
        return value["payload"], None
    try:
        return value["payload"], read_connect_schema(value["schema"])
    except SchemaError as error:
        raise UndecodableError(f"JSON with an embedded schema: {error}") from None


def _opening_of(data: bytes) -> bytes | None:
    """Return the text up to the payload, None where that cannot be told cheaply."""
    end = data.find(_PAYLOAD, len(OPENING))
    for _ in range(_CANDIDATES_MAX):
        if end < 0 or data[-1:] != b"}":
            return None
        begin = end + len(_PAYLOAD)
        try:
            orjson.loads(memoryview(data)[len(OPENING) : end])
            orjson.loads(memoryview(data)[begin:-1])
        except orjson.JSONDecodeError:
            end = data.find(_PAYLOAD, begin)
        else:
            return data[:begin]
    return None
