"""One input for each seed: a record, the topic file it falls under, and what the registry would answer."""

import struct
from collections.abc import Callable
from typing import NamedTuple

from connector.model import Record, SchemaArtifact, SchemaRef
from tests.fuzz import avro_inputs, connect_inputs, json_schema_inputs, json_texts, mongo_inputs, mutations
from tests.fuzz.corpus import captured
from tests.fuzz.draw import Draw
from tests.fuzz.hostile import BYTES, CANARY

BLOCK = 2_000
"""Inputs that share a translator, which remembers schemas and what it has seen of a topic."""

_TOPICS_OF_BLOCK = 5

Headers = list[tuple[str, bytes | None]]


class Input(NamedTuple):
    """The input of one seed. The registry has `schemas` and, under any other id, `artifact`."""

    kind: str
    record: Record
    artifact: SchemaArtifact | None
    schemas: dict[SchemaRef, SchemaArtifact]


class _Draft(NamedTuple):
    key: bytes | None
    value: bytes | None
    headers: Headers
    artifact: SchemaArtifact | None = None
    schemas: dict[SchemaRef, SchemaArtifact] = {}  # noqa: RUF012 - never written to
    timestamp_ms: int | None = 1_700_000_000_000


def input_of(seed: int, topics: int) -> Input:
    """Make the input of a seed, for one of so many topic files."""
    draw = Draw(seed)
    kind = draw.pick(_KINDS)
    draft = _WRITERS[kind](draw)
    if draw.chance(0.1):
        draft = draft._replace(headers=[*draft.headers, *_headers(draw)])
    if draw.chance(0.05):
        draft = draft._replace(timestamp_ms=draw.pick((None, 0, -1, 2**63 - 1, -(2**63))))
    topic = (seed // BLOCK * 7 + draw.below(_TOPICS_OF_BLOCK) * 13) % topics
    record = Record(
        f"t{topic}", 0, seed, draft.key, draft.value, draft.timestamp_ms, lambda: draft.headers or None
    )
    return Input(kind, record, draft.artifact, draft.schemas)


# -------------------------------------------------------------------------------------- captures


def _captured(draw: Draw) -> _Draft:
    records = captured()
    one, other = draw.pick(records), draw.pick(records)
    key, value, headers = one.key, one.value, one.headers
    if value is not None and draw.chance(0.8):
        if draw.chance(0.5) and value.startswith(b"{"):
            value = mutations.other_tokens(draw, value)
        else:
            value = mutations.damaged(draw, value, other.value or b"")
    if key is not None and draw.chance(0.2):
        key = mutations.damaged(draw, key, other.key or b"")
    if draw.chance(0.05):
        key, value = draw.pick(((value, key), (None, value), (key, None), (other.key, value), (key, b"null")))
    artifact = None
    schemas = one.schemas
    if schemas and draw.chance(0.1):
        some = draw.pick(tuple(schemas.values()))
        text = mutations.damaged(draw, some.text.encode(), b"null").decode(errors="replace")
        artifact, schemas = SchemaArtifact(text, some.type), {}
    return _Draft(key, value, headers, artifact, schemas, one.timestamp_ms)


def _bytes(draw: Draw) -> _Draft:
    value = b"".join(
        draw.pick((draw.pick(BYTES), draw.data(draw.small(30)))) for _ in range(1 + draw.below(4))
    )
    return _Draft(draw.pick((None, b"7", value)), value, [], _any_artifact(draw))


# ------------------------------------------------------------------------------------------ texts


def _json(draw: Draw) -> _Draft:
    return _Draft(_encoded(json_texts.key(draw)), _maybe_damaged(draw, json_texts.text(draw)), [])


def _embedded(draw: Draw) -> _Draft:
    key = connect_inputs.key(draw) if draw.chance(0.3) else json_texts.key(draw)
    return _Draft(_encoded(key), _maybe_damaged(draw, connect_inputs.text(draw)), [])


def _mongo(draw: Draw) -> _Draft:
    key = mongo_inputs.key(draw) if draw.chance(0.7) else json_texts.key(draw)
    return _Draft(_encoded(key), _maybe_damaged(draw, mongo_inputs.text(draw)), [])


def _maybe_damaged(draw: Draw, text: str) -> bytes:
    data = text.encode()
    return mutations.damaged(draw, data, data) if draw.chance(0.1) else data


def _encoded(text: str | None) -> bytes | None:
    return None if text is None else text.encode()


# ---------------------------------------------------------------------------------------- schemas


def _avro(draw: Draw) -> _Draft:
    return _framed(draw, *avro_inputs.drawn(draw))


def _hostile_avro(draw: Draw) -> _Draft:
    return _framed(draw, *avro_inputs.hostile(draw))


def _json_schema(draw: Draw) -> _Draft:
    body = json_texts.text(draw) if draw.chance(0.5) else connect_inputs.typed_row(draw)
    return _framed(draw, json_schema_inputs.json_schema_artifact(draw), body.encode())


def _connect_artifact(draw: Draw) -> _Draft:
    artifact = SchemaArtifact(connect_inputs.schema(draw), draw.pick(("KCONNECT", "")))
    body = connect_inputs.typed_row(draw)
    if draw.chance(0.5):
        return _framed(draw, artifact, body.encode())
    number = draw.pick(("0", "-1", str(draw.below(999)), str(2**40), "1.5", '"7"', str(2**63)))
    return _Draft(b'{"id":7}', f'{{"schemaId":{number},"payload":{body}}}'.encode(), [], artifact)


def _any_artifact(draw: Draw) -> SchemaArtifact:
    return draw.pick(
        (draw.pick(avro_inputs.HOSTILE), _ROW, SchemaArtifact("syntax = proto3"), SchemaArtifact(CANARY))
    )


_ROW = avro_inputs.artifact({"type": "record", "name": "R", "fields": [{"name": "id", "type": "int"}]})


def _framed(draw: Draw, artifact: SchemaArtifact, body: bytes) -> _Draft:
    """Put a body into one of the framings; some bodies, schemas and frames are damaged."""
    if draw.chance(0.25):
        body = mutations.damaged(draw, body, body)
    if draw.chance(0.05):
        text = mutations.damaged(draw, artifact.text.encode(), b"}").decode(errors="replace")
        artifact = artifact._replace(text=text)
    prefix, headers = draw.pick(_FRAMES)(draw)
    key = draw.pick((b'{"id":7}', b'{"id":7}', b"7", None, prefix + body))
    return _Draft(key, prefix + body, headers, artifact)


def _id(draw: Draw) -> int:
    return draw.below(1 << 30) if draw.chance(0.9) else draw.pick((0, -1, 1, 2, 3, 2**31 - 1))


_FRAMES: tuple[Callable[[Draw], tuple[bytes, Headers]], ...] = (
    *([lambda draw: (b"\0" + struct.pack(">i", _id(draw)), [])] * 4),
    lambda draw: (b"\0" + struct.pack(">q", _id(draw)), []),
    lambda draw: (b"\1" + draw.data(16)[:16].ljust(16, b"\0"), []),
    lambda draw: (b"", [("__value_schema_id", b"\0" + struct.pack(">i", _id(draw)))]),
    lambda draw: (b"", [("__value_schema_id", b"\1" + draw.data(16)[:16].ljust(16, b"\0"))]),
    lambda draw: (b"", [("apicurio.value.globalId", struct.pack(">q", _id(draw)))]),
    lambda draw: (b"", [("apicurio.value.contentId", struct.pack(">q", _id(draw))), *_encoding(draw)]),
    lambda draw: (b"", [("apicurio.value.contentHash", draw.data(1 + draw.small(20)))]),
    lambda draw: (
        b"",
        [("apicurio.value.artifactId", draw.data(1 + draw.small(9))), ("apicurio.value.version", b"1")],
    ),
)


def _encoding(draw: Draw) -> Headers:
    return [("apicurio.value.encoding", draw.pick((b"JSON", b"BINARY", b"\xff")))]


# ---------------------------------------------------------------------------------------- headers

_HEADER_NAMES = (
    *(
        "__debezium.newkey",
        "__debezium.newkey",
        "__debezium.oldkey",
        "__op",
        "__deleted",
        "id",
        "eventType",
        "x",
    ),
    *("__value_schema_id", "__key_schema_id", "apicurio.key.globalId", "apicurio.value.globalId", "", CANARY),
)


def _headers(draw: Draw) -> Headers:
    return [(draw.pick(_HEADER_NAMES), _header(draw)) for _ in range(1 + draw.small(4))]


def _header(draw: Draw) -> bytes | None:
    kind = draw.below(5)
    if kind < 2:
        return _encoded(json_texts.key(draw))
    if kind < 3:
        return connect_inputs.key(draw).encode()
    return draw.pick(BYTES) if kind < 4 else None


_WRITERS: dict[str, Callable[[Draw], _Draft]] = {
    "capture": _captured,
    "bytes": _bytes,
    "JSON": _json,
    "JSON with schema": _embedded,
    "Extended JSON": _mongo,
    "Avro": _avro,
    "hostile Avro": _hostile_avro,
    "JSON Schema": _json_schema,
    "Connect schema": _connect_artifact,
}

_KINDS = (
    *(["capture"] * 8),
    *(["JSON"] * 6),
    *(["JSON with schema"] * 6),
    *(["Avro"] * 6),
    *(["hostile Avro", "Extended JSON"] * 3),
    *(["JSON Schema", "bytes"] * 2),
    "Connect schema",
)
"""The kinds of inputs, with their shares."""
