"""Makes JSON values of columns without a schema and without `as:`.

Bytes, decimals, NaN and infinities come from Avro, from MongoDB's documents and from JSON that was decoded
exactly. All other values are JSON already.
"""

import binascii
import math
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from connector.translate.values.decimals import exact_decimal
from connector.translate.values.unusable import NOT_A_NUMBER, ConversionError, LeftOut

_DEPTH_MAX = 64  # S16; the JSON writer gives up at 254, for the whole batch

_FLOAT_EXACT_MAX = float(2**63)
"""From here on a float may be an integer that lost digits when it was decoded (F043)."""


def to_json_value(value: Any) -> Any:
    """Return a value as JSON: bytes as base64, decimals exactly, integers of 64 bits, bounded depth.

    NaN and infinities are left out, also inside an object. In an array they are null, because places count.

    Raises:
        ConversionError: it is nested too deeply, or its digits did not survive decoding.
    """
    send = _SENDERS.get(type(value))
    return value if send is None else send(value)


def base64_text(value: bytes) -> str:
    """Write bytes as Kafka Connect's JSON does: standard base64 with padding."""
    return binascii.b2a_base64(value, newline=False).decode("ascii")


def containers(value: Any) -> Iterator[Any]:
    """Yield an array or object and all that are inside it, level by level.

    Raises:
        ConversionError: there are more levels than can be sent.
    """
    level = [value] if isinstance(value, list | dict) else []
    for _ in range(_DEPTH_MAX):
        yield from level
        members = (one.values() if type(one) is dict else one for one in level)
        level = [member for inside in members for member in inside if type(member) in (list, dict)]
        if not level:
            return
    raise ConversionError(f"nested deeper than {_DEPTH_MAX} levels")


def _send_integer(value: int) -> int:
    if not -(2**63) <= value < 2**64:
        raise ConversionError("an integer beyond 64 bits cannot be sent; write `as: string`")
    return value


def _send_float(value: float) -> Any:
    if -_FLOAT_EXACT_MAX < value < _FLOAT_EXACT_MAX:
        return value
    if not math.isfinite(value):
        return NOT_A_NUMBER
    raise ConversionError("a number beyond 64 bits loses digits; write `as: number` to accept that")


def _send_members(value: Any) -> Any:
    """Return an array or object, copied only where a value inside must change."""
    changed = False
    for container in containers(value):
        for member in container.values() if type(container) is dict else container:
            send = _SENDERS.get(type(member))
            if send is not None and send is not _send_members:
                changed = send(member) is not member or changed
    return _rebuilt(value) if changed else value


def _rebuilt(value: Any) -> Any:
    """Convert every member; the depth was checked before."""
    kind = type(value)
    if kind is list:
        return [null_for_left_out(_rebuilt(member)) for member in value]
    if kind is dict:
        return without_left_out({name: _rebuilt(member) for name, member in value.items()})
    send = _SENDERS.get(kind)
    return value if send is None else send(value)


def null_for_left_out(sent: Any) -> Any:
    """Return an array's item; places count, so no item can be left out."""
    return None if type(sent) is LeftOut else sent


def without_left_out(members: dict[str, Any]) -> dict[str, Any]:
    """Return an object without the members that are left out."""
    if LeftOut not in map(type, members.values()):
        return members
    return {name: member for name, member in members.items() if type(member) is not LeftOut}


_SENDERS: dict[type, Callable[[Any], Any]] = {
    int: _send_integer,
    float: _send_float,
    bytes: base64_text,
    Decimal: exact_decimal,
    list: _send_members,
    dict: _send_members,
}
