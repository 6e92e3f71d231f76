"""The engine's time, which lags behind the clock after a stall (F007, F097).

A process that was frozen for longer than its lease may assume partitions that another member owns by now. In
the engine's time the lease still counts from before the stall, so requests are refused. The engine's time
catches up when the client has had time to hear of the loss and a poll has reported it.
"""

from connector.model import SchemaVerdict

TURN_MS_MAX = 1_000
"""A longer turn is a stall of the machine or of this process."""

AFTER_STALL_MS = 1_000
"""How long the client needs to hear of a loss that it missed."""


class StallClock:
    """All times are milliseconds of one monotonic clock."""

    __slots__ = ("_behind_ms", "_heard_ms", "looked_ms")

    def __init__(self, clock_ms: int) -> None:
        self.looked_ms = clock_ms
        self._behind_ms = 0
        self._heard_ms = 0  # a poll after this time has reported the missed events

    def look(self, clock_ms: int) -> int:
        """Return the engine's time. Call it often: a long pause counts as a stall."""
        stall_ms = clock_ms - self.looked_ms - TURN_MS_MAX
        self.looked_ms = clock_ms
        if stall_ms > 0:
            self._behind_ms += stall_ms
            self._heard_ms = clock_ms + AFTER_STALL_MS
        return clock_ms - self._behind_ms

    def polled(self, clock_ms: int) -> None:
        """Note a poll of the client, which reports everything that it has heard."""
        if self._behind_ms and clock_ms >= self._heard_ms:
            self._behind_ms = 0

    def trusted_verdict(self, verdict: SchemaVerdict) -> SchemaVerdict:
        """Return how a registry's answer counts: a missing schema proves nothing while the time lags.

        The engine doubts a missing schema for a while. Catching up would end that wait immediately (found by
        the simulation).
        """
        if self._behind_ms and verdict is SchemaVerdict.UNKNOWN:
            return SchemaVerdict.UNAVAILABLE
        return verdict

    @property
    def behind_ms(self) -> int:
        """How far the engine's time lags behind the clock."""
        return self._behind_ms

    @property
    def heard_ms(self) -> int:
        """The clock's time from which a poll ends the lag."""
        return self._heard_ms
