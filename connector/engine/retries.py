"""How long to wait before trying again."""

from random import Random


class Backoff:
    """Exponential backoff with full jitter: each wait is drawn between zero and a doubling bound.

    Full jitter keeps several connectors that failed together from coming back together. The random
    source is passed in, so that a run can be replayed.
    """

    __slots__ = ("_first_ms", "_largest_ms", "_random", "failures", "until_ms")

    def __init__(self, first_ms: int, largest_ms: int, random: Random) -> None:
        self._first_ms = first_ms
        self._largest_ms = largest_ms
        self._random = random
        self.failures = 0
        self.until_ms = 0

    def failed(self, now_ms: int) -> int:
        """Count one more failure in a row; returns the time before which not to try again."""
        # The exponent is capped so that a year of failures does not build a huge integer.
        bound_ms = min(self._largest_ms, self._first_ms << min(self.failures, 32))
        self.failures += 1
        self.until_ms = now_ms + 1 + self._random.randrange(bound_ms)
        return self.until_ms

    def succeeded(self) -> None:
        """Forget the failures."""
        self.failures = 0
        self.until_ms = 0
