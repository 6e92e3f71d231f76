"""Values that cannot be sent: left out, or not convertible."""

import binascii
from enum import Enum
from typing import Any

_PLACEHOLDER = "__debezium_unavailable_value"
_PLACEHOLDER_BYTES = _PLACEHOLDER.encode()
_PLACEHOLDER_BASE64 = binascii.b2a_base64(_PLACEHOLDER_BYTES, newline=False).decode()
_PLACEHOLDER_UUID = "b68a35a7-17ad-35b3-af2a-ae46edb4545a"  # the name UUID of the placeholder's bytes

UNAVAILABLE_TEXTS = frozenset({_PLACEHOLDER, _PLACEHOLDER_BASE64, f'{{"{_PLACEHOLDER}":"{_PLACEHOLDER}"}}'})
"""The placeholder of an unchanged TOAST column, where the column is text, bytes or hstore as JSON."""

UNAVAILABLE_CONTAINERS: tuple[Any, ...] = (
    [_PLACEHOLDER],
    [_PLACEHOLDER_BASE64],
    [_PLACEHOLDER_BYTES],
    [_PLACEHOLDER_UUID],
    list(_PLACEHOLDER_BYTES),
    {_PLACEHOLDER: _PLACEHOLDER},
)
"""The same for arrays and maps (debezium-events.md 2.2)."""


class LeftOut(Enum):
    """Why a field is not sent. All but the first are counted under their value."""

    MISSING = "missing"
    UNAVAILABLE = "unavailable_values"
    NOT_A_NUMBER = "nan_values"


MISSING, UNAVAILABLE, NOT_A_NUMBER = LeftOut
"""The members by themselves: reaching one through its class costs as much as a look-up in a row."""


class ConversionError(Exception):
    """A value does not match its rule; the text names the column and quotes no value (S08)."""


class NeedsExactError(Exception):
    """A decimal was decoded as a float: the record has to be decoded again with exact numbers."""


def is_unavailable(value: Any) -> bool:
    """Return whether a column holds Debezium's unavailable placeholder, in any of its forms."""
    if isinstance(value, str):
        return value in UNAVAILABLE_TEXTS
    if isinstance(value, bytes):
        return value == _PLACEHOLDER_BYTES
    return isinstance(value, list | dict) and value in UNAVAILABLE_CONTAINERS
