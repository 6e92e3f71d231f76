"""JSON that carries its schema: `{"schema":…,"payload":…}` (debezium-events.md 1.5).

The schema is three quarters of the bytes, and the same text in record after record. So a known text is kept,
and a record that begins with it is only parsed from its payload on. JSON's own grammar makes that safe. If
the text between `{"schema":` and `,"payload":` is one complete JSON value, it is the member `schema`. If the
rest up to the last brace is one too, there is no third member.

A schema in another spelling (with spaces, after the payload) has to be parsed every time. Its canonical text
identifies it, so rows of one schema have one `ConnectSchema` here too.
"""

from collections.abc import Callable
from typing import Any

import orjson

from connector.translate.formats.connect_schema import ConnectSchema, SchemaRefusedError
from connector.translate.formats.decoded import Decoded, DecodeError
from connector.translate.formats.json.connect_schema_text import is_connect_schema, read_connect_schema
from connector.translate.formats.json.strict import decode_json

OPENING = b'{"schema":'
_PAYLOAD = b',"payload":'

TEXTS_MAX = 16
"""Schema texts that are remembered for one topic: a few versions, before and after a migration."""

TEXTS_BYTES_MAX = 2 * 1024 * 1024
"""Bytes that they may have together; their trees take a few times as many."""

_CANDIDATES_MAX = 4
"""Places where a schema may hold a member `payload` before the search for its end is given up."""

Load = Callable[[bytes], Any]
"""Parses one JSON text: `decode_json` or `decode_exactly`."""


class CarriedSchemas:
    """The schemas of one topic's values, or of its keys.

    `proven` says that the last text decoded is a schema and a payload, and has no member twice.
    """

    def __init__(self) -> None:
        self.proven = False
        self._openings = _Texts()
        self._canonical = _Texts()
        self._last: tuple[bytes, int, ConnectSchema | None] = (b"\0", 0, None)

    def decode(self, data: bytes, load: Load = decode_json) -> Decoded:
        """Decode a text that begins with `OPENING`.

        Raises:
            DecodeError: it is not JSON, or its schema cannot be used.
        """
        self.proven = True
        opening, size, schema = self._last
        if not data.startswith(opening):
            known = next((text for text in self._openings if data.startswith(text)), None)
            if known is None:
                return self._learn(data, load)
            schema, size = self._openings[known], len(known)
            self._last = (known, size, schema)
        if data.endswith(b"}"):
            try:
                return Decoded(load(data[size:-1]), schema)
            except DecodeError:
                pass  # A third member, or broken: the whole text decides.
        self.proven = False
        return self.unwrap(load(data))

    def unwrap(self, value: Any) -> Decoded:
        """Take a decoded value out of its wrapper, if it is in one, and read the schema beside it.

        Raises:
            DecodeError: the schema cannot be used.
        """
        if not is_wrapped(value):
            return Decoded(value)
        schema = value["schema"]
        return Decoded(value["payload"], None if schema is None else self._schema(schema))

    def _schema(self, schema: Any) -> ConnectSchema:
        try:
            text = orjson.dumps(schema, default=str)
        except orjson.JSONEncodeError:  # deeper, or with longer numbers, than any real one
            text = b""
        known = self._canonical.get(text)
        if known is not None:
            return known
        try:
            made = read_connect_schema(schema)
        except SchemaRefusedError as error:
            raise DecodeError(f"JSON with an embedded schema: {error}") from None
        if text:
            self._canonical.remember(text, made)
        return made

    def _learn(self, data: bytes, load: Load) -> Decoded:
        whole = load(data)
        decoded = self.unwrap(whole)
        opening = _opening_of(data) if is_wrapped(whole) else None
        self.proven = opening is not None
        if opening is not None:
            self._openings.remember(opening, decoded.schema)
            self._last = (opening, len(opening), decoded.schema)
        return decoded


class _Texts(dict[bytes, ConnectSchema | None]):
    """Texts of schemas, which are all forgotten when there are too many."""

    def __init__(self) -> None:
        super().__init__()
        self._bytes = 0

    def remember(self, text: bytes, schema: ConnectSchema | None) -> None:
        if len(self) >= TEXTS_MAX or self._bytes + len(text) > TEXTS_BYTES_MAX:
            self.clear()
            self._bytes = 0
        if len(text) <= TEXTS_BYTES_MAX:
            self[text] = schema
            self._bytes += len(text)


def payload_of(value: Any) -> Any:
    """Take a decoded value out of its wrapper, if it is in one, whatever the schema says."""
    return value["payload"] if is_wrapped(value) else value


def is_wrapped(value: Any) -> bool:
    """Whether a decoded value is a schema and a payload and nothing else (debezium-events.md 1.6, rule 2)."""
    if type(value) is not dict or len(value) != 2 or value.keys() != {"schema", "payload"}:
        return False
    return value["schema"] is None or is_connect_schema(value["schema"])


def _opening_of(data: bytes) -> bytes | None:
    """Return the text up to the payload, None where finding it would be costly."""
    end = data.find(_PAYLOAD, len(OPENING))
    for _ in range(_CANDIDATES_MAX):
        if not 0 <= end < TEXTS_BYTES_MAX:
            return None
        begin = end + len(_PAYLOAD)
        if _is_json(data[len(OPENING) : end]) and _is_json(data[begin:-1]):
            return data[:begin]
        end = data.find(_PAYLOAD, begin)
    return None


def _is_json(text: bytes) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True
