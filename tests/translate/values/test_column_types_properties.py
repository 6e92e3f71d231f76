"""Any value that a schema can hold is sent with its exact digits, or refused by name (F043)."""

import json
import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connector.translate.formats.connect_schema import ConnectSchema
from connector.translate.mapping.rules import PathRule
from connector.translate.values.column_types import column_type
from connector.translate.values.forms import As
from connector.translate.values.schemaless import to_json_value
from connector.translate.values.transforms import transform_for
from connector.translate.values.unusable import ConversionError, LeftOut, NeedsExactError
from tests.translate.values.encodings import ENCODINGS, decimal, sent, twos_complement, typed

VARIABLE_SCALE = ConnectSchema(
    "struct",
    "io.debezium.data.VariableScaleDecimal",
    fields={"scale": ConnectSchema("int32"), "value": ConnectSchema("bytes")},
)
UNSCALED = st.integers(-(10**60), 10**60) | st.integers(-(10**17), 10**17)
SCALES = st.integers(-20, 60)
INT64 = st.integers(-(2**63), 2**63 - 1)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MS_MIN, MS_MAX = -62135596800000, 253402300799999
INFINITIES = {9223372036825200000, -9223372036832400000, 2**63 - 1, -(2**63)}
UNITS = {
    "org.apache.kafka.connect.data.Timestamp": 1,
    "io.debezium.time.Timestamp": 1,
    "io.debezium.time.MicroTimestamp": 1000,
    "io.debezium.time.NanoTimestamp": 1_000_000,
}


def number(text: bytes) -> Decimal:
    """Read JSON with every digit."""
    value = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    assert isinstance(value, Decimal)
    return value


def exactly(unscaled: int, scale: int) -> Decimal:
    """Return unscaled / 10**scale, computed in another way than the code does."""
    sign, digits = (1 if unscaled < 0 else 0), tuple(map(int, str(abs(unscaled))))
    return Decimal((sign, digits, -scale))


@pytest.mark.parametrize("encoding", ENCODINGS)
@settings(max_examples=500, deadline=None)
@given(unscaled=UNSCALED, scale=SCALES)
def test_decimals_of_any_length_survive(encoding: str, unscaled: int, scale: int) -> None:
    """Sixty digits, before or after the point, arrive in the JSON that is sent."""
    expected = exactly(unscaled, scale)
    schema, value = decimal(scale), twos_complement(unscaled)
    decoded = ENCODINGS[encoding](schema, value)
    assert number(sent(schema, decoded)) == expected
    variable = ENCODINGS[encoding](VARIABLE_SCALE, {"scale": scale, "value": value})
    assert number(sent(VARIABLE_SCALE, variable)) == expected
    assert number(sent(schema, Decimal(str(expected)))) == expected  # written as a JSON number
    for schema_, decoded_ in ((schema, decoded), (VARIABLE_SCALE, variable)):
        hand, see = column_type(schema_).for_transform, column_type(schema_).for_expression
        assert hand is not None
        assert see is not None
        assert number(orjson.dumps(to_json_value(hand(decoded_)))) == expected
        assert number(orjson.dumps(to_json_value(see(decoded_)))) == expected
        text = transform_for(PathRule.model_validate({"from": "c", "as": "string"}).form, schema_)
        assert text is not None
        assert Decimal(text(decoded_)) == expected


@settings(max_examples=100, deadline=None)
@given(values=st.lists(INT64, min_size=100, max_size=100), name=st.sampled_from(sorted(UNITS)))
def test_timestamps_are_right_or_refused(values: list[int], name: str) -> None:
    """Every timestamp of 64 bits is the moment that `datetime` computes, or out of range or infinite."""
    schema = typed(name, "int64")
    for value in values:
        check_timestamp(schema, value, UNITS[name])


@settings(max_examples=100, deadline=None)
@given(
    values=st.lists(st.integers(MS_MIN - 10**6, MS_MAX + 10**6), min_size=100, max_size=100),
    name=st.sampled_from(sorted(UNITS)),
    rest=st.integers(0, 999_999),
)
def test_timestamps_of_our_era_are_right(values: list[int], name: str, rest: int) -> None:
    """The same where nearly all of them can be sent, and around both ends of what can."""
    schema, unit = typed(name, "int64"), UNITS[name]
    for value in values:
        check_timestamp(schema, value * unit + rest % unit, unit)


def check_timestamp(schema: ConnectSchema, value: int, unit: int) -> None:
    """Compare one timestamp with an independent computation."""
    milliseconds = value // unit
    if not MS_MIN <= milliseconds <= MS_MAX or value in INFINITIES:
        with pytest.raises(ConversionError):
            sent(schema, value)
        return
    moment = EPOCH + timedelta(days=milliseconds // 86_400_000, milliseconds=milliseconds % 86_400_000)
    expected = moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    assert sent(schema, value) == orjson.dumps(expected)


@settings(max_examples=300, deadline=None)
@given(
    moment=st.datetimes(timezones=st.timezones(), allow_imaginary=False),
    name=st.sampled_from(["io.debezium.time.ZonedTimestamp", "io.debezium.time.IsoTimestamp"]),
)
def test_zoned_timestamps_are_the_same_moment(moment: datetime, name: str) -> None:
    """A timestamp with any offset becomes the same moment in UTC, cut to milliseconds."""
    schema = typed(name, "string")
    text = moment.isoformat().replace("+00:00", "Z")
    try:
        expected = moment.astimezone(UTC)
    except OverflowError:
        with pytest.raises(ConversionError):
            sent(schema, text)
        return
    if moment.utcoffset() is not None and text[-3:-2] == ":" and text.count(":") > 3:
        return  # an offset with seconds, as of before 1900, which Java does not write
    cut = expected.replace(tzinfo=None, microsecond=expected.microsecond // 1000 * 1000)
    assert sent(schema, text) == orjson.dumps(cut.isoformat(timespec="milliseconds") + "Z")


@settings(max_examples=300, deadline=None)
@given(value=INT64, unit=st.sampled_from([("Time", 10**3), ("MicroTime", 10**6), ("NanoTime", 10**9)]))
def test_times_add_up_again(value: int, unit: tuple[str, int]) -> None:
    """The text of a time of day, read back, is the number it was; longer than 838:59:59 is refused."""
    name, per_second = unit
    schema = typed(f"io.debezium.time.{name}", "int64")
    value %= 2 * 900 * 3600 * per_second
    value -= 900 * 3600 * per_second
    if abs(value) >= 839 * 3600 * per_second:
        with pytest.raises(ConversionError):
            sent(schema, value)
        return
    text = orjson.loads(sent(schema, value))
    hours, minutes, seconds = text.removeprefix("-").split(":")
    total = (int(hours) * 3600 + int(minutes) * 60 + Decimal(seconds)) * per_second
    assert (-total if text.startswith("-") else total) == value
    assert not ("." in text and text.endswith("0"))


@pytest.mark.parametrize("encoding", ENCODINGS)
@settings(max_examples=300, deadline=None)
@given(value=st.floats())
def test_doubles_survive(encoding: str, value: float) -> None:
    """Every finite double is sent as a text that reads as the same double."""
    schema = ConnectSchema("double")
    read = column_type(schema).for_sending
    assert read is not None
    result = read(ENCODINGS[encoding](schema, value))
    assert (
        type(result) is LeftOut if not math.isfinite(value) else orjson.loads(orjson.dumps(result)) == value
    )


# ----------------------------------------------------------------- any schema, and a value it can hold

TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
SCALARS: list[tuple[ConnectSchema, st.SearchStrategy[Any]]] = [
    (ConnectSchema("boolean"), st.booleans()),
    (ConnectSchema("int32"), st.integers(-(2**31), 2**31 - 1)),
    (ConnectSchema("int64"), INT64),
    (ConnectSchema("double"), st.floats()),
    (ConnectSchema("float"), st.floats(width=32)),
    (ConnectSchema("string"), TEXTS),
    (ConnectSchema("bytes"), st.binary(max_size=8)),
    (typed("io.debezium.data.Bits", "bytes"), st.binary(max_size=4)),
    (typed("io.debezium.time.Date", "int32"), st.integers(-719162, 2932896)),
    (typed("io.debezium.time.MicroTimestamp", "int64"), st.integers(MS_MIN * 1000, MS_MAX * 1000)),
    (typed("io.debezium.time.MicroTime", "int64"), st.integers(0, 86_400_000_000)),
    (decimal(2), UNSCALED.map(twos_complement)),
    (decimal(30), UNSCALED.map(twos_complement)),
    (
        VARIABLE_SCALE,
        st.fixed_dictionaries({"scale": SCALES, "value": UNSCALED.map(twos_complement)}),
    ),
]
KEYS = [pair for pair in SCALARS if pair[0].base in ("string", "int32", "boolean")]

Typed = tuple[ConnectSchema, st.SearchStrategy[Any]]


def arrays(item: Typed) -> Typed:
    """Return the type of an array and a strategy for its values."""
    schema, values = item
    return ConnectSchema("array", items=schema), st.lists(st.none() | values, max_size=3)


def maps(key: Typed, item: Typed) -> Typed:
    """Return the type of a map and a strategy for its values."""
    schema = ConnectSchema("map", keys=key[0], items=item[0])
    return schema, st.dictionaries(key[1], st.none() | item[1], max_size=3)


def rows(fields: list[Typed]) -> Typed:
    """Return the type of a row and a strategy for its values."""
    named = {f"f{index}": field for index, field in enumerate(fields)}
    schema = ConnectSchema("struct", fields={name: field[0] for name, field in named.items()})
    return schema, st.fixed_dictionaries({name: st.none() | field[1] for name, field in named.items()})


TYPES: st.SearchStrategy[Typed] = st.recursive(
    st.sampled_from(SCALARS),
    lambda inner: (
        inner.map(arrays)
        | st.builds(maps, st.sampled_from(KEYS), inner)
        | st.lists(inner, min_size=1, max_size=3).map(rows)
    ),
    max_leaves=6,
)


@settings(max_examples=500, deadline=None)
@given(data=st.data())
def test_both_encodings_of_any_value_become_the_same(data: st.DataObject) -> None:
    """Whatever a schema holds is sent as the same JSON from Avro and from Connect's JSON."""
    schema, values = data.draw(TYPES)
    value = data.draw(values)
    assume_sendable(schema)
    results = [orjson.dumps(sent_or_left_out(schema, read(schema, value))) for read in ENCODINGS.values()]
    assert results[0] == results[1]


def sent_or_left_out(schema: ConnectSchema, decoded: Any) -> Any:
    """Return the value that is sent, or the name under which it is left out."""
    result = (column_type(schema).for_sending or to_json_value)(decoded)
    return result.value if isinstance(result, LeftOut) else result


def assume_sendable(schema: ConnectSchema) -> None:
    """Check that every type in a schema has an entry; none of them is unknown to the table."""
    assert column_type(schema) is not None
    for inner in (*schema.fields.values(), schema.items, schema.keys):
        if inner is not None:
            assume_sendable(inner)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.binary(max_size=8) | st.decimals(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=500, deadline=None)
@given(
    known=TYPES,
    value=JSON_VALUES.filter(lambda value: value is not None),
    form=st.none() | st.sampled_from(list(As)),
)
@example(known=(ConnectSchema("double"), st.nothing()), value=Decimal("sNaN"), form=None)
def test_a_value_that_contradicts_its_schema_breaks_nothing(
    known: Typed, value: Any, form: As | None
) -> None:
    """Any value of a column is sent as JSON or refused by one of the two errors (S08)."""
    schema = known[0]
    rule = PathRule.model_validate({"from": "c"} if form is None else {"from": "c", "as": form})
    for read in (
        transform_for(rule.form, schema) or to_json_value,
        column_type(schema).for_expression or to_json_value,
    ):
        try:
            result = to_json_value(read(value))
        except (ConversionError, NeedsExactError):
            continue
        assert isinstance(result, LeftOut) or orjson.dumps(result)
