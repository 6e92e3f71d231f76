"""The engine's time: the clock's, but behind it after a stall (F007, F097).

A process that was frozen for longer than its lease may still believe in partitions that are somebody
else's by now. What it sends counts its lease from before the stall, and so is refused, until the client
had the time to hear what it missed *and* was polled after that: it says so in a poll only.
"""

from connector.model import SchemaVerdict

TURN_MS_MAX = 1_000
"""A turn that took longer was a stall, of the machine or of this process."""

AFTER_STALL_MS = 1_000
"""How long the client needs to hear what it missed."""


class StallClock:
    """All times are milliseconds of one monotonic clock."""

    __slots__ = ("_behind_ms", "_heard_ms", "looked_ms")

    def __init__(self, clock_ms: int) -> None:
        self.looked_ms = clock_ms
        self._behind_ms = 0
        self._heard_ms = 0  # a poll from then on has brought what was missed

    def look(self, clock_ms: int) -> int:
        """Return the engine's time; call it often, for a long silence is a stall."""
        stall_ms = clock_ms - self.looked_ms - TURN_MS_MAX
        self.looked_ms = clock_ms
        if stall_ms > 0:
            self._behind_ms += stall_ms
            self._heard_ms = clock_ms + AFTER_STALL_MS
        return clock_ms - self._behind_ms

    def polled(self, clock_ms: int) -> None:
        """Take in that the client is polled now, and what it has heard is served."""
        if self._behind_ms and clock_ms >= self._heard_ms:
            self._behind_ms = 0

    def believed(self, verdict: SchemaVerdict) -> SchemaVerdict:
        """Return what a registry's answer counts as: of a missing schema nothing is learned while behind.

        It is doubted for a while, a wait that would end with the leap of the time (found by the simulation).
        """
        if self._behind_ms and verdict is SchemaVerdict.UNKNOWN:
            return SchemaVerdict.UNAVAILABLE
        return verdict

    @property
    def behind_ms(self) -> int:
        """How far the engine's time is behind the clock."""
        return self._behind_ms

    @property
    def heard_ms(self) -> int:
        """From when on a poll ends that."""
        return self._heard_ms
