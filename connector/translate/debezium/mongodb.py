"""MongoDB's documents and ids: Extended JSON of all spellings becomes plain values (debezium-events.md 2.3).

Documents come in version 1 (*strict*) and keys in version 2 (*relaxed*). Since Debezium 3.7 either may have
the other. So one value has several spellings. Only after this step are the id of a key and the id of its
document equal. Values that JSON cannot hold (`$undefined`, `$minKey`, `$maxKey`) are left out of objects and
null in arrays. NaN and infinities stay: the mapping leaves them out and counts them.
"""

import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, TypeAlias

import orjson

from connector.translate.debezium.change import Row
from connector.translate.formats.decoded import DecodeError
from connector.translate.formats.json.weight import TOO_HEAVY, is_too_heavy

DEPTH_MAX = 128  # MongoDB itself takes 100 levels

_NUMBER_LENGTH_MAX = 64  # a Decimal128 has 34 digits and an exponent
_DATE_LENGTH_MAX = 64
_UUID_SUBTYPE = 4
_UUID_BYTES = 16

_LEFT_OUT = object()
_NO_WRAPPER = object()

Unwrap: TypeAlias = Callable[[Row], Any]
"""Takes an object; returns a wrapper's value, or `_NO_WRAPPER` for any other object."""


def read_document(text: str) -> Row:
    """Read one document.

    Raises:
        DecodeError: the text is no document, or is nested too deeply.
    """
    document = _parse(text)
    if '"$' in text or "NaN" in text or "Infinity" in text:
        document = normalise(document)
    if not isinstance(document, dict):
        raise DecodeError("MongoDB's document is not a JSON object")
    return document


def read_id(text: str, *, relaxed: bool) -> Any:
    """Read the id of a key: `1234`, `"1234"` with its quotes, `{"$oid": "65a1…"}`.

    `relaxed` says that it is Extended JSON for certain. Otherwise it may also be the text of an id, as
    `ExtractNewDocumentState` writes it; a bare word or number counts as that.

    Raises:
        DecodeError: it is nested too deeply, or holds nothing.
    """
    if not relaxed and not text.startswith(("{", '"')):
        return text
    try:
        value = _parse(text)
    except DecodeError:
        return text
    return normalise(value)


def normalise(value: Any) -> Any:
    """Replace every wrapper inside a decoded value by its value.

    Raises:
        DecodeError: it is nested too deeply.
    """
    found = _normal(value, DEPTH_MAX)
    return None if found is _LEFT_OUT else found


def _parse(text: str) -> Any:
    """Parse a document; NaN and infinities, which the strict mode writes bare, become their wrappers."""
    if is_too_heavy(text):
        raise DecodeError(f"MongoDB's document: {TOO_HEAVY}")
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        if "NaN" not in text and "Infinity" not in text:
            raise DecodeError("MongoDB's document is not Extended JSON") from None
    try:
        return orjson.loads(_STRING_OR_BARE.sub(_with_wrapper, text))
    except orjson.JSONDecodeError:
        raise DecodeError("MongoDB's document is not Extended JSON") from None


_STRING_OR_BARE = re.compile(r'"(?:[^"\\]|\\.)*"|-?Infinity|NaN')


def _with_wrapper(found: re.Match[str]) -> str:
    return found[0] if found[0].startswith('"') else f'{{"$numberDouble":"{found[0]}"}}'


def _normal(value: Any, levels: int) -> Any:
    kind = type(value)
    if kind is dict:
        if 0 < len(value) <= 2:
            unwrap = _WRAPPERS.get(next(iter(value)))
            found = _NO_WRAPPER if unwrap is None else unwrap(value)
            if found is not _NO_WRAPPER:
                return found
        return _normal_object(value, levels - 1)
    if kind is list:
        _check(levels)
        members = [_normal(member, levels - 1) for member in value]
        return [None if member is _LEFT_OUT else member for member in members]
    return value


def _normal_object(value: Row, levels: int) -> Row:
    _check(levels)
    row: Row = {}
    for name, member in value.items():
        kind = type(member)
        if kind is dict or kind is list:
            found = _normal(member, levels)
            if found is not _LEFT_OUT:
                row[name] = found
        else:
            row[name] = member
    return row


def _check(levels: int) -> None:
    if levels <= 0:
        raise DecodeError(f"MongoDB's document is nested deeper than {DEPTH_MAX} levels")


# -------------------------------------------------------------------------------------- wrappers


def _only(value: Row, name: str, kind: type = str) -> Any:
    """Return the only member of a wrapper, `_NO_WRAPPER` where there are others or it is of another type."""
    member = value.get(name)
    return member if len(value) == 1 and type(member) is kind else _NO_WRAPPER


def _text(name: str) -> Unwrap:
    return lambda value: _only(value, name)


def _number(name: str, convert: Callable[[str], Any]) -> Unwrap:
    def unwrap(value: Row) -> Any:
        text = _only(value, name)
        if text is _NO_WRAPPER or len(text) > _NUMBER_LENGTH_MAX:
            return _NO_WRAPPER
        try:
            return convert(text)
        except (ValueError, InvalidOperation):
            return _NO_WRAPPER

    return unwrap


def _integer(text: str) -> int | Decimal:
    """Read a whole number of 64 bits, as MongoDB's own have; others count as no number."""
    number = int(text)
    return number if -(2**63) <= number < 2**63 else Decimal(number)


def _decimal(text: str) -> Decimal | float:
    number = Decimal(text)
    return number if number.is_finite() else float(text)


def _date(value: Row) -> Any:
    if len(value) != 1:
        return _NO_WRAPPER
    moment = value.get("$date")
    if type(moment) is dict:  # canonical, and relaxed before 1970 and after 9999
        moment = _LONG(moment)
    if type(moment) is int:
        return utc_text(moment)
    return _parsed_date(moment) if type(moment) is str and len(moment) <= _DATE_LENGTH_MAX else _NO_WRAPPER


def _parsed_date(text: str) -> Any:
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return _NO_WRAPPER
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"


def _binary(value: Row) -> Any:
    """Read base64 with its subtype, which is a sibling in version 1 and a member in version 2."""
    inner = value.get("$binary")
    if type(inner) is dict and len(value) == 1:
        content, subtype = inner.get("base64"), inner.get("subType")
    else:
        content, subtype = inner, value.get("$type")
    if type(content) is not str or type(subtype) is not str:
        return _NO_WRAPPER
    try:
        return _uuid(content) if int(subtype, 16) == _UUID_SUBTYPE else content
    except ValueError:
        return _NO_WRAPPER


def _uuid(content: str) -> str:
    """Write the 16 bytes of a UUID as its text; anything else stays base64.

    Raises:
        ValueError: it is not base64.
    """
    data = binascii.a2b_base64(content, strict_mode=True)
    if len(data) != _UUID_BYTES:
        return content
    digits = data.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _timestamp(value: Row) -> Any:
    """Read the oplog's own timestamp: the second, without the counter inside it."""
    inner = _only(value, "$timestamp", dict)
    seconds = _NO_WRAPPER if inner is _NO_WRAPPER else inner.get("t")
    return utc_text(seconds * 1000) if type(seconds) is int else _NO_WRAPPER


def _regex(value: Row) -> Any:
    """Write a regular expression as `/pattern/options`."""
    inner = value.get("$regularExpression")
    if type(inner) is dict and len(value) == 1:
        pattern, options = inner.get("pattern"), inner.get("options")
    else:
        pattern, options = value.get("$regex"), value.get("$options")
    if type(pattern) is not str or type(options) is not str:
        return _NO_WRAPPER
    return f"/{pattern}/{options}"


def _code(value: Row) -> Any:
    code = value.get("$code")
    return code if type(code) is str and (len(value) == 1 or "$scope" in value) else _NO_WRAPPER


def _left_out(value: Row) -> Any:
    return _LEFT_OUT if len(value) == 1 else _NO_WRAPPER


_LONG = _number("$numberLong", _integer)

_WRAPPERS: Mapping[str, Unwrap] = {
    "$oid": _text("$oid"),
    "$uuid": _text("$uuid"),
    "$symbol": _text("$symbol"),
    "$date": _date,
    "$numberInt": _number("$numberInt", _integer),
    "$numberLong": _LONG,
    "$numberDouble": _number("$numberDouble", float),
    "$numberDecimal": _number("$numberDecimal", _decimal),
    "$binary": _binary,
    "$type": _binary,
    "$timestamp": _timestamp,
    "$regularExpression": _regex,
    "$regex": _regex,
    "$options": _regex,
    "$code": _code,
    "$scope": _code,
    "$undefined": _left_out,
    "$minKey": _left_out,
    "$maxKey": _left_out,
}
"""The first member of a wrapper -> its reader; the members may come in any order."""

# ----------------------------------------------------------------------------------------- dates

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_DAY_MAX = date.max.toordinal()
_MS_PER_DAY = 86_400_000
_CYCLE_YEARS, _CYCLE_DAYS = 400, 146_097  # after which the calendar repeats itself

_DAYS_REMEMBERED = 32_768


def utc_text(milliseconds: int) -> str:
    """Write milliseconds since 1970 as ISO 8601 in UTC.

    MongoDB's dates go beyond four-digit years. There the year has a sign and at least six digits, as in ISO
    8601; the mapping refuses such a timestamp.
    """
    day, rest = divmod(milliseconds, _MS_PER_DAY)
    seconds, fraction = divmod(rest, 1000)
    minutes, second = divmod(seconds, 60)
    return f"{_day(day)}T{minutes // 60:02}:{minutes % 60:02}:{second:02}.{fraction:03}Z"


@lru_cache(maxsize=_DAYS_REMEMBERED)
def _day(number: int) -> str:
    ordinal = _EPOCH_DAY + number
    if 1 <= ordinal <= _DAY_MAX:
        return date.fromordinal(ordinal).isoformat()
    cycles, rest = divmod(ordinal - 1, _CYCLE_DAYS)
    day = date.fromordinal(rest + 1)
    return f"{day.year + cycles * _CYCLE_YEARS:+07d}-{day.month:02}-{day.day:02}"
