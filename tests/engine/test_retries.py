"""Backoff with full jitter."""

from random import Random

from connector.engine.retries import Backoff


def backoff(first_ms: int = 200, largest_ms: int = 30_000) -> Backoff:
    """A backoff with a fixed seed."""
    return Backoff(first_ms, largest_ms, Random(1))  # noqa: S311 - a test to be repeated, not a secret


def test_waits_grow_up_to_the_largest() -> None:
    """Each wait lies within a bound that doubles and then stays (F059)."""
    tried = backoff()
    for failures in range(100):
        bound_ms = min(30_000, 200 << min(failures, 20))
        assert 0 < tried.failed(1_000) - 1_000 <= bound_ms


def test_jitter_is_full() -> None:
    """Connectors that failed together do not come back together: the waits fill the whole range."""
    tried = backoff(1_000, 1_000)
    waits = sorted(tried.failed(0) for _ in range(500))
    assert waits[0] < 50
    assert waits[-1] > 950


def test_success_forgets() -> None:
    """After a success the next failure waits like the first one."""
    tried = backoff()
    for _ in range(10):
        tried.failed(0)
    tried.succeeded()
    assert tried.until_ms == 0
    assert tried.failed(0) <= 200
