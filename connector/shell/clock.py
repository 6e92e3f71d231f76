"""The two clocks, in whole milliseconds. Everything that needs time is given a `Clock`."""

import time

NANOSECONDS_PER_MS = 1_000_000


class Clock:
    """The machine's clocks; tests pass one of their own."""

    def monotonic_ms(self) -> int:
        """Return the time that only goes forward: timers, deadlines, the engine (F096)."""
        return time.monotonic_ns() // NANOSECONDS_PER_MS

    def wall_ms(self) -> int:
        """Return the time of day since 1970: only for reading dates that others wrote."""
        return time.time_ns() // NANOSECONDS_PER_MS
