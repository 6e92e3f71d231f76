"""`as: date` and `as: timestamp`: `YYYY-MM-DD`, and UTC as `YYYY-MM-DDTHH:MM:SS.sssZ`.

Only dates with four-digit years are sent. PostgreSQL and MySQL also store infinities and later years. Those
are refused, because the API documents no spelling for them.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from connector.translate.values.unusable import ConversionError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.toordinal()
_DAY_MIN, _DAY_MAX = 1 - _EPOCH_DAY, date.max.toordinal() - _EPOCH_DAY

_DAYS_REMEMBERED = 32_768  # ninety years of birthdays, in some 5 MB

_PER_MS: dict[str, tuple[int, int]] = {"s": (1000, 1), "ms": (1, 1), "us": (1, 1000), "ns": (1, 1_000_000)}
"""Unit -> (factor, divisor) that make milliseconds of it."""

_INFINITIES = frozenset({2**63 - 1, -(2**63), 9_223_372_036_825_200_000, -9_223_372_036_832_400_000})
"""PostgreSQL's infinite timestamps, in any unit (debezium-events.md 6.2)."""

_MINUTES = tuple(f"T{minute // 60:02}:{minute % 60:02}:" for minute in range(1440))
_SECONDS = tuple(f"{second:02}." for second in range(60))
_MILLISECONDS = tuple(f"{millisecond:03}Z" for millisecond in range(1000))
"""The parts of a timestamp's text: joining them costs a tenth of asking `datetime` for it."""

_DATE = re.compile(r"(\d{4}-\d\d-\d\d)Z?", re.ASCII)  # Debezium's IsoDate has a Z (debezium-events.md 6.2)
_TIMESTAMP = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?) ?(Z|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII
)


def read_date(value: Any) -> str:
    """Read a date: days since 1970-01-01, or ISO text; from the text of a timestamp, its day in UTC."""
    if type(value) is int:
        return _day(value)
    if not isinstance(value, str):
        raise ConversionError("a date is expected")
    plain = _DATE.fullmatch(value)
    if plain is None:
        return _day(_since_epoch(value).days)
    try:
        return date.fromisoformat(plain[1]).isoformat()
    except ValueError:
        raise ConversionError("a date that exists is expected") from None


@lru_cache(maxsize=_DAYS_REMEMBERED)
def _day(number: int) -> str:
    if not _DAY_MIN <= number <= _DAY_MAX:
        raise ConversionError("a day within the years 1 to 9999 is expected")
    return date.fromordinal(_EPOCH_DAY + number).isoformat()


def timestamp_of(unit: str | None) -> Callable[[Any], str]:
    """Make the reader of a timestamp: a count of `unit` since 1970, or ISO text; without a zone it is UTC.

    Fractions finer than a millisecond are cut off.
    """
    if unit is None:
        return _read_timestamp_text
    factor, divisor = _PER_MS[unit]

    def read(value: Any) -> str:
        if type(value) is not int:
            if isinstance(value, str):
                return _read_timestamp_text(value)
            value = _whole(value)
        if value in _INFINITIES:
            raise ConversionError("a timestamp that is not infinite is expected")
        return utc_text(value * factor // divisor)

    return read


def utc_text(milliseconds: int) -> str:
    """Write milliseconds since 1970 as the API wants dates of events (ingest-api.md 6).

    Raises:
        ConversionError: the year is not within 1 to 9999.
    """
    minutes = milliseconds // 60_000
    return (
        f"{_day(minutes // 1440)}{_MINUTES[minutes % 1440]}"
        f"{_SECONDS[milliseconds // 1000 % 60]}{_MILLISECONDS[milliseconds % 1000]}"
    )


def _read_timestamp_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ConversionError(
            "the text of a timestamp is expected; for numbers write `as: {timestamp: ms}` (s, us, ns)"
        )
    since = _since_epoch(value)
    return utc_text((since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000)


def _whole(value: Any) -> int:
    if type(value) is float and value.is_integer():
        return int(value)
    if type(value) is Decimal and value.is_finite() and abs(value) < 2**64 and value == int(value):
        return int(value)
    raise ConversionError("a timestamp, a whole number of its units, is expected")


def _since_epoch(text: str) -> timedelta:
    try:
        # The form that Debezium writes, which `datetime` reads by itself in a fifth of the time.
        if text[10:17:6] == "T:" and text[-1] == "Z" and 20 <= len(text) <= 30:
            return datetime.fromisoformat(text) - _EPOCH
        return _parse(text) - _EPOCH
    except (ValueError, OverflowError):
        raise ConversionError("a moment that exists, within the years 1 to 9999, is expected") from None


def _parse(text: str) -> datetime:
    found = _TIMESTAMP.fullmatch(text) if len(text) <= 64 else None
    if found is None:
        raise ConversionError("ISO 8601 with a four-digit year is expected")
    day, time, zone = found.groups()
    return datetime.fromisoformat(f"{day}T{(time or '00:00').replace(',', '.')}{zone or 'Z'}")
