"""Faults on request: which one meets the next request. Carrying them out is the wire's task."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from threading import Lock


class FaultKind(StrEnum):
    """The kinds of faults. *Processed* says whether the request took effect all the same."""

    LATENCY = "latency"  # waits `seconds`, then all goes on; not processed if the client hangs up meanwhile
    STATUS = "status"  # answers `status` with a JSON message; not processed
    REDIRECT = "redirect"  # 302 to another host; not processed
    HTML = "html"  # a maintenance page with `status`; not processed
    RESET = "reset"  # connection reset; not processed
    LOST = "lost"  # processed, then the connection is reset without an answer
    HANG = "hang"  # processed, and never answered
    SLOW = "slow"  # processed, the body comes one byte every `seconds`
    SHORT = "short"  # processed, the connection ends before the announced length
    UNREADABLE = "unreadable"  # processed, the body is no JSON


PROCESSED = frozenset({FaultKind.LOST, FaultKind.HANG, FaultKind.SLOW, FaultKind.SHORT, FaultKind.UNREADABLE})


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. Without `times` and `for_seconds` it stays until the faults are cleared."""

    kind: FaultKind
    times: int | None = None
    for_seconds: float | None = None
    probability: float = 1.0
    endpoint: str | None = None
    status: int = 500
    seconds: float = 0.1


@dataclass(frozen=True, slots=True)
class _Armed:
    fault: Fault
    until: float | None

    def meets(self, endpoint: str, now: float) -> bool:
        return self.fault.endpoint in (None, endpoint) and not self.expired(now)

    def expired(self, now: float) -> bool:
        return self.until is not None and now >= self.until


class Faults:
    """The armed faults, oldest first; one seed gives one sequence of draws. Safe from any thread."""

    def __init__(self, seed: int = 0) -> None:
        self._lock = Lock()
        self._armed: list[_Armed] = []
        self._random = random.Random(seed)  # noqa: S311 - a test must be able to repeat its draws

    def arm(self, fault: Fault, now: float) -> None:
        """Let a fault happen from `now` on, in seconds of the clock that `meet` is given."""
        until = None if fault.for_seconds is None else now + fault.for_seconds
        with self._lock:
            self._armed.append(_Armed(fault, until))

    def clear(self) -> None:
        """Heal everything."""
        with self._lock:
            self._armed.clear()

    def meet(self, endpoint: str, now: float) -> tuple[Fault, ...]:
        """Give the faults that this request meets: any latencies and at most one other."""
        with self._lock:
            self._armed = [armed for armed in self._armed if not armed.expired(now)]
            return tuple(self._draw(endpoint, now))

    def _draw(self, endpoint: str, now: float) -> Iterator[Fault]:
        broken = False
        for index, armed in enumerate(list(self._armed)):
            fault = armed.fault
            is_latency = fault.kind is FaultKind.LATENCY
            if (broken and not is_latency) or not armed.meets(endpoint, now) or fault.times == 0:
                continue
            if self._random.random() >= fault.probability:
                continue
            broken = broken or not is_latency
            if fault.times is not None:
                self._armed[index] = _Armed(replace(fault, times=fault.times - 1), armed.until)
            yield fault
