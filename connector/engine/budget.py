"""How many calls an endpoint still takes, and when the next one may be made (promise 6).

The `X-RateLimit-*` headers announce a window: how many calls are left, and when it resets. Nothing is known
of the next window before an answer has come from it, so one request travels until then.

Within a window the calls are spaced by time left / calls left. A short burst may use up to half of the
remaining calls immediately, so that idle traffic is not delayed. A backlog that the remaining calls cannot
carry gets no burst: its calls spread over the whole window while upserts fold.
"""

from connector.errors import InvariantError
from connector.model import BudgetReading

SAME_WINDOW_S = 2
"""A reset given as a duration, without a `Date`, is known to a second or two only."""


class Budget:
    """The budget of one endpoint. All times are milliseconds of the engine's clock."""

    __slots__ = ("_due_ms", "_resets_at_ms", "_unlimited", "_window", "limit", "remaining")

    def __init__(self) -> None:
        self.limit: int | None = None
        self.remaining: int | None = None
        self._window: int | None = None
        self._resets_at_ms = 0
        self._unlimited = False
        # When the next call would be due if every call so far had kept its interval.
        self._due_ms = 0.0

    def resets_in_ms(self, now_ms: int) -> int | None:
        """Milliseconds until the window resets, None while no window is known."""
        return max(0, self._resets_at_ms - now_ms) if self._window is not None else None

    def known(self, now_ms: int) -> bool:
        """Whether more than one request may travel."""
        return self._unlimited or (self.remaining is not None and now_ms < self._resets_at_ms)

    def ready_at_ms(self, now_ms: int, calls_wanted: int) -> int:
        """When the next call may be made; now or earlier means immediately.

        `calls_wanted` is how many calls it would take to send everything that is ready.
        """
        if self._unlimited or self.remaining is None or now_ms >= self._resets_at_ms:
            return now_ms
        if self.remaining <= 0:
            return self._resets_at_ms
        burst = 1 if calls_wanted > self.remaining else max(1, self.remaining // 2)
        return int(self._due_ms - (burst - 1) * self._interval_ms(now_ms))

    def spend(self, now_ms: int) -> None:
        """Count one call that leaves now."""
        if self._unlimited or self.remaining is None or now_ms >= self._resets_at_ms:
            return
        if self.remaining <= 0:
            raise InvariantError("a call beyond the budget")
        self._due_ms = max(self._due_ms, float(now_ms)) + self._interval_ms(now_ms)
        self.remaining -= 1

    def refund(self) -> None:
        """Take back one call that never left."""
        if self.remaining is not None:
            self.remaining += 1

    def learn(self, reading: BudgetReading | None, now_ms: int, in_flight: int) -> None:
        """Take in the headers of one answer, or that a processed request carried none.

        `in_flight` counts the requests that were sent and not yet answered. The window may not have counted
        them, if we did not know it before or if other clients use it too.
        """
        if reading is None:
            # Only after an answer that says nothing: an announced window is kept.
            self._unlimited = self._window is None
            return
        self._unlimited = False
        self.limit = reading.limit
        if self._window is not None and self.remaining is not None and now_ms < self._resets_at_ms:
            later_by = reading.window - self._window
            if abs(later_by) <= SAME_WINDOW_S and reading.remaining < self.remaining:
                self.remaining = max(0, reading.remaining - in_flight)
            if later_by <= SAME_WINDOW_S:
                return  # Nothing new, or a late answer from a window that is over.
        self._window = reading.window
        self._resets_at_ms = now_ms + reading.reset_in_ms
        self.remaining = max(0, reading.remaining - in_flight)
        self._due_ms = float(now_ms)

    def block(self, until_ms: int) -> None:
        """Make no call before `until_ms`, then one: the API has refused one as too many."""
        self._unlimited = False
        self.remaining = 0
        self._resets_at_ms = until_ms

    def forget(self) -> None:
        """Let one request find the window again, after a time in which nothing could be sent."""
        self._unlimited = False
        self._window = None
        self.remaining = None

    def _interval_ms(self, now_ms: int) -> float:
        if not self.remaining:
            raise InvariantError("an interval without calls")
        return (self._resets_at_ms - now_ms) / self.remaining
