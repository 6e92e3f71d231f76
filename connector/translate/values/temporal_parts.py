"""Debezium's structured dates, times and durations: objects of their parts (debezium-events.md 6.2).

They are sent like the other types of the same column. Fractions are `nanos` or, in newer
versions, `picoseconds`.
"""

from collections.abc import Callable
from datetime import date
from typing import Any, TypeAlias

from connector.translate.values.dates import utc_text
from connector.translate.values.times_of_day import fraction_text, time_of_day_text
from connector.translate.values.unusable import ConversionError

Parts: TypeAlias = dict[str, Any]

_PER_SECOND = 10**12
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_INTEGER_LIMIT = 2**63


def structured(read: Callable[[Parts], str]) -> Callable[[Any], str]:
    """Make the reader of a structured type from one for its parts; infinities are refused."""

    def read_object(value: Any) -> str:
        if type(value) is not dict:
            raise ConversionError("an object of the parts of a date or time is expected")
        if value.get("specialValue") is not None:
            raise ConversionError("a date or time that is not infinite is expected")
        return read(value)

    return read_object


def date_of_parts(parts: Parts) -> str:
    """Write a date; MySQL's zero days and months are refused."""
    return _date(parts).isoformat()


def time_of_parts(parts: Parts) -> str:
    """Write a time of day."""
    return time_of_day_text(_seconds(parts), _picoseconds(parts), "ps")


def zoned_time_of_parts(parts: Parts) -> str:
    """Write a time of day with its offset."""
    return f"{time_of_parts(parts)}{_offset_text(_part(parts, 'offsetSeconds', 0))}"


def timestamp_of_parts(parts: Parts) -> str:
    """Write a timestamp in UTC; one without an offset is UTC, and a zone always comes with its offset."""
    days = _date(parts).toordinal() - _EPOCH_DAY
    seconds = days * 86_400 + _seconds(parts) - _part(parts, "offsetSeconds", 0)
    return utc_text(seconds * 1000 + _picoseconds(parts) // 10**9)


def duration_of_parts(parts: Parts) -> str:
    """Write a duration as ISO 8601 does: `P1Y2M3DT4H5M6.78S`; each part has its own sign."""
    days = "".join(
        f"{n}{name[0].upper()}" for name in ("years", "months", "days") if (n := _part(parts, name, 0))
    )
    time = "".join(f"{n}{name[0].upper()}" for name in ("hours", "minutes") if (n := _part(parts, name, 0)))
    total = _part(parts, "seconds", 0) * _PER_SECOND + _fraction(parts)
    if total or not (days or time):
        seconds, fraction = divmod(abs(total), _PER_SECOND)
        time += f"{'-' if total < 0 else ''}{seconds}{fraction_text(fraction, 'ps')}S"
    return f"P{days}{'T' if time else ''}{time}"


def elapsed_of_parts(parts: Parts) -> str:
    """Write MySQL's TIME, which is a duration of at most hours: `-838:59:59`."""
    hours, minutes, seconds = (_part(parts, name, 0) for name in ("hours", "minutes", "seconds"))
    total = ((hours * 60 + minutes) * 60 + seconds) * _PER_SECOND + _fraction(parts)
    whole, fraction = divmod(abs(total), _PER_SECOND)
    return f"{'-' if total < 0 else ''}{time_of_day_text(whole, fraction, 'ps')}"


def _date(parts: Parts) -> date:
    try:
        return date(_part(parts, "year"), _part(parts, "month"), _part(parts, "day"))
    except (ValueError, OverflowError):
        raise ConversionError("a date that exists, within the years 1 to 9999, is expected") from None


def _seconds(parts: Parts) -> int:
    """Return the seconds since midnight; 24:00:00 is the end of the day."""
    hour, minute, second = (_part(parts, name) for name in ("hour", "minute", "second"))
    seconds = (hour * 60 + minute) * 60 + second
    if not (hour >= 0 and 0 <= minute < 60 and 0 <= second < 60 and seconds <= 86_400):
        raise ConversionError("a time of day that exists is expected")
    return seconds


def _picoseconds(parts: Parts) -> int:
    fraction = _fraction(parts)
    if fraction < 0:
        raise ConversionError("a time of day that exists is expected")
    return fraction


def _fraction(parts: Parts) -> int:
    fraction = _part(parts, "picoseconds", 0) + _part(parts, "nanos", 0) * 1000
    if abs(fraction) >= _PER_SECOND:
        raise ConversionError("a fraction of a second is expected")
    return fraction


def _part(parts: Parts, name: str, missing: int | None = None) -> int:
    value = parts.get(name)
    if value is None:
        value = missing
    if type(value) is int and -_INTEGER_LIMIT <= value < _INTEGER_LIMIT:
        return value
    raise ConversionError(f"the part `{name}` of a date or time is expected to be a whole number")


def _offset_text(offset: int) -> str:
    if not offset:
        return "Z"
    minutes, second = divmod(abs(offset), 60)
    hour, minute = divmod(minutes, 60)
    if hour > 18:
        raise ConversionError("an offset of at most 18 hours is expected")
    return f"{'-' if offset < 0 else '+'}{hour:02}:{minute:02}{f':{second:02}' if second else ''}"
