"""Times of day: `HH:MM:SS` with their fraction, without zeros at its end.

MySQL's TIME is one too, although it may be negative and longer than a day (debezium-events.md 6.2).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from connector.translate.values.unusable import ConversionError

_FRACTIONS: Mapping[str, int] = {"ms": 3, "us": 6, "ns": 9, "ps": 12}
"""Unit -> digits of its fraction of a second."""

_SECONDS_LIMIT = 839 * 3600  # MySQL ends at 838:59:59, every other database with the day

_ISO_TIME = re.compile(r"(\d\d:\d\d)(?:(:\d\d)(?:\.(\d{1,9}))?)?Z?", re.ASCII)


def time_of_day_of(unit: str) -> Callable[[Any], str]:
    """Make the reader of a time of day that is a count of `unit` since midnight."""
    per_second = 10 ** _FRACTIONS[unit]

    def read(value: Any) -> str:
        if type(value) is not int:
            raise ConversionError("a time of day, a whole number of its units, is expected")
        seconds, fraction = divmod(abs(value), per_second)
        return f"{'-' if value < 0 else ''}{time_of_day_text(seconds, fraction, unit)}"

    return read


def time_of_day_text(seconds: int, fraction: int, unit: str) -> str:
    """Write seconds since midnight and a fraction of a second in `unit`, neither of them negative.

    Raises:
        ConversionError: no database has times that long.
    """
    if seconds >= _SECONDS_LIMIT:
        raise ConversionError("a time of at most 838:59:59 is expected")
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}:{second:02}{fraction_text(fraction, unit)}"


def fraction_text(fraction: int, unit: str) -> str:
    """Write a fraction of a second: a point and its digits, or nothing where there is none."""
    return f".{fraction:0{_FRACTIONS[unit]}}".rstrip("0") if fraction else ""


def read_iso_time(value: Any) -> str:
    """Read Debezium's IsoTime, whose `Z` means no zone: naive times count as UTC (debezium-events.md 6.2)."""
    found = _ISO_TIME.fullmatch(value) if isinstance(value, str) and len(value) <= 32 else None
    if found is None:
        raise ConversionError("the text of a time of day is expected")
    minutes, second, fraction = found.groups(default="")
    digits = fraction.rstrip("0")
    return f"{minutes}{second or ':00'}{'.' if digits else ''}{digits}"
