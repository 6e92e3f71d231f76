"""From the bytes of a record to values: every wire format, told by each record (debezium-events 7)."""

from collections.abc import Callable
from typing import Any, Literal

from connector.model import Headers
from connector.translate.decode import framing
from connector.translate.decode.change import Decoded, UndecodableError
from connector.translate.decode.embedded import OPENING, EmbeddedSchemas, unwrap
from connector.translate.decode.framing import Framed, Side
from connector.translate.decode.json import decode_exactly, decode_json
from connector.translate.decode.schemas import Schemas

Format = Literal["json", "avro", "auto"]
"""The topic file's `format`."""

_NO_VALUE = Decoded(None)

_MAGIC = (b"\0", b"\1")

_EXPECTED = {
    "json": "JSON",
    "avro": "Avro",
    "auto": "JSON, Avro or JSON Schema",
}


class Wire:
    """Decodes the values, or the keys, of one topic.

    `seen` names the formats that were met, for the operator: a topic may change them in its middle. `lean`
    leaves out of Avro change events what no mapping without a default event id needs.
    """

    def __init__(self, side: Side, wanted: Format, schemas: Schemas, *, lean: bool = False) -> None:
        self.seen: set[str] = set()
        self._side = side
        self._wanted = wanted
        self._schemas = schemas
        self._lean = lean
        self._embedded = EmbeddedSchemas()

    def decode(self, data: bytes | None, read_headers: Callable[[], Headers | None]) -> Decoded:
        """Decode one value.

        Raises:
            UndecodableError: the bytes are in no format that the topic may have; the text names it.
            SchemaNeededError: they name a schema that is not known yet.
        """
        if data is None:
            return _NO_VALUE
        if data.startswith(b"{") and self._wanted != "avro":
            return self._object(data, read_headers)
        framed = self._framed(data, read_headers)
        if framed is not None:
            return self._with_schema(data, framed)
        if self._wanted == "avro":
            raise UndecodableError("no Avro: it begins with no schema id, and its headers hold none")
        return self._json(data)

    def decode_key(self, data: bytes | None, read_headers: Callable[[], Headers | None]) -> Decoded:
        """Decode a key: as a value, but where it is neither JSON nor names a schema it is plain text.

        A bare scalar may be JSON or what `StringConverter` writes, and of a number the text is kept, because
        it may be either.

        Raises:
            UndecodableError: it is none of these.
            SchemaNeededError: it names a schema that is not known yet.
        """
        if data is None or data == b"null":
            return _NO_VALUE
        try:
            if data.startswith((b"{", b"[", b'"')) and self._wanted != "avro":
                return self._object(data, read_headers)
            framed = self._framed(data, read_headers)
            return Decoded(_text_of(data)) if framed is None else self._with_schema(data, framed)
        except UndecodableError as error:
            raise UndecodableError(f"key: {error}") from None

    def decode_exactly(self, data: bytes, read_headers: Callable[[], Headers | None]) -> Decoded:
        """Decode one value that is written in JSON anew, with every number in its exact digits.

        Raises:
            UndecodableError: it is not JSON.
        """
        framed = None if data.startswith(b"{") else self._framed(data, read_headers)
        if framed is None:
            return unwrap(decode_exactly(data))
        schema = self._schemas.get(framed.ref)
        return Decoded(decode_exactly(data[framed.begin :]), schema.connect)

    def _object(self, data: bytes, read_headers: Callable[[], Headers | None]) -> Decoded:
        """Decode what begins as a JSON object does; so may an Avro body whose schema is in the headers."""
        try:
            if data.startswith(OPENING):
                decoded = self._embedded.decode(data)
                self.seen.add("JSON with schema")
            else:
                decoded = unwrap(decode_json(data))
                self.seen.add("JSON")
        except UndecodableError:
            framed = framing.framed_by_headers(read_headers() or (), self._side)
            if framed is None or self._wanted == "json":
                raise
            return self._with_schema(data, framed)
        if type(decoded.value) is dict and decoded.value.keys() == {"schemaId", "payload"}:
            return self._apicurio_json(decoded.value)
        return decoded

    def _framed(self, data: bytes, read_headers: Callable[[], Headers | None]) -> Framed | None:
        headers = read_headers()
        framed = framing.framed_by_headers(headers, self._side) if headers else None
        return framed or framing.framed_by_bytes(data)

    def _json(self, data: bytes) -> Decoded:
        try:
            decoded = unwrap(decode_json(data))
        except UndecodableError as error:
            if self._wanted == "auto" and data.startswith(_MAGIC):
                raise UndecodableError("it begins as Avro does, and holds no whole schema id") from None
            raise UndecodableError(f"{_EXPECTED[self._wanted]} expected: {error}") from None
        self.seen.add("JSON")
        return decoded

    def _with_schema(self, data: bytes, framed: Framed) -> Decoded:
        try:
            schema = self._schemas.get(framed.ref)
        except UndecodableError as error:
            raise UndecodableError(f"{framed.name}: {error}") from None
        if schema.format == "json":
            self.seen.add(f"JSON Schema ({framed.name})")
            body = data[framed.begin :]
            return Decoded(decode_json(body), schema.connect)
        if self._wanted == "json":
            raise UndecodableError(f"Avro ({framed.name}) in a topic with `format: json`")
        if framed.avro_json:
            raise UndecodableError("Avro in its JSON encoding is not supported; write it in binary")
        self.seen.add(f"Avro ({framed.name})")
        read = schema.read_lean if self._lean else schema.read
        return Decoded(read(data, framed.begin), schema.connect)

    def _apicurio_json(self, value: dict[str, Any]) -> Decoded:
        """Take a value out of the wrapper of Apicurio's JSON converter."""
        reference = framing.apicurio_json_reference(value["schemaId"])
        if reference is None:
            return Decoded(value)
        self.seen.add("JSON (Apicurio schema id)")
        return Decoded(value["payload"], self._schemas.get(reference).connect)


def _text_of(key: bytes) -> str:
    try:
        return key.decode()
    except UnicodeDecodeError:
        raise UndecodableError("neither JSON nor Avro nor UTF-8 text") from None
