"""`as: date` and `as: timestamp`: `YYYY-MM-DD`, and UTC as `YYYY-MM-DDTHH:MM:SS.sssZ`.

Only what four-digit years can carry is sent; infinities and years beyond are unreadable, because
PostgreSQL and MySQL store such values and no other spelling is known to be understood.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from connector.translate.mapping.values import UnreadableError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.toordinal()
_DAY_MIN, _DAY_MAX = 1 - _EPOCH_DAY, date.max.toordinal() - _EPOCH_DAY
_MS_MIN, _MS_MAX = _DAY_MIN * 86_400_000, (_DAY_MAX + 1) * 86_400_000 - 1

_DAYS_REMEMBERED = 32_768  # ninety years of birthdays, in some 5 MB

_PER_MS: dict[str, tuple[int, int]] = {"s": (1000, 1), "ms": (1, 1), "us": (1, 1000), "ns": (1, 1_000_000)}
"""Unit -> (factor, divisor) that make milliseconds of it."""

_DATE = re.compile(r"(\d{4}-\d\d-\d\d)Z?", re.ASCII)  # Debezium's IsoDate has a Z (6.2)
_TIMESTAMP = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?) ?(Z|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII
)


def read_date(value: Any) -> str:
    """Read a date: days since 1970-01-01, or ISO text; of a timestamp's text its day in UTC."""
    if type(value) is int:
        return _day(value)
    if not isinstance(value, str):
        raise UnreadableError("a date is expected")
    plain = _DATE.fullmatch(value)
    if plain is None:
        return _parse(value).date().isoformat()
    try:
        return date.fromisoformat(plain[1]).isoformat()
    except ValueError:
        raise UnreadableError("a date that exists is expected") from None


@lru_cache(maxsize=_DAYS_REMEMBERED)
def _day(number: int) -> str:
    if not _DAY_MIN <= number <= _DAY_MAX:
        raise UnreadableError("a day number within the years 1 to 9999 is expected")
    return date.fromordinal(_EPOCH_DAY + number).isoformat()


def timestamp_of(unit: str | None) -> Callable[[Any], str]:
    """Make the reader of a timestamp: a count of `unit` since 1970, or ISO text; without a zone it is UTC.

    Fractions finer than a millisecond are cut off.
    """
    factor, divisor = _PER_MS[unit or "ms"]

    def read(value: Any) -> str:
        if isinstance(value, str):
            return _parse(value).isoformat(timespec="milliseconds")[:-6] + "Z"
        if unit is None:
            raise UnreadableError(
                "the text of a timestamp is expected; for numbers write `as: {timestamp: ms}` (s, us, ns)"
            )
        if type(value) is float:
            value = _whole(value)
        if type(value) is not int:
            raise UnreadableError("a timestamp is expected")
        return utc_text(value * factor // divisor)

    return read


def utc_text(milliseconds: int) -> str:
    """Write milliseconds since 1970 as the API wants dates of events (API reference, section 6).

    Raises:
        UnreadableError: the year is not within 1 to 9999.
    """
    if not _MS_MIN <= milliseconds <= _MS_MAX:
        raise UnreadableError("a timestamp within the years 1 to 9999 is expected")
    return (_EPOCH + timedelta(milliseconds=milliseconds)).isoformat(timespec="milliseconds")[:-6] + "Z"


def _whole(value: float) -> int:
    if not value.is_integer():
        raise UnreadableError("a whole number of the timestamp's units is expected")
    return int(value)


def _parse(text: str) -> datetime:
    found = _TIMESTAMP.fullmatch(text) if len(text) <= 64 else None
    if found is None:
        raise UnreadableError("ISO 8601 with a four-digit year is expected")
    day, time, zone = found.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{(time or '00:00').replace(',', '.')}{zone or 'Z'}")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UnreadableError("a moment that exists, within the years 1 to 9999, is expected") from None
