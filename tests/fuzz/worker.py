"""`python -m tests.fuzz.worker FIRST COUNT PROGRESS`: a child process, in which a crash is only a crash.

It writes each seed into the progress file before it tries it, and prints one line of JSON for each fault
and one for the whole.
"""

import faulthandler
import gc
import json
import mmap
import sys
import time
import traceback
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.fuzz.inputs import BLOCK, input_of
from tests.fuzz.judge import FaultError, Judge
from tests.fuzz.memory import Peak
from tests.fuzz.rules import mappings

MILLISECONDS_MAX = 100
BYTES_MAX = 64 * 1024 * 1024

_WINDOW = 50
"""Inputs between two looks at the memory, which cost as much as a small input."""


@dataclass(frozen=True)
class Fault:
    """A seed whose input broke a promise, and how; `suspect` where it has to be measured again alone."""

    seed: int
    words: str
    suspect: bool = False


@dataclass(frozen=True)
class Cost:
    """What one input took."""

    milliseconds: float
    bytes: int
    outcome: str


class Session:
    """Inputs one after the other, in blocks that begin with a translator that knows nothing."""

    def __init__(self) -> None:
        self._topics = len(mappings())
        self._judge = Judge()
        self._next = -1
        input_of(0, self._topics)  # reads the captures
        gc.collect()
        gc.freeze()
        gc.disable()  # its pauses are nobody's fault

    def try_one(self, seed: int) -> tuple[str, str, float]:
        """Try one input; return its kind, its outcome and the milliseconds of CPU time.

        Raises:
            FaultError: the outcome breaks a promise, or the translator raised.
        """
        if seed % BLOCK == 0 or seed != self._next:
            self._judge = Judge()
            gc.collect()
        self._next = seed + 1
        given = input_of(seed, self._topics)
        begin = time.thread_time_ns()
        try:
            outcome = self._judge.outcome(given)
        except FaultError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a fault
            raise FaultError("".join(traceback.format_exception(error)[-4:])) from None
        return given.kind, outcome, (time.thread_time_ns() - begin) / 1e6

    def measure(self, seed: int) -> Cost:
        """Try the input of a seed behind those that come before it in its block, and measure it alone.

        Raises:
            FaultError: its outcome breaks a promise.
        """
        for before in range(seed - seed % BLOCK, seed):
            try:
                self.try_one(before)
            except FaultError:
                continue
        gc.collect()
        peak = Peak()
        _, outcome, milliseconds = self.try_one(seed)
        return Cost(milliseconds, peak.bytes(), outcome)


def work(first: int, count: int, progress: mmap.mmap) -> None:
    """Try so many inputs and print what there is to say."""
    session, outcomes = Session(), Counter[str]()
    begin, peak = time.monotonic(), Peak()
    for seed in range(first, first + count):
        progress[:8] = seed.to_bytes(8, "little")
        try:
            kind, outcome, milliseconds = session.try_one(seed)
        except FaultError as fault:
            _print({"fault": asdict(Fault(seed, str(fault)))})
            continue
        outcomes[f"{kind}: {outcome}"] += 1
        if milliseconds > MILLISECONDS_MAX:
            _print({"fault": asdict(Fault(seed, f"took {milliseconds:.0f} ms", suspect=True))})
        if seed % _WINDOW == _WINDOW - 1:
            if peak.bytes() > BYTES_MAX:
                for one in range(max(first, seed - _WINDOW + 1), seed + 1):
                    _print(
                        {"fault": asdict(Fault(one, "is one of several that took much memory", suspect=True))}
                    )
            peak = Peak()
    _print({"outcomes": outcomes, "seconds": time.monotonic() - begin})


def _print(line: object) -> None:
    sys.stdout.write(f"{json.dumps(line)}\n")
    sys.stdout.flush()


def main() -> None:
    """Run as a child process."""
    faulthandler.enable()
    first, count, path = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    if not count:
        _print(asdict(Session().measure(first)))
        return
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 8) as progress:
        work(first, count, progress)


if __name__ == "__main__":
    main()
