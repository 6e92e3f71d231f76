"""The request budgets: fixed windows, opened by the first call (ingest-api.md 9)."""

from dataclasses import dataclass
from typing import NamedTuple


class Charge(NamedTuple):
    """One call charged to its window."""

    allowed: bool
    headers: dict[str, str]


@dataclass(slots=True)
class _Window:
    opened_at: float
    calls: int = 0


class Windows:
    """One window per endpoint. Refused calls count too, and remaining is never below 0."""

    def __init__(self) -> None:
        self._windows: dict[str, _Window] = {}

    def charge(self, endpoint: str, limit: int, seconds: float, now: float) -> Charge:
        """Charge one call at `now`, in seconds of the wall clock.

        The reset is cut to whole seconds, so the window may last up to one second longer than it says.
        """
        window = self._windows.get(endpoint)
        if window is None or now >= window.opened_at + seconds:
            window = self._windows[endpoint] = _Window(now)
        window.calls += 1
        return Charge(
            window.calls <= limit,
            {
                "x-ratelimit-limit": str(limit),
                "x-ratelimit-remaining": str(max(0, limit - window.calls)),
                "x-ratelimit-reset": str(int(window.opened_at + seconds)),
            },
        )
