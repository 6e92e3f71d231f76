"""The contact of a delivery: a value becomes a `user_id`, or is refused (F039, S01)."""

import re
from decimal import Decimal
from typing import Any

from connector.model import Rejection
from connector.translate.debezium.change import Row
from connector.translate.mapping.readers import Reader
from connector.translate.values.decimals import split
from connector.translate.values.unusable import UNAVAILABLE, ConversionError, LeftOut

USER_ID_LENGTH_MAX = 512

_INTEGER_MIN, _INTEGER_MAX = -(2**63), 2**64 - 1  # longer ones arrive as floats
_FLOAT_INTEGER_MAX = 2**53  # up to here a whole number in a float is exact

_UNSENDABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

_NO_SEGMENT = frozenset({".", ".."})
"""HTTP libraries resolve these away, and the request would hit another resource (ingest-api.md 1)."""


class MappingError(Exception):
    """A record cannot become deliveries; `rejection` is the result instead."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(reason)
        self.rejection = Rejection(rule, reason)


def read_user_id(reader: Reader, row: Row, rule: str) -> str:
    """Return the `user_id` that the rule finds in the row.

    Raises:
        MappingError: there is none, or it cannot identify a contact.
    """
    try:
        return user_id_of(reader.read(row))
    except ConversionError as error:
        raise MappingError(rule, str(error)) from None


def user_id_of(value: Any) -> str:
    """Turn a value into a `user_id`: text unchanged, whole numbers in digits.

    Raises:
        ConversionError: it cannot identify a contact; the text says why.
    """
    if type(value) is int and _INTEGER_MIN <= value <= _INTEGER_MAX:
        return str(value)
    if type(value) is str:
        fault = _fault_of(value)
        if fault:
            raise ConversionError(fault)
        return value
    if value is UNAVAILABLE:
        raise ConversionError("the source did not send the user id because it is unchanged (TOAST)")
    if value is None or type(value) is LeftOut:
        raise ConversionError("the user id is missing or null")
    if type(value) is float and value.is_integer() and abs(value) < _FLOAT_INTEGER_MAX:
        return str(int(value))
    if type(value) is Decimal:
        return _digits_of(value)
    raise ConversionError("the user id is neither text nor a whole number")


def _digits_of(value: Decimal) -> str:
    unscaled, scale = split(value)
    if scale < -USER_ID_LENGTH_MAX:
        raise ConversionError(f"the user id is longer than {USER_ID_LENGTH_MAX} characters")
    whole, rest = divmod(unscaled, 10**scale) if scale > 0 else (unscaled * 10**-scale, 0)
    if rest:
        raise ConversionError("the user id is neither text nor a whole number")
    text = str(whole)
    fault = _fault_of(text)
    if fault:
        raise ConversionError(fault)
    return text


def _fault_of(text: str) -> str:
    if len(text) > USER_ID_LENGTH_MAX:
        return f"the user id is longer than {USER_ID_LENGTH_MAX} characters"
    if not text or text.isspace():
        return "the user id is blank"
    if text in _NO_SEGMENT:
        return "the user id is `.` or `..`, which cannot be addressed"
    if not text.isprintable() and _UNSENDABLE.search(text):
        return "the user id has control characters or half of a surrogate pair"
    return ""
