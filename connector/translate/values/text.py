"""`as: lowercase, uppercase, trim, string, boolean, json`."""

import re
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import orjson

from connector.translate.formats.json.weight import TOO_HEAVY, is_too_heavy
from connector.translate.values.decimals import decimal_text
from connector.translate.values.schemaless import containers, to_json_value
from connector.translate.values.unusable import ConversionError, LeftOut

_LONG_NUMBER = re.compile(r"[0-9.]{16,}")  # from here on a double may not hold all digits

_CHANGED_LENGTH_MAX = 1024 * 1024

_BOOLEANS: dict[Any, bool] = {
    **dict.fromkeys((1, "true", "t", "yes", "y", "on", "1"), True),
    **dict.fromkeys((0, "false", "f", "no", "n", "off", "0"), False),
}


def text_by(change: Callable[[str], str]) -> Callable[[Any], str]:
    """Make the reader that applies a method of `str`; any other value is refused.

    Changing the case of a text takes up to sixteen times its length for a moment.
    """

    def read(value: Any) -> str:
        if isinstance(value, str) and len(value) <= _CHANGED_LENGTH_MAX:
            return change(value)
        raise ConversionError(f"text of at most {_CHANGED_LENGTH_MAX} characters is expected")

    return read


def read_string(value: Any) -> Any:
    """Write a scalar as text, a decimal in plain digits, and arrays and objects as JSON text."""
    if isinstance(value, str):
        return value
    if type(value) is int:
        return str(value)
    if type(value) is Decimal:
        return decimal_text(value)
    sent = to_json_value(value)
    return sent if isinstance(sent, str | LeftOut) else orjson.dumps(sent).decode()


def read_boolean(value: Any) -> bool:
    """Read a boolean, 0 and 1 (MySQL's TINYINT(1)), and the usual words."""
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else value
    if isinstance(word, str | int | Decimal) and word in _BOOLEANS:
        return _BOOLEANS[word]
    raise ConversionError("a boolean, 0, 1 or a word such as true or false is expected")


def read_json(value: Any) -> Any:
    """Parse JSON text of a JSON column; a parsed value passes unchanged.

    A number that a double would round is sent as the text has it (debezium-events.md 6.4).
    """
    if not isinstance(value, str):
        return to_json_value(value)
    if is_too_heavy(value):
        raise ConversionError(TOO_HEAVY)
    try:
        parsed = orjson.loads(value)
    except orjson.JSONDecodeError:
        raise ConversionError("JSON text is expected") from None
    if _LONG_NUMBER.search(value) is None:
        return to_json_value(parsed)
    deque(containers(parsed), maxlen=0)  # checks the depth
    return orjson.Fragment(value)
