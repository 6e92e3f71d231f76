"""Waiting for the outside world: the one place of the stack suites that polls."""

import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

T = TypeVar("T")

POLL_SECONDS = 0.05


class Watched(Protocol):
    """A child process whose death ends the waiting."""

    def check_alive(self) -> None:
        """Raise when the process has ended."""


def wait_until(probe: Callable[[], T | None], seconds: float, what: str, watch: Sequence[Watched] = ()) -> T:
    """Call `probe` until it answers something true, and return that.

    Raises:
        TimeoutError: `seconds` passed; the message names `what` was awaited and what came last.
    """
    deadline = time.monotonic() + seconds
    while True:
        answer = probe()
        if answer:
            return answer
        for process in watch:
            process.check_alive()
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} was awaited for {seconds:g} s; the last answer was {answer!r}")
        time.sleep(POLL_SECONDS)
