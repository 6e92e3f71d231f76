"""`python -m tests.fuzz.worker FIRST COUNT PROGRESS`: a child process, in which a crash is only a crash.

It writes each seed into the progress file before it tries it. It prints one line of JSON for each fault
and one for the whole run.
"""

import faulthandler
import gc
import json
import mmap
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

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
    """The cost and the outcome of one input."""

    seed: int
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
        gc.disable()  # its pauses are no input's fault

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

    def costs(self, first: int, last: int) -> Iterator[Cost]:
        """Try inputs of one block after the earlier ones, and measure each of them alone."""
        self._next = -1
        for seed in range(first - first % BLOCK, last + 1):
            if seed >= first:
                gc.collect()
            peak = Peak() if seed >= first else None
            try:
                _, outcome, milliseconds = self.try_one(seed)
            except FaultError as fault:
                outcome, milliseconds = f"fault: {fault}", 0.0
            if peak is not None:
                yield Cost(seed, milliseconds, peak.bytes(), outcome)


class Tries(Protocol):
    """The work of a child process on each seed: `Session`, except in tests of the machinery."""

    def try_one(self, seed: int) -> tuple[str, str, float]:
        """Try one input; return its kind, its outcome and the milliseconds of CPU time."""

    def costs(self, first: int, last: int) -> Iterator[Cost]:
        """Try some inputs again and measure each of them alone."""


def work(session: Tries, first: int, count: int, progress: mmap.mmap) -> None:
    """Try so many inputs and print what there is to say."""
    outcomes = Counter[str]()
    begin, peak = time.process_time(), Peak()
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
                costs = session.costs(max(first, seed - _WINDOW + 1), seed)
                for one in (cost.seed for cost in costs if cost.bytes > BYTES_MAX):
                    _print({"fault": asdict(Fault(one, "took much memory", suspect=True))})
            peak = Peak()
    _print({"outcomes": outcomes, "seconds": time.process_time() - begin})


def _print(line: object) -> None:
    sys.stdout.write(f"{json.dumps(line)}\n")
    sys.stdout.flush()


def main(session: Callable[[], Tries]) -> None:
    """Run as a child process."""
    faulthandler.enable()
    first, count, path = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    if not count:
        _print(*map(asdict, session().costs(first, first)))
        return
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 8) as progress:
        work(session(), first, count, progress)


if __name__ == "__main__":
    main(Session)
