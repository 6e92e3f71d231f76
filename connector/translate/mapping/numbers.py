"""`as: decimal` and `as: number`: JSON numbers with the digits that the source holds.

A decimal of at most 15 digits becomes a float, because the shortest text of the float is then the
decimal itself; a longer one is written digit by digit (`orjson.Fragment`).
"""

import binascii
import re
from collections.abc import Callable
from typing import Any

import orjson

from connector.translate.mapping.values import NOT_A_NUMBER, UnreadableError

_FLOAT_EXACT_DIGITS = 15  # any decimal of so many digits survives a double
_FLOAT_EXACT_LIMIT = 10**_FLOAT_EXACT_DIGITS
_SCALE_FLOAT_MAX = 300  # beyond it a double may underflow
_DIGITS_MAX = 1000  # no number of a contact is longer; bounds the work for one value
_BYTES_MAX = 512
_INTEGER_MIN, _INTEGER_MAX = -(2**63), 2**64 - 1  # what the JSON writer can write

_NUMBER = re.compile(r"\s*([+-]?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,4}))?\s*", re.ASCII)

_NOT_A_NUMBER = frozenset({"NaN", "Infinity", "-Infinity", "NAN", "POSITIVE_INFINITY", "NEGATIVE_INFINITY"})
"""How Kafka Connect's JSON spells them, and Debezium's `decimal.handling.mode=string` (6.3)."""


def decimal_of(scale: int | None) -> Callable[[Any], Any]:
    """Make the reader of a decimal column; a `scale` says that its text is base64 of the digits."""

    def read(value: Any) -> Any:
        kind = type(value)
        if kind is str:
            return _read_text(value) if scale is None else exact(_unscaled(value), scale)
        if kind is int:
            return exact(value, 0)
        if kind is float:
            return _read_float(value)
        if kind is dict:
            return _read_variable_scale(value)
        raise UnreadableError("a decimal is expected")

    return read


def read_number(value: Any) -> Any:
    """Read a number: as it stands, or from its text. NaN and infinities are left out."""
    kind = type(value)
    if kind is int or kind is float:
        return value
    if kind is str:
        return _read_text(value)
    raise UnreadableError("a number is expected")


def exact(unscaled: int, scale: int) -> Any:
    """Return the JSON number `unscaled / 10**scale` with all its digits.

    Raises:
        UnreadableError: it has more digits than can sensibly be sent.
    """
    if scale == 0 and _INTEGER_MIN <= unscaled <= _INTEGER_MAX:
        return unscaled
    if 0 < scale <= _SCALE_FLOAT_MAX and -_FLOAT_EXACT_LIMIT < unscaled < _FLOAT_EXACT_LIMIT:
        return unscaled / 10**scale  # Python divides integers with one correct rounding
    if abs(scale) > _DIGITS_MAX or abs(unscaled) >= 10**_DIGITS_MAX:
        raise UnreadableError(f"a decimal of at most {_DIGITS_MAX} digits is expected")
    if scale <= 0:
        return exact(unscaled * 10**-scale, 0) if scale else orjson.Fragment(str(unscaled))
    digits = str(abs(unscaled)).rjust(scale + 1, "0")
    sign = "-" if unscaled < 0 else ""
    return orjson.Fragment(f"{sign}{digits[:-scale]}.{digits[-scale:]}")


def _unscaled(text: str) -> int:
    """Read base64 of a big-endian two's complement integer (debezium-events 6.3)."""
    if not text or len(text) > _BYTES_MAX:
        raise UnreadableError("base64 of the unscaled value is expected")
    try:
        digits = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:  # binascii.Error, and text beyond ASCII
        raise UnreadableError(
            "base64 of the unscaled value is expected; for decimals sent as text write `as: decimal`"
        ) from None
    return int.from_bytes(digits, "big", signed=True)


def _read_variable_scale(value: dict[str, Any]) -> Any:
    """Read `{scale, value}`: NUMERIC without a scale, Oracle's NUMBER (debezium-events 6.3)."""
    scale, unscaled = value.get("scale"), value.get("value")
    if type(scale) is not int or not isinstance(unscaled, str):
        raise UnreadableError("`scale` and `value` of a decimal are expected")
    return exact(_unscaled(unscaled), scale)


def _read_float(value: float) -> Any:
    """A decimal that was a JSON number (`decimal.format=NUMERIC`), decoded as a double.

    What needs more than 15 digits was rounded and is refused. A longer one that rounds to so few
    cannot be told: sources of such numbers should send bytes or text.
    """
    digits = repr(value).partition("e")[0].replace(".", "").strip("-0")
    if len(digits) > _FLOAT_EXACT_DIGITS:
        raise UnreadableError(
            "a number of so many digits is rounded in JSON; let the source send decimals as text or bytes"
        )
    return value


def _read_text(text: str) -> Any:
    if text in _NOT_A_NUMBER:
        return NOT_A_NUMBER
    found = _NUMBER.fullmatch(text) if len(text) <= _DIGITS_MAX else None
    if found is None:
        raise UnreadableError("a number in decimal digits is expected")
    sign, whole, fraction, exponent = found.groups(default="")
    return exact(int(f"{sign}{whole}{fraction}"), len(fraction) - int(exponent or 0))
