"""The two clocks, in whole milliseconds. Code that needs the time takes a `Clock`."""

import time

NANOSECONDS_PER_MS = 1_000_000


class Clock:
    """The machine's clocks; tests pass another one."""

    def monotonic_ms(self) -> int:
        """Return the time that only moves forward, for timers, deadlines and the engine (F096)."""
        return time.monotonic_ns() // NANOSECONDS_PER_MS

    def wall_ms(self) -> int:
        """Return the time since 1970, only to compare with dates of other systems."""
        return time.time_ns() // NANOSECONDS_PER_MS
