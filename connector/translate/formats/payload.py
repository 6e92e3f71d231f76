"""From bytes to values: each record shows its own wire format (debezium-events.md 7)."""

from contextlib import suppress
from typing import Any, Literal, NamedTuple

from connector.translate.formats import framing
from connector.translate.formats.connect_schema import ConnectSchema
from connector.translate.formats.decoded import Decoded, DecodeError, ReadHeaders
from connector.translate.formats.framing import Framed, Side
from connector.translate.formats.json.strict import decode_exactly, decode_json, refuse_repeated_names
from connector.translate.formats.json.with_schema import OPENING, CarriedSchemas, Load
from connector.translate.formats.schema_store import ReadBody, SchemaStore, WriterSchema

Format = Literal["json", "avro", "auto"]
"""The topic file's `format`."""

_NO_VALUE = Decoded(None)

_MAGIC = (b"\0", b"\1")
_STRUCT = b"Struct{"  # how `StringConverter` writes a row
_SPACES = b" \t\r\n"

_EXPECTED = {
    "json": "JSON",
    "avro": "Avro",
    "auto": "JSON, Avro or JSON Schema",
}


class _Body(NamedTuple):
    """How the bytes after one reference are read: as JSON where there is no `read`."""

    framed: Framed
    read: ReadBody | None
    connect: ConnectSchema | None


class PayloadReader:
    """Decodes the values, or the keys, of one topic.

    `seen` names the formats seen so far, for the operator: a topic may change its format. With `columns`, the
    reader builds only those columns of the rows in Avro change events. Of the rest it builds only the parts
    that every mapping needs.
    """

    def __init__(
        self, side: Side, wanted: Format, schemas: SchemaStore, columns: frozenset[str] | None = None
    ) -> None:
        self.seen: set[str] = set()
        self._side = side
        self._wanted = wanted
        self._takes_json = wanted != "avro"
        self._never_framed = not schemas.configured
        self._schemas = schemas
        self._columns = columns
        self._carried = CarriedSchemas()
        # The beginning of the last bytes that named a schema: the same beginning means the same schema.
        self._last: tuple[bytes, _Body] | None = None

    def decode(
        self, data: bytes | None, read_headers: ReadHeaders, load: Load = decode_json
    ) -> tuple[Any, ConnectSchema | None]:
        """Decode one value; `load` parses its JSON.

        Returns the two parts of `Decoded` as a tuple: making a `Decoded` costs half as much as reading a
        small value.

        Raises:
            DecodeError: the bytes are in no format that the topic may have; the text names it.
            AwaitSchemaError: they name a schema that is not known yet.
        """
        if data is None:
            return _NO_VALUE
        if data.startswith(b"{") and self._takes_json:
            if self._never_framed and not data.startswith(OPENING):
                value = load(data)
                if "payload" not in value:  # otherwise it may be a wrapper with members in another order
                    self.seen.add("JSON")
                    return value, None
            return self._object(data, read_headers, load)
        body = self._body_of(data, read_headers)
        if body is not None:
            return _read(data, body, load)
        if self._wanted == "avro":
            raise DecodeError("not Avro: neither the bytes nor the headers name a schema")
        return self._other_json(data, load)

    def decode_exactly(
        self, data: bytes | None, read_headers: ReadHeaders
    ) -> tuple[Any, ConnectSchema | None]:
        """Decode one value with the exact digits of every number that is written in JSON.

        Raises the errors of `decode`.
        """
        return self.decode(data, read_headers, decode_exactly)

    def decode_key(self, data: bytes | None, read_headers: ReadHeaders) -> Decoded:
        """Decode a key like a value; a key that is neither JSON nor names a schema is plain text.

        A bare scalar may be JSON or text by `StringConverter`. A number stays text, because it may be either.

        Raises:
            DecodeError: it is none of these.
            AwaitSchemaError: it names a schema that is not known yet.
        """
        if data is None or data == b"null":
            return _NO_VALUE
        try:
            if data.startswith((b"{", b"[", b'"')) and self._takes_json:
                return Decoded(*self._object(data, read_headers, decode_json))
            body = self._body_of(data, read_headers)
            return Decoded(_text_of(data)) if body is None else Decoded(*_read(data, body, decode_json))
        except DecodeError as error:
            raise DecodeError(f"key: {error}") from None

    def check(self, data: bytes) -> None:
        """Refuse repeated names in a domain record, which fast decoding misses; `data` was decoded last.

        Raises:
            DecodeError: an object in it has one name twice.
        """
        if data.startswith(OPENING) and self._carried.proven:
            return  # Connect writes structs, whose names are unique, and the schema is most of the bytes.
        framed = None if data.startswith(b"{") else framing.framed_by_bytes(data)
        body = data if framed is None else data[framed.begin :]
        if body.lstrip(_SPACES).startswith((b"{", b"[")):
            with suppress(ValueError):  # Not JSON: an Avro body may begin like that too.
                refuse_repeated_names(body)

    def _object(self, data: bytes, read_headers: ReadHeaders, load: Load) -> tuple[Any, ConnectSchema | None]:
        """Decode bytes that begin like JSON. An Avro body whose schema is in the headers may begin so too.

        The headers of JSON may also name its JSON Schema. They are read only where a registry is configured.
        """
        framed = None
        if self._schemas.configured:
            framed = framing.framed_by_headers(read_headers() or (), self._side)
        if framed is not None:
            return _read(data, self._body_after(framed), load)
        return self._bare_json(data, load)

    def _body_of(self, data: bytes, read_headers: ReadHeaders) -> _Body | None:
        """Return how to read bytes whose schema they or the headers name; most repeat the last schema."""
        headers = read_headers()
        framed = framing.framed_by_headers(headers, self._side) if headers else None
        if framed is not None:
            return self._body_after(framed)
        if self._last is not None and data.startswith(self._last[0]):
            return self._last[1]
        framed = framing.framed_by_bytes(data)
        if framed is None:
            return None
        body = self._body_after(framed)
        self._last = data[: framed.begin], body
        return body

    def _other_json(self, data: bytes, load: Load) -> Decoded:
        """Decode JSON that begins with white space, or is no object."""
        try:
            return self._bare_json(data, load)
        except DecodeError as error:
            if data.startswith(_STRUCT):
                raise DecodeError(
                    "Java's text of a struct cannot be read; set a JSON or Avro value converter"
                ) from None
            if self._wanted == "auto" and data.startswith(_MAGIC):
                raise DecodeError("it begins like Avro, and its schema id is incomplete") from None
            raise DecodeError(f"{_EXPECTED[self._wanted]} expected: {error}") from None

    def _bare_json(self, data: bytes, load: Load) -> Decoded:
        """Decode JSON without a frame: bare, or with its schema or id beside it."""
        if data.startswith(OPENING):
            decoded = self._carried.decode(data, load)
        else:
            decoded = self._carried.unwrap(load(data))
        if decoded.schema is not None:
            self.seen.add("JSON with schema")
        elif type(decoded.value) is dict and decoded.value.keys() == {"schemaId", "payload"}:
            return self._apicurio_json(decoded.value)
        else:
            self.seen.add("JSON")
        return decoded

    def _body_after(self, framed: Framed) -> _Body:
        """Return how to read the body of this frame."""
        try:
            schema = self._schemas.get(framed.ref)
            return _Body(framed, self._reader(framed, schema), schema.connect)
        except DecodeError as error:
            raise DecodeError(f"{framed.name}: {error}") from None

    def _reader(self, framed: Framed, schema: WriterSchema) -> ReadBody | None:
        if schema.format == "json":
            self.seen.add(f"JSON Schema ({framed.name})")
            return None
        if self._wanted == "json":
            raise DecodeError("Avro, in a topic with `format: json`")
        if framed.avro_json:
            raise DecodeError("Avro in its JSON encoding is not supported; write it in binary")
        self.seen.add(f"Avro ({framed.name})")
        if schema.is_bytes and self._schemas.raw_bytes:
            return _rest
        return schema.reader(self._columns)

    def _apicurio_json(self, value: dict[str, Any]) -> Decoded:
        """Take a value out of the wrapper of Apicurio's JSON converter."""
        reference = framing.apicurio_json_reference(value["schemaId"])
        self.seen.add("JSON" if reference is None else "JSON (Apicurio schema id)")
        return (
            Decoded(value)
            if reference is None
            else Decoded(value["payload"], self._schemas.get(reference).connect)
        )


def _read(data: bytes, body: _Body, load: Load) -> tuple[Any, ConnectSchema | None]:
    begin = body.framed.begin
    try:
        value = load(data[begin:]) if body.read is None else body.read(data, begin)
    except DecodeError as error:
        raise DecodeError(f"{body.framed.name}: {error}") from None
    return value, body.connect


def _rest(data: bytes, begin: int) -> bytes:
    return data[begin:]


def _text_of(key: bytes) -> str:
    try:
        return key.decode()
    except UnicodeDecodeError:
        raise DecodeError("neither JSON nor Avro nor UTF-8 text") from None
