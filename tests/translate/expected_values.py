"""The expected value of a column, from its database's own text (docs/mapping.md).

Nothing of the connector is used, so that the two can be held against each other. Numbers are compared by
their digits (`Number`); what cannot be sent is a `Fate`.
"""

import base64
import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum
from ipaddress import ip_interface
from typing import Any, Literal, NamedTuple, TypeAlias

from tests.fixtures.captures import MARIADB, POSTGRES
from tests.translate.wkb import point, wkb


class Number(NamedTuple):
    """A JSON number: 1.5 is 1.50, and neither 1 is true nor "1" is 1."""

    value: Decimal


class Fate(Enum):
    """Why a value is not sent."""

    LEFT_OUT = "left out"
    DEAD_LETTER = "dead letter"


class Handling(NamedTuple):
    """A connector's options for values; the defaults are Debezium's."""

    decimals: Literal["precise", "double", "string"] = "precise"
    times: Literal["adaptive", "connect"] = "adaptive"
    intervals: Literal["numeric", "string"] = "numeric"
    hstores: Literal["json", "map"] = "json"
    binary: Literal["base64", "hex", "base64-url"] = "base64"
    unsigned: Literal["long", "precise"] = "long"


Read: TypeAlias = Callable[[str, str, Handling], Any]
"""Takes the text, the brackets of the declared type, and the connector's options for values."""


def exactly(text: str | bytes) -> Any:
    """Parse JSON with the digits of its numbers; NaN and infinities are no JSON."""
    return json.loads(text, parse_int=number, parse_float=number, parse_constant=_no_json)


def number(text: str | int | Decimal) -> Number:
    """Return the number that a text is in digits."""
    return Number(Decimal(text))


def sent(capture: str, declared: str, text: str | None, handling: Handling = Handling()) -> Any:  # noqa: B008
    """Return the expected value of a column of a declared type where the mapping names no `as:`."""
    read, inside = reader(capture, declared)
    return None if text is None and read is not _not_captured else read(text or "", inside, handling)


def reader(capture: str, declared: str) -> tuple[Read, str]:
    """Find the reader of columns of a declared type, and the contents of the type's brackets.

    Raises:
        LookupError: nothing is known of such a type.
    """
    if declared.endswith("[]"):
        return _array_of(capture, declared[:-2]), ""
    for pattern, read in TYPES[capture].items():
        if found := re.fullmatch(pattern, declared):
            return read, found[1] if found.re.groups else ""
    raise LookupError(f"{capture}: {declared}")


def _no_json(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


# ---------------------------------------------------------------------------------------- numbers


def _integer(text: str, _inside: str, _handling: Handling) -> Number:
    return number(int(text))


def _unsigned(text: str, _inside: str, handling: Handling) -> Number:
    """As `long`, Debezium's default, a value that does not fit has wrapped before it is written."""
    value = int(text)
    wraps = handling.unsigned == "long" and value >= 2**63
    return number(value - 2**64 if wraps else value)


def _floating(text: str, _inside: str, _handling: Handling) -> Any:
    return number(text) if Decimal(text).is_finite() else Fate.LEFT_OUT


_NO_NUMBERS = {"NaN": "NAN", "Infinity": "POSITIVE_INFINITY", "-Infinity": "NEGATIVE_INFINITY"}


def _decimal(text: str, _inside: str, handling: Handling) -> Any:
    """Beyond 1e308 every reader of JSON has infinity: that is refused."""
    if text in _NO_NUMBERS and handling.decimals == "precise":
        return None  # Debezium writes null
    digits = text.replace("$", "").replace(",", "")
    if handling.decimals == "string":
        return _NO_NUMBERS.get(digits, digits)  # no schema says that such a text is a number
    if handling.decimals == "double":
        return _floating(repr(float(digits)), "", handling)
    return number(digits) if Decimal(digits).adjusted() < 308 else Fate.DEAD_LETTER


def _boolean(text: str, _inside: str, _handling: Handling) -> bool:
    return {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}[text]


# ------------------------------------------------------------------------------------------ times

_DAY = r"(\d{4}-\d\d-\d\d)"
_CLOCK = r"(\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?"


def _date(text: str, _inside: str, _handling: Handling) -> Any:
    return text if re.fullmatch(_DAY, text) else Fate.DEAD_LETTER


def _timestamp(text: str, _inside: str, _handling: Handling) -> Any:
    found = re.fullmatch(rf"{_DAY} {_CLOCK}(?:\+00)?", text)
    if found is None:  # infinite, before the year 1 or after 9999
        return Fate.DEAD_LETTER
    day, clock, fraction = found.groups(default="")
    return f"{day}T{clock}.{fraction[:3]:0<3}Z"


def _clock(text: str, _inside: str, handling: Handling) -> str:
    whole, _, fraction = text.partition(".")
    digits = fraction[: 3 if handling.times == "connect" else 6].rstrip("0")
    return f"{whole}.{digits}" if digits else whole


def _zoned_clock(text: str, inside: str, _handling: Handling) -> str:
    """Debezium writes it in UTC, whatever the precision of other times."""
    found = re.fullmatch(r"(\d\d):(\d\d):(\d\d(?:\.\d+)?)([+-])(\d\d)(?::(\d\d))?", text)
    assert found is not None
    hours, minutes, seconds, sign, ahead, more = found.groups(default="0")
    offset = (int(ahead) * 60 + int(more)) * (-1 if sign == "-" else 1)
    minute = (int(hours) * 60 + int(minutes) - offset) % 1440
    return _clock(f"{minute // 60:02}:{minute % 60:02}:{seconds}", inside, Handling()) + "Z"


def _interval(text: str, _inside: str, handling: Handling) -> Any:
    """A number of microseconds in which a month has a twelfth of 365.25 days, or ISO 8601 in full."""
    years, months, days = (
        int(found[1]) if (found := re.search(rf"([+-]?\d+) {unit}", text)) else 0
        for unit in ("year", "mon", "day")
    )
    clock = re.search(r"(-?)(\d+):(\d\d):([\d.]+)", text)
    sign, hours, minutes, seconds = clock.groups() if clock else ("", "0", "0", "0")
    if handling.intervals == "string":
        parts = [f"{sign if Decimal(part) else ''}{Decimal(part)}" for part in (hours, minutes, seconds)]
        return f"P{years}Y{months}M{days}D" + "T{}H{}M{}S".format(*parts)
    elapsed = Decimal(int(hours) * 3600 + int(minutes) * 60) + Decimal(seconds)
    whole = (years * 12 + months) * Decimal("365.25") / 12 + days
    return number((whole * 86_400 + (-elapsed if sign else elapsed)) * 1_000_000)


# ----------------------------------------------------------------------------------- text and bytes


def _text(text: str, _inside: str, _handling: Handling) -> str:
    return text


def _padded(text: str, inside: str, _handling: Handling) -> str:
    return text.ljust(int(inside))  # PostgreSQL drops the blanks where it casts


def _host(text: str, _inside: str, _handling: Handling) -> str:
    interface = ip_interface(text)
    alone = interface.network.prefixlen == interface.max_prefixlen
    return str(interface.ip) if alone else text  # For a host alone, the cast adds its mask.


def _hexadecimal(text: str, _inside: str, handling: Handling) -> str:
    return _bytes(bytes.fromhex(text.removeprefix("\\x")), handling)


def _bytes(data: bytes, handling: Handling) -> str:
    if handling.binary == "hex":
        return data.hex()
    encode = base64.urlsafe_b64encode if handling.binary == "base64-url" else base64.b64encode
    return encode(data).decode()


def _bits(text: str, _inside: str, _handling: Handling) -> str:
    """The lowest bits come first, and zeros after the last one that is set are not written."""
    value = int(text or "0", 2)
    return base64.b64encode(value.to_bytes((value.bit_length() + 7) // 8, "little")).decode()


def _all_bits(text: str, inside: str, _handling: Handling) -> str:
    return base64.b64encode(int(text, 2).to_bytes((int(inside) + 7) // 8, "little")).decode()


# ------------------------------------------------------------------------------------- containers

_ITEM = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,{}]+)')
_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_PAIR = re.compile(rf"{_QUOTED}=>(?:{_QUOTED}|NULL)")


def _array_of(capture: str, declared: str) -> Read:
    read, inside = reader(capture, declared)

    def read_array(text: str, _inside: str, handling: Handling) -> list[Any]:
        items = [
            None if bare == "NULL" else bare or _unquoted(quoted) for quoted, bare in _ITEM.findall(text)
        ]
        values = [None if item is None else read(item, inside, handling) for item in items]
        return [None if value is Fate.LEFT_OUT else value for value in values]  # places count

    return read_array


def _hstore(text: str, _inside: str, handling: Handling) -> Any:
    pairs = {
        _unquoted(found[1]): None if found[2] is None else _unquoted(found[2])
        for found in _PAIR.finditer(text)
    }
    if handling.hstores == "map":
        return pairs
    return json.dumps(pairs, ensure_ascii=False, separators=(",", ":"))


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _point(text: str, _inside: str, _handling: Handling) -> dict[str, Any]:
    x, y = point(text)
    return {"x": number(x), "y": number(y), **_geometry(text, "", _handling)}


def _geometry(text: str, _inside: str, _handling: Handling) -> dict[str, Any]:
    return {"wkb": base64.b64encode(wkb(text)).decode(), "srid": None}


def _not_captured(_text: str, _inside: str, _handling: Handling) -> Fate:
    """Debezium leaves out columns whose type it does not know, unless `include.unknown.datatypes` is set."""
    return Fate.LEFT_OUT


TYPES: Mapping[str, Mapping[str, Read]] = {
    # capture -> pattern of a declared type -> how its text is read
    POSTGRES: {
        "smallint|integer|bigint|oid": _integer,
        "real|double precision": _floating,
        r"numeric(?:\(.+\))?|money": _decimal,
        r"boolean|bit\(1\)": _boolean,
        r"bit\(\d+\)|bit varying\(\d+\)": _bits,
        "date": _date,
        r"timestamp(?:\(\d\))? with(?:out)? time zone": _timestamp,
        r"time(?:\(\d\))? without time zone": _clock,
        "time with time zone": _zoned_clock,
        "interval": _interval,
        r"text|character varying\(\d+\)|citext|jsonb?|xml|uuid|cidr|macaddr|mood|ltree|tsvector": _text,
        "int4range|numrange|daterange|tsrange|tstzrange": _text,
        "inet": _host,
        r"character\((\d+)\)": _padded,
        "bytea": _hexadecimal,
        "hstore": _hstore,
        "point": _point,
        "circle|line|box|polygon": _not_captured,
    },
    MARIADB: {
        r"bigint\(20\) unsigned": _unsigned,
        r"(?:tiny|small|medium|big)?int\(\d+\)(?: unsigned)?(?: zerofill)?|year\(4\)": _integer,
        "float|double": _floating,
        r"decimal\(.+\)(?: unsigned)?": _decimal,
        r"bit\(1\)": _boolean,
        r"bit\((\d+)\)": _all_bits,
        "date": _date,
        r"(?:datetime|timestamp)(?:\(\d\))?": _timestamp,
        r"time(?:\(\d\))?": _clock,
        r"(?:long)?text|(?:var)?char\(\d+\)|enum\(.+\)|set\(.+\)": _text,
        r"blob|(?:var)?binary\(\d+\)": _hexadecimal,
        "point": _point,
        "geometry": _geometry,
    },
}
