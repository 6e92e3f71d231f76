"""JSON, read strictly (S16)."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from connector.translate.formats.decoded import DecodeError
from connector.translate.formats.json.weight import LIGHT, TOO_HEAVY, is_too_heavy

_INTEGER_DIGITS = 20  # of the longest integer of 64 bits


def decode_json(data: bytes) -> Any:
    """Decode one JSON text. NaN, lone surrogates, numbers beyond a double and bombs are refused.

    Integers of up to 64 bits are exact. Longer ones come back as floats, which the mapping refuses
    where that would change the sent value (F043).

    Raises:
        DecodeError: the bytes are not JSON, or too large (F042).
    """
    if len(data) > LIGHT and is_too_heavy(data):
        raise DecodeError(TOO_HEAVY)
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise DecodeError(_why(data, error)) from None


def decode_exactly(data: bytes) -> Any:
    """Decode one JSON text with every number that is no integer of 64 bits as an exact `Decimal`.

    Slower by far: only for records in which a decimal is written as a number (`decimal.format=NUMERIC`).
    The strict parser reads it first, because the exact one takes lone surrogates and other encodings.

    Raises:
        DecodeError: the bytes are not JSON, or a number has an exponent that no decimal has.
    """
    decode_json(data)
    try:
        return json.loads(data, parse_float=Decimal, parse_int=_integer)
    except (RecursionError, InvalidOperation):
        raise DecodeError("JSON nested too deeply, or with numbers too long, to be read exactly") from None


def refuse_repeated_names(data: bytes) -> None:
    """Refuse an object that has one name twice: the intended value is unknown (F043, S16).

    This reads the text a second time, with a slower parser that notices them. Change events are
    spared: Kafka Connect writes them from structs, whose field names are unique.

    Raises:
        DecodeError: a name is repeated, or the nesting is too deep to check.
    """
    try:
        json.loads(data, object_pairs_hook=_check_names)
    except RecursionError:
        raise DecodeError("JSON that is nested too deeply") from None


def _check_names(pairs: list[tuple[str, Any]]) -> None:
    """Check the names of one object, and keep nothing of it."""
    if len(dict(pairs)) != len(pairs):
        raise DecodeError("JSON in which an object has the same name twice")


def _integer(digits: str) -> int | Decimal:
    """Read a whole number; one beyond 64 bits is a `Decimal`, because an `int` is sent without a check."""
    number = int(digits) if len(digits) <= _INTEGER_DIGITS else 2**64
    return number if -(2**63) <= number < 2**64 else Decimal(digits)


def _why(data: bytes, error: orjson.JSONDecodeError) -> str:
    if not data:
        return "the value is empty; a tombstone has no value at all"
    return f"not JSON: {error.msg} (line {error.lineno}, column {error.colno})"
