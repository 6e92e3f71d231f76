"""Waiting for an event of the outside world: the one place of the tests that polls."""

import time
from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")

POLL_SECONDS = 0.02


class Watched(Protocol):
    """A child process whose death ends the waiting."""

    def check_alive(self) -> None:
        """Raise when the process has ended."""


def wait_for(probe: Callable[[], T | None], seconds: float, what: str, *watch: Watched) -> T:
    """Call `probe` until it answers something true, and return that.

    Raises:
        TimeoutError: `seconds` passed; the message names `what` was awaited and what came last.
    """
    deadline = time.monotonic() + seconds
    while not (answer := probe()):
        for process in watch:
            process.check_alive()
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s for {what}; the last answer was {answer!r}")
        time.sleep(POLL_SECONDS)
    return answer
