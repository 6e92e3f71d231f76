"""`as: decimal` and `as: number`, and the readers of columns of numbers.

Without a schema a decimal is text, base64, a number or `{scale, value}`; a schema says which.
"""

import math
import struct
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeAlias

from connector.translate.values.decimals import (
    FLOAT_EXACT_LIMIT,
    NOT_NUMBERS,
    SCALE_FLOAT_MAX,
    exact,
    exact_decimal,
    split,
    split_text,
    unscaled_of,
)
from connector.translate.values.unusable import NOT_A_NUMBER, ConversionError, NeedsExactError

Finish: TypeAlias = Callable[[int, int], Any]
"""Makes a number of an unscaled value and its scale: `exact`, `as_decimal`, `as_operand`."""

# -------------------------------------------------------------------------------- without a schema


def decimal_of(scale: int | None) -> Callable[[Any], Any]:
    """Make the reader of a decimal column; a `scale` says that its text is base64 of the digits."""

    def read(value: Any) -> Any:
        kind = type(value)
        if kind is str:
            return _read_text(value) if scale is None else exact(unscaled_of(value), scale)
        if kind is int:
            return exact(value, 0)
        if kind is float:
            raise NeedsExactError  # `decimal.format=NUMERIC`: decoding has rounded it
        if kind is dict:
            return _variable_scale(value, exact)
        if kind is Decimal:
            return exact_decimal(value)
        raise ConversionError("a decimal is expected")

    return read


def read_number(value: Any) -> Any:
    """Read a number: unchanged, or from its text. NaN and infinities are left out."""
    kind = type(value)
    if kind is int or kind is float:
        return value
    if kind is str:
        return _read_text(value)
    if kind is Decimal:
        return exact_decimal(value)
    raise ConversionError("a number is expected")


def _read_text(text: str) -> Any:
    return NOT_A_NUMBER if text in NOT_NUMBERS else exact(*split_text(text))


# ----------------------------------------------------------------------------------- with a schema


def decimal_column(scale: int, finish: Finish) -> Callable[[Any], Any]:
    """Make the reader of Connect's Decimal: bytes, base64 of them, or a JSON number (debezium-events.md 6.3).

    Raises:
        NeedsExactError: by the reader, of a number that was decoded as a float.
    """

    def read(value: Any) -> Any:
        kind = type(value)
        if kind is bytes and value:
            return finish(int.from_bytes(value, "big", signed=True), scale)
        if kind is str:
            return finish(unscaled_of(value), scale)
        return _read_json_number(value, finish)

    return read


def exact_column(scale: int) -> Callable[[Any], Any]:
    """Do as `decimal_column(scale, exact)`, with the commonest case written out."""
    power = 10**scale if 0 < scale <= SCALE_FLOAT_MAX else 0
    read_any = decimal_column(scale, exact)

    def read(value: Any) -> Any:
        kind = type(value)
        if kind is bytes and value:
            unscaled = int.from_bytes(value, "big", signed=True)
        elif kind is str:
            unscaled = unscaled_of(value)
        else:
            return read_any(value)
        if power and -FLOAT_EXACT_LIMIT < unscaled < FLOAT_EXACT_LIMIT:
            return unscaled / power
        return exact(unscaled, scale)

    return read


def variable_scale_column(finish: Finish) -> Callable[[Any], Any]:
    """Make the reader of `{scale, value}`: NUMERIC without scale, NUMBER (debezium-events.md 6.3)."""

    def read(value: Any) -> Any:
        return _variable_scale(value, finish) if type(value) is dict else _read_json_number(value, finish)

    return read


def _read_json_number(value: Any, finish: Finish) -> Any:
    """Read `decimal.format=NUMERIC`, whose zeros at the end give the scale."""
    kind = type(value)
    if kind is int:
        return finish(value, 0)
    if kind is Decimal and value.is_finite():
        return finish(*split(value))
    if kind is float:
        raise NeedsExactError
    raise ConversionError("a decimal is expected")


def _variable_scale(value: dict[str, Any], finish: Finish) -> Any:
    scale, unscaled = value.get("scale"), value.get("value")
    if type(scale) is int:
        if type(unscaled) is bytes and unscaled:
            return finish(int.from_bytes(unscaled, "big", signed=True), scale)
        if type(unscaled) is str:
            return finish(unscaled_of(unscaled), scale)
    raise ConversionError("`scale` and `value` of a decimal are expected")


def read_double(value: Any) -> Any:
    """Read a double; NaN and infinities, which are text in Connect's JSON, are left out."""
    if type(value) is float and math.isfinite(value):
        return value
    return _read_other_double(value)


def read_single(value: Any) -> Any:
    """Read a number of 32 bits, whose shortest digits are fewer than those of the double it fits in.

    Avro has 0.1 as 0.10000000149011612; Connect's JSON has 0.1 already.
    """
    number = read_double(value)
    return _shortest(number) if type(number) is float else number


def double_operand(value: Any) -> Any:
    """Read a double for an expression, in which NaN is not equal to anything."""
    number = read_double(value)
    return math.nan if number is NOT_A_NUMBER else number


def single_operand(value: Any) -> Any:
    """Read a number of 32 bits for an expression."""
    number = read_single(value)
    return math.nan if number is NOT_A_NUMBER else number


def _read_other_double(value: Any) -> Any:
    kind = type(value)
    if kind is int and -(2**63) <= value < 2**64:
        return value
    if kind is str and value in NOT_NUMBERS:
        return NOT_A_NUMBER
    if kind in (int, float, Decimal):
        try:
            number = float(value)
        except (OverflowError, ValueError):  # beyond a double, or a signalling NaN
            return NOT_A_NUMBER
        return number if math.isfinite(number) else NOT_A_NUMBER
    raise ConversionError("a number is expected")


def _shortest(number: float) -> float:
    try:
        bits = struct.pack("f", number)
    except OverflowError:
        return number
    for digits in (6, 7, 8):
        short = float(f"{number:.{digits}g}")
        if struct.pack("f", short) == bits:
            return short
    return float(f"{number:.9g}")  # nine digits distinguish any two of them


def read_unsigned(value: Any) -> Any:
    """Read a BIGINT UNSIGNED, which wraps to negative numbers from 2**63 on (debezium-events.md 6.3)."""
    if type(value) is int and -(2**63) <= value < 2**64:
        return value + 2**64 if value < 0 else value
    raise ConversionError("an integer of 64 bits is expected")
