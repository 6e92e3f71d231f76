"""The rate-limit headers in every form that they might have."""

import pytest

from connector.instasent.rate_limit_headers import read_budget, read_retry_after
from connector.model import BudgetReading

DATE = "Mon, 23 Nov 2026 10:00:00 GMT"
DATE_S = 1_795_428_000
WRONG_WALL_MS = (DATE_S - 86_400) * 1000
"""This side's clock is a day slow, which must not matter where there is a `Date`."""


def headers(reset: str, **others: str) -> dict[str, str]:
    """Make the headers of an answer at DATE."""
    limits = {"x-ratelimit-limit": "600", "x-ratelimit-remaining": "7", "x-ratelimit-reset": reset}
    return {**limits, "date": DATE, **others}


@pytest.mark.parametrize(
    ("reset", "window", "reset_in_ms"),
    [
        pytest.param(str(DATE_S + 30), DATE_S + 30, 31_000, id="epoch-seconds"),
        pytest.param(f" {DATE_S + 30} ", DATE_S + 30, 31_000, id="blanks"),
        pytest.param(
            str((DATE_S + 30) * 1000 + 250), (DATE_S + 30) * 1000 + 250, 31_250, id="epoch-milliseconds"
        ),
        pytest.param("30", DATE_S + 30, 31_000, id="delta"),
        pytest.param("0", DATE_S, 1000, id="delta-zero"),
        pytest.param(str(DATE_S - 5), DATE_S - 5, 1000, id="past"),
        pytest.param(str(DATE_S + 3600), DATE_S + 3600, 3_601_000, id="an-hour"),
    ],
)
def test_reset_becomes_a_duration(reset: str, window: int, reset_in_ms: int) -> None:
    """F057 F096: the reset counts from the response's `Date`, plus the extra second of promise 6."""
    assert read_budget(headers(reset), WRONG_WALL_MS) == BudgetReading(600, 7, window, reset_in_ms)


@pytest.mark.parametrize(
    "reset",
    ["", "soon", "-5", "1.5", "٣٠", "253402300799", "253402300799000", str(DATE_S + 3601), "7200", "9" * 40],
)
def test_reset_that_makes_no_sense_is_no_budget(reset: str) -> None:
    """F057: text, year 9999 and anything beyond an hour would stop the deliveries; it is ignored."""
    assert read_budget(headers(reset), WRONG_WALL_MS) is None


@pytest.mark.parametrize("name", ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"])
def test_missing_header_is_no_budget(name: str) -> None:
    """F057: all three are needed."""
    present = headers(str(DATE_S + 30))
    del present[name]
    assert read_budget(present, WRONG_WALL_MS) is None


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Nov 2026 10:00:00 GMT"])
def test_without_a_date_the_wall_clock_counts(date: str) -> None:
    """Promise 6: without a `Date` the wall clock counts that comes with the answer."""
    reading = read_budget(headers(str(DATE_S + 30), date=date), DATE_S * 1000 + 400)
    assert reading is not None
    assert reading.reset_in_ms == 30_600


@pytest.mark.parametrize(
    ("text", "retry_after_ms"),
    [
        ("0", 0),
        ("12", 12_000),
        ("999999", 3_600_000),
        ("Mon, 23 Nov 2026 10:00:05 GMT", 5000),
        ("Mon, 23 Nov 2026 09:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3_600_000),
        ("later", None),
        ("-1", None),
    ],
)
def test_retry_after(text: str, retry_after_ms: int | None) -> None:
    """F057: seconds or a date, clamped to an hour."""
    assert read_retry_after({"retry-after": text, "date": DATE}, WRONG_WALL_MS) == retry_after_ms
