"""The `X-RateLimit-*` and `Retry-After` headers → a budget and a wait.

The reset is documented as epoch seconds, with one sample (`ingest-api.md 9`). Other forms that gateways use
are understood too, and a value that makes no sense counts as absent (F057).
"""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from functools import lru_cache

from connector.model import BudgetReading

EXTRA_MS = 1000
"""The reset is in whole seconds: wait one longer (promise 6)."""

RESET_MS_MAX = 3_600_000
"""Windows are a minute long: a reset beyond an hour is a mistake that would stop delivery."""

_EPOCH_SECONDS_MIN = 100_000_000  # 1973; smaller numbers are a duration in seconds
_EPOCH_MILLISECONDS_MIN = 1_000_000_000_000  # 2001, as seconds the year 33658


def read_budget(headers: Mapping[str, str], wall_ms: int) -> BudgetReading | None:
    """Read the budget, None where a header is missing, is no number or makes no sense.

    The reset counts from the response's `Date`, so that a wrong clock on this side changes nothing (F096).
    Without a `Date` it counts from `wall_ms`, the time of arrival.
    """
    reset = _number(headers.get("x-ratelimit-reset"))
    limit = _number(headers.get("x-ratelimit-limit"))
    remaining = _number(headers.get("x-ratelimit-remaining"))
    if reset is None or limit is None or remaining is None:
        return None
    now_ms = _date_ms(headers.get("date"))
    if now_ms is None:
        now_ms = wall_ms
    if reset >= _EPOCH_MILLISECONDS_MIN:
        window, duration_ms = reset, reset - now_ms
    elif reset >= _EPOCH_SECONDS_MIN:
        window, duration_ms = reset, reset * 1000 - now_ms
    else:
        window, duration_ms = now_ms // 1000 + reset, reset * 1000
    if duration_ms > RESET_MS_MAX:
        return None
    return BudgetReading(limit, remaining, window, max(0, duration_ms) + EXTRA_MS)


def read_retry_after(headers: Mapping[str, str], wall_ms: int) -> int | None:
    """Read `Retry-After`, seconds or a date, as milliseconds from now, at most an hour.

    No source mentions it for this API; a gateway before it may send one.
    """
    text = headers.get("retry-after")
    seconds = _number(text)
    if seconds is not None:
        return min(seconds * 1000, RESET_MS_MAX)
    until_ms = _date_ms(text)
    if until_ms is None:
        return None
    now_ms = _date_ms(headers.get("date"))
    return min(max(0, until_ms - (wall_ms if now_ms is None else now_ms)), RESET_MS_MAX)


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


@lru_cache(maxsize=8)  # many answers of one second carry the same date
def _date_ms(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return int(parsedate_to_datetime(text).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
