"""MongoDB's Extended JSON in the three spellings that Debezium writes (debezium-events.md 2.3)."""

import base64
import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple, TypeAlias

Mode: TypeAlias = Literal["strict", "relaxed", "extended"]
"""`strict` is version 1, the default of documents; `relaxed`, of keys and of updated fields, is version 2."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MS = 253_402_300_799_999  # 9999-12-31; later dates, and those before 1970, are numbers in `relaxed`


class ObjectId(NamedTuple):
    """An ObjectId, as 24 hexadecimal digits."""

    text: str


class Long(NamedTuple):
    """A number of 64 bits; a Python int is one of 32 bits."""

    number: int


class Decimal128(NamedTuple):
    """A decimal, as its text."""

    text: str


class Date(NamedTuple):
    """A date, in milliseconds since 1970."""

    at_ms: int


class Binary(NamedTuple):
    """Bytes of a subtype: 0 generic, 4 UUID."""

    data: bytes
    subtype: int = 0


class Timestamp(NamedTuple):
    """A position of the replication log."""

    seconds: int
    increment: int


class Regex(NamedTuple):
    """A regular expression."""

    pattern: str
    options: str = ""


def write(value: Any, mode: Mode) -> str:
    """Write a document or a single value.

    As Java's driver with its lines joined: a space after each colon, none after a comma. NaN and the
    infinities are bare words in `strict`, which is no JSON.
    """
    return json.dumps(_plain(value, mode), separators=(",", ": "), ensure_ascii=False)


def _plain(value: Any, mode: Mode) -> Any:
    if type(value) is dict:
        return {name: _plain(member, mode) for name, member in value.items()}
    if type(value) is list:
        return [_plain(item, mode) for item in value]
    spell = _SPELLINGS.get(type(value))
    return spell(value, mode) if spell else value


def _integer(value: int, mode: Mode) -> Any:
    return {"$numberInt": str(value)} if mode == "extended" else value


def _double(value: float, mode: Mode) -> Any:
    if mode == "extended" or (mode == "relaxed" and not math.isfinite(value)):
        word = "NaN" if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"
        return {"$numberDouble": repr(value) if math.isfinite(value) else word}
    return value


def _long(value: Long, mode: Mode) -> Any:
    return value.number if mode == "relaxed" else {"$numberLong": str(value.number)}


def _date(value: Date, mode: Mode) -> Any:
    if mode == "strict":
        return {"$date": value.at_ms}
    if mode == "relaxed" and 0 <= value.at_ms <= _LAST_MS:
        at = _EPOCH + timedelta(milliseconds=value.at_ms)
        precision = "milliseconds" if value.at_ms % 1000 else "seconds"
        return {"$date": at.isoformat(timespec=precision).replace("+00:00", "Z")}
    return {"$date": {"$numberLong": str(value.at_ms)}}


def _binary(value: Binary, mode: Mode) -> Any:
    text, subtype = base64.b64encode(value.data).decode(), f"{value.subtype:02x}"
    if mode == "strict":
        return {"$binary": text, "$type": subtype}
    return {"$binary": {"base64": text, "subType": subtype}}


def _regex(value: Regex, mode: Mode) -> Any:
    if mode == "strict":
        return {"$regex": value.pattern, "$options": value.options}
    return {"$regularExpression": {"pattern": value.pattern, "options": value.options}}


_SPELLINGS: Mapping[type, Callable[[Any, Mode], Any]] = {
    int: _integer,
    float: _double,
    Long: _long,
    Date: _date,
    Binary: _binary,
    Regex: _regex,
    ObjectId: lambda value, _: {"$oid": value.text},
    Decimal128: lambda value, _: {"$numberDecimal": value.text},
    Timestamp: lambda value, _: {"$timestamp": {"t": value.seconds, "i": value.increment}},
}


def _milliseconds(written: Any) -> int:
    if isinstance(written, str):
        return (datetime.fromisoformat(written) - _EPOCH) // timedelta(milliseconds=1)
    return written.number if isinstance(written, Long) else int(written)


def _bytes(members: Mapping[str, Any]) -> Binary:
    inner = members["$binary"]
    if isinstance(inner, str):
        return Binary(base64.b64decode(inner), int(members["$type"], 16))
    return Binary(base64.b64decode(inner["base64"]), int(inner["subType"], 16))


_READINGS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    # the member that marks an extended value -> its value, in any of the spellings
    "$oid": lambda members: ObjectId(members["$oid"]),
    "$numberInt": lambda members: int(members["$numberInt"]),
    "$numberLong": lambda members: Long(int(members["$numberLong"])),
    "$numberDouble": lambda members: float(members["$numberDouble"]),
    "$numberDecimal": lambda members: Decimal128(members["$numberDecimal"]),
    "$date": lambda members: Date(_milliseconds(members["$date"])),
    "$binary": _bytes,
    "$timestamp": lambda members: Timestamp(members["$timestamp"]["t"], members["$timestamp"]["i"]),
    "$regularExpression": lambda members: Regex(**members["$regularExpression"]),
    "$regex": lambda members: Regex(members["$regex"], members["$options"]),
}


def read(text: str) -> Any:
    """Read a document or a value in any spelling that `write` has."""
    return json.loads(text, object_hook=_extended)


def _extended(members: dict[str, Any]) -> Any:
    reading = _READINGS.get(next(iter(members), ""))
    return reading(members) if reading else members
