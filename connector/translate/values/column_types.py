"""The form in which a column of a known type is sent (docs/mapping.md, debezium-events.md 6).

`SEMANTIC_TYPES` has an entry for each name that Debezium and Kafka Connect give to a type, `_BASES` one for
each type without such a name. All functions here get a decoded value, never null and never the unavailable
placeholder. It comes from either encoding: JSON has bytes as base64 and NaN as text, Avro has bytes and
floats. They return the value to send or a member of `LeftOut`, and raise

* `ConversionError`, which quotes no value, where a value cannot be sent, and
* `NeedsExactError` where a decimal was decoded as a float.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from connector.translate.formats.connect_schema import Base, ConnectSchema
from connector.translate.values.dates import read_date, timestamp_of
from connector.translate.values.decimals import as_decimal, as_operand, exact
from connector.translate.values.forms import As
from connector.translate.values.nested import array_of, map_of, struct_of
from connector.translate.values.numbers import (
    decimal_column,
    double_operand,
    exact_column,
    read_double,
    read_single,
    read_unsigned,
    single_operand,
    variable_scale_column,
)
from connector.translate.values.schemaless import base64_text, to_json_value
from connector.translate.values.temporal_parts import (
    date_of_parts,
    duration_of_parts,
    elapsed_of_parts,
    structured,
    time_of_parts,
    timestamp_of_parts,
    zoned_time_of_parts,
)
from connector.translate.values.times_of_day import read_iso_time, time_of_day_of
from connector.translate.values.unusable import NOT_A_NUMBER, ConversionError

ReadValue: TypeAlias = Callable[[Any], Any]


class ColumnType(NamedTuple):
    """The readers of one type; None where a value needs no function.

    * `for_sending` makes the value that is sent without `as:`. Without it, `to_json_value` is enough.
    * `for_transform` makes the argument of the transform of an `as:`: a decimal with all its digits, dates
      and times as ISO text, bytes as base64.
    * `for_expression` makes the operand of a JMESPath expression. Decimals are integers, floats or, where a
      float would round them, `Decimal`; `decimal_jmespath.py` compares and adds those. Dates and times are
      ISO text, which sorts by time. Everything else is the value that is sent.
    * `implies` lists the forms of `as:` that add nothing to the type.
    """

    for_sending: ReadValue | None = None
    for_transform: ReadValue | None = None
    for_expression: ReadValue | None = None
    implies: frozenset[As] = frozenset()


def column_type(schema: ConnectSchema) -> ColumnType:
    """Find the readers of a type's columns."""
    known = SEMANTIC_TYPES.get(_without_qualifiers(schema.name))
    return (known or _BASES[schema.base])(schema)


# ---------------------------------------------------------------------------------- named types


def _same_for_all(read: ReadValue, *implies: As) -> ColumnType:
    return ColumnType(read, read, read, frozenset(implies))


def _text(read: ReadValue, *implies: As) -> Callable[[ConnectSchema], ColumnType]:
    """Make the entry of a type that becomes the same text everywhere."""
    found = _same_for_all(read, *implies)
    return lambda _schema: found


def _decimal(schema: ConnectSchema) -> ColumnType:
    written = schema.parameters.get("scale", "")
    if not re.fullmatch("-?[0-9]{1,6}", written):
        return _same_for_all(_no_scale)
    scale = int(written)
    return ColumnType(
        exact_column(scale), decimal_column(scale, as_decimal), decimal_column(scale, as_operand), _NUMBERS
    )


def _no_scale(_value: Any) -> Any:
    raise ConversionError("the schema of the decimal has no scale")


def _duration(schema: ConnectSchema) -> ColumnType:
    kind = schema.parameters.get("io.debezium.time.duration.kind")
    return _same_for_all(structured(elapsed_of_parts if kind == "elapsed-time" else duration_of_parts))


def _uuid(schema: ConnectSchema) -> ColumnType:
    """Text; Avro's own type may be 16 bytes too."""
    return _same_for_all(_read_uuid) if schema.base == "bytes" else _PLAIN


def _read_uuid(value: Any) -> Any:
    if type(value) is not bytes:
        return to_json_value(value)
    if len(value) != 16:
        raise ConversionError("a UUID of 16 bytes is expected")
    digits = value.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


_NUMBERS = frozenset({As.DECIMAL, As.NUMBER})

_DATE = _text(read_date, As.DATE)
_MILLISECONDS, _MICROSECONDS, _NANOSECONDS = (
    _text(timestamp_of(unit), As.TIMESTAMP) for unit in ("ms", "us", "ns")
)
_ISO_TIMESTAMP = _text(timestamp_of(None), As.TIMESTAMP)
_TIME = _text(time_of_day_of("ms"))

_VARIABLE_SCALE = ColumnType(
    variable_scale_column(exact),
    variable_scale_column(as_decimal),
    variable_scale_column(as_operand),
    _NUMBERS,
)

SEMANTIC_TYPES: Mapping[str, Callable[[ConnectSchema], ColumnType]] = {
    "org.apache.kafka.connect.data.Date": _DATE,
    "org.apache.kafka.connect.data.Time": _TIME,
    "org.apache.kafka.connect.data.Timestamp": _MILLISECONDS,
    "org.apache.kafka.connect.data.Decimal": _decimal,
    "io.debezium.time.Date": _DATE,
    "io.debezium.time.IsoDate": _DATE,
    "io.debezium.time.Time": _TIME,
    "io.debezium.time.MicroTime": _text(time_of_day_of("us")),
    "io.debezium.time.NanoTime": _text(time_of_day_of("ns")),
    "io.debezium.time.IsoTime": _text(read_iso_time),
    "io.debezium.time.Timestamp": _MILLISECONDS,
    "io.debezium.time.MicroTimestamp": _MICROSECONDS,
    "io.debezium.time.NanoTimestamp": _NANOSECONDS,
    "io.debezium.time.IsoTimestamp": _ISO_TIMESTAMP,
    "io.debezium.time.ZonedTimestamp": _ISO_TIMESTAMP,
    "io.debezium.time.StructuredDate": _text(structured(date_of_parts), As.DATE),
    "io.debezium.time.StructuredTime": _text(structured(time_of_parts)),
    "io.debezium.time.StructuredTimestamp": _text(structured(timestamp_of_parts), As.TIMESTAMP),
    "io.debezium.time.StructuredZonedTime": _text(structured(zoned_time_of_parts)),
    "io.debezium.time.StructuredZonedTimestamp": _text(structured(timestamp_of_parts), As.TIMESTAMP),
    "io.debezium.time.StructuredDuration": _duration,
    "io.debezium.data.VariableScaleDecimal": lambda _schema: _VARIABLE_SCALE,
    "io.debezium.data.Uuid": _uuid,
}
"""Types that are sent by their base need no entry: ZonedTime, Year, durations, Interval, Json, Xml, Enum,
Ltree, Tsvector, Bits, vectors, points and geometries."""

_QUALIFIERS = re.compile(
    r"(io\.debezium\.time\.Structured[A-Za-z]+?)(?:Precision\d+)?(?:SourceColumn[0-9a-f]*)?"
)


def _without_qualifiers(name: str) -> str:
    """Take the precision and the column off the name of a structured type."""
    found = _QUALIFIERS.fullmatch(name) if "Structured" in name else None
    return found[1] if found else name


# ------------------------------------------------------------------------------- types by their base


def _integer(schema: ConnectSchema) -> ColumnType:
    column = schema.parameters.get("__debezium.source.column.type", "").upper()
    return _UNSIGNED if column.startswith("BIGINT UNSIGNED") else _PLAIN


def _array(schema: ConnectSchema) -> ColumnType:
    item = column_type(schema.items) if schema.items else _PLAIN
    return _container(
        for_sending=array_of(item.for_sending) if item.for_sending else None,
        for_expression=array_of(item.for_expression) if item.for_expression else None,
    )


def _map(schema: ConnectSchema) -> ColumnType:
    key, item = (column_type(inner) if inner else _PLAIN for inner in (schema.keys, schema.items))
    return _container(
        for_sending=map_of(key.for_sending or to_json_value, item.for_sending or to_json_value),
        for_expression=map_of(key.for_sending or to_json_value, item.for_expression or _same),
    )


def _struct(schema: ConnectSchema) -> ColumnType:
    fields = {name: column_type(field) for name, field in schema.fields.items()}
    sent = {name: field.for_sending for name, field in fields.items() if field.for_sending}
    operands = {name: field.for_expression for name, field in fields.items() if field.for_expression}
    return _container(
        for_sending=struct_of(sent, to_json_value) if sent else None,
        for_expression=struct_of(operands, _same) if operands else None,
    )


def _container(for_sending: ReadValue | None, for_expression: ReadValue | None) -> ColumnType:
    return ColumnType(for_sending, for_sending or to_json_value, for_expression)


def _same(value: Any) -> Any:
    return value


def _text_of_bytes(value: Any) -> Any:
    return base64_text(value) if type(value) is bytes else value


def _any_for_transform(value: Any) -> Any:
    if type(value) is float and not math.isfinite(value):
        return NOT_A_NUMBER
    return _text_of_bytes(value)


_PLAIN = ColumnType()
_BYTES = ColumnType(None, _text_of_bytes, _text_of_bytes)
_ANY = ColumnType(None, _any_for_transform, _text_of_bytes)
_UNSIGNED = _same_for_all(read_unsigned)
_SINGLE = ColumnType(read_single, read_single, single_operand, _NUMBERS)
_DOUBLE = ColumnType(read_double, read_double, double_operand, _NUMBERS)

_BASES: Mapping[Base, Callable[[ConnectSchema], ColumnType]] = {
    "boolean": lambda _schema: _PLAIN,
    "int8": lambda _schema: _PLAIN,
    "int16": lambda _schema: _PLAIN,
    "int32": lambda _schema: _PLAIN,
    "int64": _integer,
    "float": lambda _schema: _SINGLE,
    "double": lambda _schema: _DOUBLE,
    "string": lambda _schema: _PLAIN,
    "bytes": lambda _schema: _BYTES,
    "array": _array,
    "map": _map,
    "struct": _struct,
    "any": lambda _schema: _ANY,
}
