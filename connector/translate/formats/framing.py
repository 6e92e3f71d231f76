"""Which format bytes are in, and which schema they name (debezium-events.md 7).

A reference in the headers wins over the bytes: bare Avro may well begin with a zero. Reading headers costs
as much as decoding a small value. So the headers stay unread for readable JSON.
"""

from typing import NamedTuple
from urllib.parse import quote

from connector.model import Headers, RefKind, SchemaRef
from connector.translate.formats.decoded import DecodeError


class Framed(NamedTuple):
    """A reference to a schema, and where in the bytes the body begins.

    `name` is the framing in words. `avro_json` is true where the headers name Avro's JSON encoding, which
    differs from JSON of a JSON Schema.
    """

    name: str
    ref: SchemaRef
    begin: int
    avro_json: bool = False


class Side(NamedTuple):
    """The headers of the value, or of the key: Confluent's header, the prefix of Apicurio's, all names."""

    confluent: str
    apicurio: str
    names: frozenset[str]


def _side(confluent: str, apicurio: str) -> Side:
    return Side(confluent, apicurio, frozenset({confluent, *(apicurio + name for name in _APICURIO_NAMES)}))


_APICURIO_NAMES = ("globalId", "contentId", "contentHash", "groupId", "artifactId", "version", "encoding")

VALUE = _side("__value_schema_id", "apicurio.value.")
KEY = _side("__key_schema_id", "apicurio.key.")

_SEGMENT_LENGTH_MAX = 512  # as long as Apicurio's own ids may be
_ID_BYTES, _LONG_ID_BYTES, _GUID_BYTES = 4, 8, 16

_APICURIO_IDS = (("globalId", RefKind.GLOBAL_ID), ("contentId", RefKind.CONTENT_ID))


def framed_by_headers(headers: Headers, side: Side) -> Framed | None:
    """Return the reference that the headers hold; of a repeated header the last counts.

    Raises:
        DecodeError: a header of that name holds no reference.
    """
    names = side.names
    found = {name: value for name, value in headers if name in names and value is not None}
    if not found:
        return None
    if side.confluent in found:
        reference = _framing_of(found[side.confluent])
        if reference is None:
            raise DecodeError(f"the header {side.confluent} holds neither an id nor a GUID")
        return reference._replace(name=f"{reference.name} in headers", begin=0)
    return _apicurio(found, side.apicurio)


def framed_by_bytes(data: bytes) -> Framed | None:
    """Return the reference at the beginning of the bytes; None where there is none.

    Ids are small and positive: where the four bytes after the zero are zero, eight hold the id.
    """
    return _framing_of(data)


def _framing_of(data: bytes) -> Framed | None:
    magic = data[:1]
    if magic == b"\0" and len(data) > _ID_BYTES:
        number = int.from_bytes(data[1 : 1 + _ID_BYTES], "big", signed=True)
        if number > 0:
            return Framed("Confluent framing", SchemaRef(RefKind.ID, str(number)), 1 + _ID_BYTES)
        number = int.from_bytes(data[1 : 1 + _LONG_ID_BYTES], "big", signed=True)
        if number > 0 and len(data) > _LONG_ID_BYTES:
            reference = SchemaRef(RefKind.LONG_ID, str(number))
            return Framed("Apicurio framing", reference, 1 + _LONG_ID_BYTES)
    if magic == b"\1" and len(data) > _GUID_BYTES:
        digits = data[1 : 1 + _GUID_BYTES].hex()
        guid = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
        return Framed("Confluent GUID framing", SchemaRef(RefKind.GUID, guid), 1 + _GUID_BYTES)
    return None


def _apicurio(found: dict[str, bytes], prefix: str) -> Framed | None:
    """Read Apicurio's headers: an id, else a hash, else group, artifact and version."""
    avro_json = found.get(f"{prefix}encoding", b"").upper() == b"JSON"
    for name, kind in _APICURIO_IDS:
        number = found.get(prefix + name)
        if number is not None:
            if len(number) != _LONG_ID_BYTES:
                raise DecodeError(f"the header {prefix}{name} holds no id of eight bytes")
            value = str(int.from_bytes(number, "big", signed=True))
            return Framed("Apicurio headers", SchemaRef(kind, value), 0, avro_json)
    content_hash = found.get(f"{prefix}contentHash")
    if content_hash is not None:
        return Framed(
            "Apicurio headers", SchemaRef(RefKind.CONTENT_HASH, _segment(content_hash)), 0, avro_json
        )
    group, artifact, version = (found.get(prefix + part) for part in ("groupId", "artifactId", "version"))
    if artifact is None or version is None:
        return None
    path = "/".join(map(_segment, (group or b"default", artifact, version)))
    return Framed("Apicurio headers", SchemaRef(RefKind.ARTIFACT, path), 0, avro_json)


def _segment(part: bytes) -> str:
    """Encode one segment of an address completely, so that it cannot change the path (S01)."""
    text = part.decode("utf-8", "replace")
    if text in ("", ".", "..") or len(text) > _SEGMENT_LENGTH_MAX:
        raise DecodeError("the headers name a schema that cannot be addressed")
    return quote(text, safe="")


def apicurio_json_reference(schema_id: object) -> SchemaRef | None:
    """Return the reference in `{"schemaId":…,"payload":…}` of Apicurio's JSON converter."""
    return SchemaRef(RefKind.LONG_ID, str(schema_id)) if type(schema_id) is int and schema_id > 0 else None
