"""What a value can be besides itself: left out, or unreadable."""

import binascii
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

_PLACEHOLDER = "__debezium_unavailable_value"
_PLACEHOLDER_BASE64 = binascii.b2a_base64(_PLACEHOLDER.encode(), newline=False).decode()
_PLACEHOLDER_UUID = "b68a35a7-17ad-35b3-af2a-ae46edb4545a"  # the name UUID of the placeholder's bytes

UNAVAILABLE_TEXTS = frozenset({_PLACEHOLDER, _PLACEHOLDER_BASE64, f'{{"{_PLACEHOLDER}":"{_PLACEHOLDER}"}}'})
"""The placeholder of an unchanged TOAST column, where the column is text, bytes or hstore as JSON."""

UNAVAILABLE_CONTAINERS: tuple[Any, ...] = (
    [_PLACEHOLDER],
    [_PLACEHOLDER_BASE64],
    [_PLACEHOLDER_UUID],
    list(_PLACEHOLDER.encode()),
    {_PLACEHOLDER: _PLACEHOLDER},
)
"""The same for arrays and maps (debezium-events 2.2)."""

_DEPTH_MAX = 64  # S16; the JSON writer gives up at 254, for the whole batch

FLOAT_EXACT_MAX = float(2**63)
"""From here on a float may be an integer that lost digits when it was decoded (F043)."""


class LeftOut(Enum):
    """Why a field is not sent. All but the first are counted under their value."""

    MISSING = "missing"
    UNAVAILABLE = "unavailable_values"
    NOT_A_NUMBER = "nan_values"


MISSING, UNAVAILABLE, NOT_A_NUMBER = LeftOut
"""The members by themselves: reaching one through its class costs as much as a look-up in a row."""


class UnreadableError(Exception):
    """A value is not what its rule expects; the text names the column and quotes no value (S08)."""


def is_unavailable(value: Any) -> bool:
    """Tell whether a column holds Debezium's unavailable placeholder, in any of its forms."""
    if isinstance(value, str):
        return value in UNAVAILABLE_TEXTS
    return isinstance(value, list | dict) and value in UNAVAILABLE_CONTAINERS


def as_it_is(value: Any) -> Any:
    """Pass a value on where it can be sent as it stands: numbers of 64 bits, bounded depth.

    Raises:
        UnreadableError: it is nested too deeply, or its digits did not survive decoding.
    """
    check = _CHECKS.get(type(value))
    if check is not None:
        check(value)
    return value


def _check_integer(value: int) -> None:
    if not -(2**63) <= value < 2**64:
        raise UnreadableError("an integer beyond 64 bits cannot be sent; write `as: string`")


def _check_float(value: float) -> None:
    if not -FLOAT_EXACT_MAX < value < FLOAT_EXACT_MAX:
        raise UnreadableError("a number beyond 64 bits loses digits; write `as: number` to accept that")


def _check_members(value: Any) -> None:
    for container in containers(value):
        for member in container.values() if type(container) is dict else container:
            check = _CHECKS.get(type(member))
            if check is not None and check is not _check_members:
                check(member)


def containers(value: Any) -> Iterator[Any]:
    """Yield an array or object and all that are inside it, level by level.

    Raises:
        UnreadableError: there are more levels than can be sent.
    """
    level = [value] if isinstance(value, list | dict) else []
    for _ in range(_DEPTH_MAX):
        yield from level
        members = (one.values() if type(one) is dict else one for one in level)
        level = [member for inside in members for member in inside if type(member) in (list, dict)]
        if not level:
            return
    raise UnreadableError(f"nested deeper than {_DEPTH_MAX} levels")


_CHECKS: dict[type, Callable[[Any], None]] = {
    int: _check_integer,
    float: _check_float,
    list: _check_members,
    dict: _check_members,
}
