"""The types of columns: Connect's own, and every semantic type of Debezium (debezium-events.md 6).

All are NOT NULL here; `schema.nullable` makes the other kind.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from connector.sandbox.records.schema import Base, ConnectSchemaNode, nullable, struct

BOOLEAN = ConnectSchemaNode("boolean")
INT8 = ConnectSchemaNode("int8")
INT16 = ConnectSchemaNode("int16")
INT32 = ConnectSchemaNode("int32")
INT64 = ConnectSchemaNode("int64")
FLOAT = ConnectSchemaNode("float")
DOUBLE = ConnectSchemaNode("double")
STRING = ConnectSchemaNode("string")
BYTES = ConnectSchemaNode("bytes")

_TIME = "io.debezium.time."
_DATA = "io.debezium.data."
_CONNECT = "org.apache.kafka.connect.data."

_SCALARS: Mapping[str, Base] = {
    # semantic type -> the type that carries it; all have version 1
    f"{_TIME}Date": "int32",
    f"{_TIME}Time": "int32",
    f"{_TIME}MicroTime": "int64",
    f"{_TIME}NanoTime": "int64",
    f"{_TIME}Timestamp": "int64",
    f"{_TIME}MicroTimestamp": "int64",
    f"{_TIME}NanoTimestamp": "int64",
    f"{_TIME}ZonedTimestamp": "string",
    f"{_TIME}ZonedTime": "string",
    f"{_TIME}IsoDate": "string",
    f"{_TIME}IsoTime": "string",
    f"{_TIME}IsoTimestamp": "string",
    f"{_TIME}Year": "int32",
    f"{_TIME}MicroDuration": "int64",
    f"{_TIME}NanoDuration": "int64",
    f"{_TIME}Interval": "string",
    f"{_DATA}Json": "string",
    f"{_DATA}Xml": "string",
    f"{_DATA}Uuid": "string",
    f"{_DATA}Ltree": "string",
    f"{_DATA}Tsvector": "string",
    f"{_CONNECT}Date": "int32",
    f"{_CONNECT}Time": "int32",
    f"{_CONNECT}Timestamp": "int64",
}


def array_of(items: ConnectSchemaNode) -> ConnectSchemaNode:
    """Give the type of an array; PostgreSQL's items may be null, so pass them `nullable`."""
    return ConnectSchemaNode("array", items=items)


def map_of(keys: ConnectSchemaNode, values: ConnectSchemaNode) -> ConnectSchemaNode:
    """Give the type of a map; only string keys make a JSON object."""
    return ConnectSchemaNode("map", keys=keys, items=values)


def enum(*allowed: str) -> ConnectSchemaNode:
    """Give the type of an ENUM column."""
    return ConnectSchemaNode("string", f"{_DATA}Enum", 1, {"allowed": ",".join(allowed)})


def enum_set(*allowed: str) -> ConnectSchemaNode:
    """Give the type of a SET column; its values are `a,c`."""
    return ConnectSchemaNode("string", f"{_DATA}EnumSet", 1, {"allowed": ",".join(allowed)})


def bits(length: int) -> ConnectSchemaNode:
    """Give the type of a bit string: little-endian bytes."""
    return ConnectSchemaNode("bytes", f"{_DATA}Bits", 1, {"length": str(length)})


def decimal(scale: int, precision: int | None = None) -> ConnectSchemaNode:
    """Give the type of NUMERIC(precision, scale); `unscaled` makes its values."""
    parameters = {"scale": str(scale)}
    if precision is not None:
        parameters["connect.decimal.precision"] = str(precision)
    return ConnectSchemaNode("bytes", f"{_CONNECT}Decimal", 1, parameters)


def unscaled(value: str | int, scale: int) -> bytes:
    """Give a decimal's bytes: the unscaled integer, big-endian two's complement, as short as it can be.

    Raises:
        ValueError: the value has more digits after the point than the scale allows.
    """
    scaled = Fraction(value) * Fraction(10) ** scale
    if scaled.denominator != 1:
        raise ValueError(f"{value} does not fit a scale of {scale}")
    whole = scaled.numerator
    # One bit more than the number itself, for its sign: 127 fits one byte, 128 and -129 need two.
    magnitude = whole if whole >= 0 else ~whole
    return whole.to_bytes(magnitude.bit_length() // 8 + 1, "big", signed=True)


def variable(value: str | int, scale: int) -> dict[str, Any]:
    """Give a value of VARIABLE_DECIMAL."""
    return {"scale": scale, "value": unscaled(value, scale)}


_MEMBERS: Mapping[str, Base] = {
    # members of the structured types that are no int32
    **dict.fromkeys(("month", "day", "hour", "minute", "second"), "int8"),
    **dict.fromkeys(("zoneId", "specialValue"), "string"),
    "seconds": "int64",
}

_STRUCTURED = {
    # the structured types of 3.7 and their members, every one of them optional
    "Date": "year month day specialValue",
    "Time": "hour minute second nanos precision",
    "Timestamp": "year month day hour minute second nanos specialValue precision",
    "ZonedTime": "hour minute second nanos offsetSeconds precision",
    "ZonedTimestamp": ("year month day hour minute second nanos offsetSeconds zoneId specialValue precision"),
    "Duration": "years months days hours minutes seconds nanos precision",
}


def _structured(name: str) -> ConnectSchemaNode:
    fields = {
        member: nullable(ConnectSchemaNode(_MEMBERS.get(member, "int32")))
        for member in _STRUCTURED[name].split()
    }
    return struct(f"{_TIME}Structured{name}", fields, 1)


DATE, TIME, MICRO_TIME, NANO_TIME, TIMESTAMP, MICRO_TIMESTAMP, NANO_TIMESTAMP = (
    ConnectSchemaNode(_SCALARS[f"{_TIME}{name}"], f"{_TIME}{name}", 1)
    for name in ("Date", "Time", "MicroTime", "NanoTime", "Timestamp", "MicroTimestamp", "NanoTimestamp")
)
ZONED_TIMESTAMP, ZONED_TIME, MICRO_DURATION = (
    ConnectSchemaNode(_SCALARS[f"{_TIME}{name}"], f"{_TIME}{name}", 1)
    for name in ("ZonedTimestamp", "ZonedTime", "MicroDuration")
)
JSON, XML, UUID = (ConnectSchemaNode("string", f"{_DATA}{name}", 1) for name in ("Json", "Xml", "Uuid"))

VARIABLE_DECIMAL = struct(
    f"{_DATA}VariableScaleDecimal", {"scale": INT32, "value": BYTES}, 1, "Variable scaled decimal"
)
POINT = struct(
    f"{_DATA}geometry.Point",
    {"x": DOUBLE, "y": DOUBLE, "wkb": nullable(BYTES), "srid": nullable(INT32)},
    1,
    "Geometry (POINT)",
)
GEOMETRY, GEOGRAPHY = (
    struct(f"{_DATA}geometry.{name}", {"wkb": BYTES, "srid": nullable(INT32)}, 1, name)
    for name in ("Geometry", "Geography")
)
CIRCLE = struct(f"{_DATA}geometry.Circle", {"center": POINT, "radius": DOUBLE}, 1, "Geometry (CIRCLE)")
LINE = struct(f"{_DATA}geometry.Line", {"a": DOUBLE, "b": DOUBLE, "c": DOUBLE}, 1, "Geometry (LINE)")
DOUBLE_VECTOR = ConnectSchemaNode("array", f"{_DATA}DoubleVector", 1, items=DOUBLE)
FLOAT_VECTOR = ConnectSchemaNode("array", f"{_DATA}FloatVector", 1, items=FLOAT)
SPARSE_VECTOR = struct(
    f"{_DATA}SparseDoubleVector",
    {"dimensions": INT16, "vector": map_of(INT16, DOUBLE)},
    1,
    "Sparse double vector",
)

SEMANTIC: Mapping[str, ConnectSchemaNode] = {
    **{name: ConnectSchemaNode(base, name, 1) for name, base in _SCALARS.items()},
    **{
        schema.name: schema
        for schema in (
            decimal(2, 10),
            enum("a", "b", "c"),
            enum_set("a", "b", "c"),
            bits(10),
            VARIABLE_DECIMAL,
            POINT,
            GEOMETRY,
            GEOGRAPHY,
            DOUBLE_VECTOR,
            FLOAT_VECTOR,
            SPARSE_VECTOR,
            CIRCLE,
            LINE,
            *map(_structured, _STRUCTURED),
        )
    },
}
"""Every semantic type by its name, with sample parameters where it has some."""
