"""The resident memory of another process, looked at once a second."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import linear_regression, median
from typing import NamedTuple

SECONDS_BETWEEN = 1.0
WARM_UP = 0.2
"""The first part of a stretch that its slope leaves out: buffers and caches fill up once."""

SLOPE_SECONDS = 300
"""In less time, memory that fills once looks the same as memory that grows."""

_RESIDENT = re.compile(r"VmRSS:\s*(\d+) kB")


class Sample(NamedTuple):
    """One look."""

    at: float
    """In seconds of the monotonic clock."""
    mib: float


class Stretch(NamedTuple):
    """The memory in some part of a run, in MiB: medians of its first and last tenth, and MiB per hour."""

    first: float
    last: float
    peak: float
    slope: float
    seconds: float

    def __str__(self) -> str:
        """Return it as text; a slope only where it means something."""
        slope = f", {self.slope:+.1f} MiB an hour" if self.seconds >= SLOPE_SECONDS else ""
        return (
            f"{self.seconds / 60:.1f} minutes, resident {self.first:.1f} MiB at first and {self.last:.1f} "
            f"at the end{slope}, peak {self.peak:.1f} MiB"
        )


def stretch(samples: list[Sample]) -> Stretch:
    """Sum some samples up; at least two."""
    tenth = max(1, len(samples) // 10)
    warm = samples[int(len(samples) * WARM_UP) :]
    hours = [sample.at / 3600 for sample in warm]
    values = [sample.mib for sample in samples]
    return Stretch(
        first=median(values[:tenth]),
        last=median(values[-tenth:]),
        peak=max(values),
        slope=linear_regression(hours, values[-len(warm) :]).slope if len(warm) > 1 else 0.0,
        seconds=samples[-1].at - samples[0].at,
    )


class Watch:
    """Looks at one process; what it has seen since the last `cut` is a stretch."""

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        self._samples: list[Sample] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch")

    def start(self) -> None:
        """Begin to look."""
        self._look()
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._ended.set()
        self._thread.join()

    def cut(self) -> Stretch:
        """Return what was seen since the last time, and begin again."""
        self._look()
        seen, self._samples = self._samples, []
        return stretch(seen)

    def _run(self) -> None:
        while not self._ended.wait(SECONDS_BETWEEN):
            self._look()

    def _look(self) -> None:
        found = _RESIDENT.search(self._status.read_text())
        if found is not None:  # none of a process that has just ended
            self._samples.append(Sample(time.monotonic(), int(found[1]) / 1024))


@contextmanager
def watching(pid: int) -> Iterator[Watch]:
    """Look at a process for as long as this takes."""
    watch = Watch(pid)
    watch.start()
    try:
        yield watch
    finally:
        watch.close()
