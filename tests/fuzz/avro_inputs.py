"""Avro: schemas and bodies that match or do not, and schemas made to end the process (F042, S15)."""

import json
import struct
from collections.abc import Callable
from typing import Any

import orjson

from connector.model import SchemaArtifact
from tests.fuzz.draw import Draw
from tests.fuzz.hostile import CANARY, COLUMNS, CONNECT_NAMES, TEXTS

_PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
_LOGICAL = (
    "date",
    "time-millis",
    "timestamp-millis",
    "timestamp-micros",
    "decimal",
    "uuid",
    "duration",
    CANARY,
)
_TEXTS = tuple(text.encode() for text in TEXTS)
_LONGS = (
    0,
    1,
    -1,
    63,
    64,
    -65,
    127,
    17422,
    2**31 - 1,
    -(2**31),
    2**53 + 1,
    2**63 - 1,
    -(2**63),
    1529507596945104,
)

Encode = Callable[[], bytes]
"""Writes a value of a schema."""


class AvroDraw:
    """Draws schemas, together with what writes values of them."""

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._named: list[tuple[str, Encode]] = []
        self._names = 0

    def schema(self, levels: int, *, in_union: bool = False) -> tuple[Any, Encode]:
        """Draw a schema of so many levels at most; a union inside a union is rare, because it is none."""
        draw = self._draw
        if draw.chance(0.1) and self._named:
            return draw.pick(self._named)
        if not levels or draw.chance(0.3):
            return draw.pick((self._primitive, self._primitive, self._primitive, self._enum, self._fixed))()
        wraps: tuple[Callable[[int], tuple[Any, Encode]], ...] = (
            self._array,
            self._map,
            self.record,
            self.record,
        )
        if not in_union or draw.chance(0.02):
            wraps = (*wraps, self._optional, self._optional, self._optional, self._union)
        return draw.pick(wraps)(levels - 1)

    def _primitive(self) -> tuple[Any, Encode]:
        draw = self._draw
        name = draw.pick(_PRIMITIVES)
        schema: Any = name
        if draw.chance(0.5):
            schema = {"type": name, "connect.name": draw.pick(CONNECT_NAMES)}
            if draw.chance(0.4):
                scale = draw.pick(("2", "-2", "0", "1001", "-2000000000", "x", 2))
                schema["connect.parameters"] = {"scale": scale}
            if draw.chance(0.3):
                schema |= {"logicalType": draw.pick(_LOGICAL), "scale": draw.pick((2, -3, 10**9, "x", None))}
            if draw.chance(0.2):
                schema["connect.type"] = draw.pick(("int8", "int16", "x", 8))
        return schema, lambda: _SCALARS[name](draw)

    def _identifier(self) -> tuple[Any, Encode]:
        return draw_identifier(self._draw)

    def _name(self) -> str:
        self._names += 1
        return f"{self._draw.pick(('', 'crm.', 'io.debezium.data.'))}T{self._names}"

    def _enum(self) -> tuple[Any, Encode]:
        name, size = self._name(), 1 + self._draw.small(4)
        found = (name, lambda: varint(self._draw.small(size)))
        self._named.append(found)
        return {"type": "enum", "name": name, "symbols": [f"s{n}" for n in range(size)]}, found[1]

    def _fixed(self) -> tuple[Any, Encode]:
        name, size = self._name(), self._draw.small(20)
        found = (name, lambda: self._draw.data(size)[:size])
        self._named.append(found)
        return {"type": "fixed", "name": name, "size": size, "logicalType": self._draw.pick(_LOGICAL)}, found[
            1
        ]

    def record(self, levels: int, *names: str) -> tuple[Any, Encode]:
        """Draw a record with fields of these names, or of any."""
        draw = self._draw
        name = self._name()
        fields, writers = [], []
        for field in dict.fromkeys(names or (draw.pick(COLUMNS) for _ in range(draw.small(7)))):
            schema, write = self.schema(levels) if field != "id" or draw.chance(0.1) else self._identifier()
            fields.append({"name": field, "type": schema})
            writers.append(write)
        found = (name, lambda: b"".join(write() for write in writers))
        self._named.append(found)
        connect = draw.pick((name, "crm.t.Value", "crm.t.Envelope", "io.debezium.data.VariableScaleDecimal"))
        return {"type": "record", "name": name, "fields": fields, "connect.name": connect}, found[1]

    def _optional(self, levels: int) -> tuple[Any, Encode]:
        schema, write = self.schema(levels, in_union=True)
        draw = self._draw
        null_first = draw.chance(0.7)

        def encode() -> bytes:
            is_null = draw.chance(0.3)
            return (b"\2" if is_null is not null_first else b"\0") + (b"" if is_null else write())

        return (["null", schema] if null_first else [schema, "null"]), encode

    def _union(self, levels: int) -> tuple[Any, Encode]:
        branches = [self.schema(levels, in_union=True) for _ in range(1 + self._draw.small(4))]

        def encode() -> bytes:
            branch = self._draw.below(len(branches) + self._draw.small(1))
            return varint(branch) + (branches[branch][1]() if branch < len(branches) else b"")

        return [schema for schema, _ in branches], encode

    def _array(self, levels: int) -> tuple[Any, Encode]:
        items, write = self.schema(levels)
        return {"type": "array", "items": items}, lambda: self._blocks(write)

    def _map(self, levels: int) -> tuple[Any, Encode]:
        values, write = self.schema(levels)
        return {"type": "map", "values": values}, lambda: self._blocks(lambda: _text(self._draw) + write())

    def _blocks(self, write: Encode) -> bytes:
        draw = self._draw
        count = draw.small(4) if draw.chance(0.97) else draw.small(400)
        if not count:
            return b"\0"
        body = b"".join(write() for _ in range(count))
        begin = varint(-count) + varint(len(body)) if draw.chance(0.2) else varint(count)
        return begin + body + b"\0"


def draw_identifier(draw: Draw) -> tuple[Any, Encode]:
    """Draw what an id is: a number, or a text."""
    return draw.pick(
        (
            ("long", lambda: varint(draw.below(99))),
            ("string", lambda: b"\4" + draw.pick((b"a7", b"a7", b"a7", b".."))),
        )
    )


def varint(number: int) -> bytes:
    """Write a number as Avro does."""
    number = ((number << 1) ^ (number >> 63)) & (2**64 - 1)
    if number < 0x80:
        return bytes((number,))
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


def _text(draw: Draw) -> bytes:
    content = draw.pick(_TEXTS)
    return varint(len(content)) + content


_SCALARS: dict[str, Callable[[Draw], bytes]] = {
    "null": lambda _draw: b"",
    "boolean": lambda draw: b"\1" if draw.chance(0.5) else b"\0",
    "int": lambda draw: varint(draw.pick(_LONGS)),
    "long": lambda draw: varint(draw.pick(_LONGS)),
    "float": lambda draw: struct.pack("<f", draw.pick((0.1, -1.5, float("nan"), float("inf"), 3e38))),
    "double": lambda draw: struct.pack(
        "<d", draw.pick((0.1, -1.5, float("nan"), float("-inf"), 1e308, 2.0**63))
    ),
    "bytes": _text,
    "string": _text,
}


def drawn(draw: Draw) -> tuple[SchemaArtifact, bytes]:
    """Draw a schema of a row or of a change event, and a value that it may have written."""
    avro = AvroDraw(draw)
    if draw.chance(0.2):
        schema, write = avro.record(2)
        return artifact(schema), write()
    row, write = avro.record(2, "id", "a", "b", draw.pick(COLUMNS))
    source = {"type": "record", "name": "Source", "fields": [{"name": "connector", "type": "string"}]}
    envelope = {
        "type": "record",
        "name": "Envelope",
        "namespace": "crm.t",
        "fields": [
            {"name": "before", "type": ["null", row]},
            {"name": "after", "type": ["null", row["name"]]},
            {"name": "source", "type": source},
            {"name": "op", "type": "string"},
            {"name": "ts_ms", "type": ["null", "long"]},
        ],
    }
    before = b"\0" if draw.chance(0.7) else b"\2" + write()
    connector, code = draw.pick((b"postgresql", b"mysql", b"mongodb")), draw.pick("cudrtm").encode()
    body = (
        before,
        b"\2",
        write(),
        varint(len(connector)),
        connector,
        b"\2",
        code,
        b"\2",
        varint(draw.pick(_LONGS)),
    )
    return artifact(envelope), b"".join(body)


def artifact(schema: Any) -> SchemaArtifact:
    """Return what a registry would hold."""
    return SchemaArtifact(orjson.dumps(schema).decode(), "AVRO")


def _deep_artifact(schema: Any) -> SchemaArtifact:
    """Return the same of what is too deep for orjson to write."""
    return SchemaArtifact(json.dumps(schema), "AVRO")


def _record(*types: Any, name: str = "R") -> dict[str, Any]:
    return {
        "type": "record",
        "name": name,
        "fields": [{"name": f"f{n}", "type": one} for n, one in enumerate(types)],
    }


def _chain(levels: int, use: Callable[[str], Any]) -> dict[str, Any]:
    types = [
        _record("int", name="T0"),
        *(_record(use(f"T{n}"), use(f"T{n}"), name=f"T{n + 1}") for n in range(levels)),
    ]
    return _record(*types, name="Root")


def _nested(levels: int, wrap: Callable[[Any, int], Any]) -> Any:
    schema: Any = "int"
    for at in range(levels):
        schema = wrap(schema, at)
    return schema


HOSTILE: tuple[SchemaArtifact, ...] = tuple(
    map(
        _deep_artifact,
        (
            *(
                _record(["null", "R"]),
                _record({"type": "array", "items": "R"}),
                _record({"type": "map", "values": "R"}),
            ),
            *(
                _record(_record(["null", "R"], name="S")),
                _record("R"),
                ["R", _record("int")],
                _record(CANARY),
            ),
            *(_chain(levels, lambda name: name) for levels in (3, 12, 30, 70, 300)),
            *(_chain(levels, lambda name: ["null", name]) for levels in (3, 12, 30)),
            *(_chain(levels, lambda name: [name, "int", "string"]) for levels in (12, 30)),
            *(_chain(levels, lambda name: {"type": "array", "items": name}) for levels in (3, 8, 12, 30)),
            *(_chain(levels, lambda name: {"type": "map", "values": name}) for levels in (3, 12, 30)),
            *(
                _nested(levels, lambda one, _: {"type": "array", "items": one})
                for levels in (5, 63, 64, 65, 120)
            ),
            *(_nested(levels, lambda one, _: {"type": "map", "values": one}) for levels in (5, 64, 120)),
            *(_nested(levels, lambda one, at: _record(one, name=f"N{at}")) for levels in (5, 60, 70)),
            *(
                _nested(levels, lambda one, at: ["null", _record(one, name=f"N{at}")])
                for levels in (5, 31, 70)
            ),
            *(
                {"type": "array", "items": one}
                for one in ("null", _record(), _record("null"), {"type": "null"}, "string")
            ),
            *(
                {"type": "array", "items": one}
                for one in ("boolean", "long", ["null", "int"], _record("boolean", "int"))
            ),
            *(
                {"type": "array", "items": {"type": "fixed", "name": "F", "size": size}}
                for size in (0, 1, 2**20, 2**62)
            ),
            *(
                {"type": "map", "values": one}
                for one in ("null", "string", {"type": "array", "items": "int"})
            ),
            *({"type": "fixed", "name": "F", "size": size} for size in (0, 2**20, 2**40, 2**63 - 1)),
            {"type": "enum", "name": "E", "symbols": [f"s{n}" for n in range(500)]},
            *(
                _record(*["int"] * 800),
                _record(*["null"] * 800),
                ["null"] * 800,
                [f"T{n}" for n in range(9)],
            ),
            *(
                "null",
                "bytes",
                "string",
                "long",
                [],
                {},
                [["int"]],
                7,
                None,
                {"type": {"type": {"type": "int"}}},
            ),
        ),
    )
)
"""Schemas at and beyond every limit."""

COUNTS = tuple(
    varint(number) for number in (1, 2, 100, 10_000, 10**6, 2**31, 2**62, 2**63 - 1, -1, -(2**31), -(2**63))
)


def hostile(draw: Draw) -> tuple[SchemaArtifact, bytes]:
    """Draw a hostile schema and a body of counts, zeros and little else."""
    pieces = (
        draw.pick((*COUNTS, b"\0", b"\2", bytes(draw.small(800)), b"\2" * draw.small(800))) for _ in range(4)
    )
    return draw.pick(HOSTILE), b"".join(pieces)
