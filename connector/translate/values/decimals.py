"""Numbers with all digits of the source: no float on the way can round them.

A decimal of at most 15 digits is sent as a float: the shortest text of that float is the decimal itself.
A longer one is written digit by digit (`orjson.Fragment`). In between, a decimal is a pair:
`unscaled / 10**scale` (debezium-events.md 6.3).
"""

import binascii
import re
from decimal import Decimal
from typing import Any

import orjson

from connector.translate.values.unusable import ConversionError

FLOAT_EXACT_DIGITS = 15  # a double holds any decimal of 15 digits
FLOAT_EXACT_LIMIT = 10**FLOAT_EXACT_DIGITS
SCALE_FLOAT_MAX = 300  # beyond it a double may underflow
_WHOLE_DIGITS_MAX = 308  # beyond it a reader of the number gets infinity
_DIGITS_MAX = 1000  # no number of a contact is longer; bounds the work for one value
_UNSCALED_LIMIT = 10**_DIGITS_MAX
_DIGITS_WITH_ZEROS_MAX = 4000  # zeros at the end may be dropped; Python writes at most 4,300 digits
_WITH_ZEROS_LIMIT = 10**_DIGITS_WITH_ZEROS_MAX
_BASE64_LENGTH_MAX = 2048
_INTEGER_MIN, _INTEGER_MAX = -(2**63), 2**64 - 1  # the range of the JSON writer

_NUMBER = re.compile(r"\s*([+-]?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,4}))?\s*", re.ASCII)

NOT_NUMBERS = frozenset({"NaN", "Infinity", "-Infinity", "NAN", "POSITIVE_INFINITY", "NEGATIVE_INFINITY"})
"""The spellings of Kafka Connect's JSON and of `decimal.handling.mode=string` (debezium-events.md 6.3)."""


def exact(unscaled: int, scale: int) -> Any:
    """Return the JSON number `unscaled / 10**scale` with all its digits.

    Raises:
        ConversionError: it has too many digits to be sent, or is beyond what a double can hold.
    """
    if scale == 0 and _INTEGER_MIN <= unscaled <= _INTEGER_MAX:
        return unscaled
    if 0 < scale <= SCALE_FLOAT_MAX and -FLOAT_EXACT_LIMIT < unscaled < FLOAT_EXACT_LIMIT:
        return unscaled / 10**scale  # Python divides integers with one correct rounding
    if abs(scale) > _DIGITS_MAX or not -_UNSCALED_LIMIT < unscaled < _UNSCALED_LIMIT:
        return exact(*_without_zeros(unscaled, scale))
    digits = str(abs(unscaled))
    if len(digits) - scale > _WHOLE_DIGITS_MAX and unscaled:
        raise ConversionError(
            "a number below 1e308 is expected; write `as: string` to send its digits as text"
        )
    if scale <= 0:
        return exact(unscaled * 10**-scale, 0) if scale else orjson.Fragment(str(unscaled))
    digits = digits.rjust(scale + 1, "0")
    sign = "-" if unscaled < 0 else ""
    return orjson.Fragment(f"{sign}{digits[:-scale]}.{digits[-scale:]}")


def as_decimal(unscaled: int, scale: int) -> Decimal:
    """Return the same as a `Decimal`, which keeps the zeros at its end.

    Raises:
        ConversionError: it has too many digits to be sent.
    """
    if abs(scale) > _DIGITS_MAX or not -_UNSCALED_LIMIT < unscaled < _UNSCALED_LIMIT:
        unscaled, scale = _without_zeros(unscaled, scale)
    return Decimal(f"{unscaled}E{-scale}")  # from text a Decimal takes every digit; `scaleb` rounds


def as_operand(unscaled: int, scale: int) -> int | float | Decimal:
    """Return the same for a JMESPath expression: a `Decimal` only where a float would round it.

    Raises:
        ConversionError: it has too many digits to be sent.
    """
    number = exact(unscaled, scale)
    return as_decimal(unscaled, scale) if type(number) is orjson.Fragment else number


def split(number: Decimal) -> tuple[int, int]:
    """Return unscaled value and scale of a `Decimal`, which is exact whatever the decimal context is.

    Raises:
        ConversionError: it is not finite, or has more digits than can sensibly be sent.
    """
    text = str(number)
    if "E" in text or not number.is_finite() or len(text) > _DIGITS_MAX:
        return split_text(text)
    whole, _, fraction = text.partition(".")
    return int(whole + fraction), len(fraction)


def split_text(text: str) -> tuple[int, int]:
    """Return unscaled value and scale of a number in decimal digits, with or without an exponent.

    Raises:
        ConversionError: the text is something else, or has more digits than can sensibly be sent.
    """
    found = _NUMBER.fullmatch(text) if len(text) <= _DIGITS_WITH_ZEROS_MAX else None
    if found is None:
        raise ConversionError("a number in decimal digits is expected")
    sign, whole, fraction, exponent = found.groups(default="")
    return int(f"{sign}{whole}{fraction}"), len(fraction) - int(exponent or 0)


def exact_decimal(number: Decimal) -> Any:
    """Return a `Decimal` as a JSON number with all its digits.

    Raises:
        ConversionError: it is not finite, or has more digits than can sensibly be sent.
    """
    return exact(*split(number))


def decimal_text(number: Decimal) -> str:
    """Write a `Decimal` in plain digits, with the zeros at its end.

    Raises:
        ConversionError: it is not finite, or has more digits than can sensibly be sent.
    """
    if not number.is_finite() or abs(number.adjusted()) > _DIGITS_MAX:
        raise ConversionError(f"a decimal of at most {_DIGITS_MAX} digits is expected")
    return f"{number:f}"


def unscaled_of(text: str) -> int:
    """Read base64 of a big-endian two's complement integer (debezium-events.md 6.3).

    Raises:
        ConversionError: it is not such base64.
    """
    if not text or len(text) > _BASE64_LENGTH_MAX:
        raise ConversionError("base64 of the unscaled value is expected")
    try:
        digits = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:  # binascii.Error, and text beyond ASCII
        raise ConversionError(
            "base64 of the unscaled value is expected; for decimals sent as text write `as: decimal`"
        ) from None
    return int.from_bytes(digits, "big", signed=True)


def _without_zeros(unscaled: int, scale: int) -> tuple[int, int]:
    """Return a decimal that is too long without the zeros at its end.

    Debezium writes PostgreSQL's NUMERIC(6, -2) with the scale 2046, and that many zeros.

    Raises:
        ConversionError: it is too long without them, too.
    """
    if not unscaled:
        return 0, 0
    if scale > _DIGITS_MAX and -_WITH_ZEROS_LIMIT < unscaled < _WITH_ZEROS_LIMIT:
        digits = str(unscaled)
        zeros = min(len(digits) - len(digits.rstrip("0")), scale)
        if scale - zeros <= _DIGITS_MAX and len(digits) - zeros <= _DIGITS_MAX:
            return unscaled // 10**zeros, scale - zeros
    raise ConversionError(f"a decimal of at most {_DIGITS_MAX} digits is expected")
