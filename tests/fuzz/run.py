"""Tries very many inputs in child processes, and finds out which one ended a child."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.inputs import BLOCK
from tests.fuzz.worker import BYTES_MAX, MILLISECONDS_MAX, Cost, Fault

_ROOT = Path(__file__).parents[2]
_WORKER = "tests.fuzz.worker"
_SHARE = 10 * BLOCK
_LOOK_SECONDS = 20
_HANG_CPU_SECONDS = 15
_HANG_SECONDS = 900
_MEASUREMENTS = 3


@dataclass
class Report:
    """The result of all inputs; `seconds` are CPU seconds of all children together."""

    inputs: int = 0
    seconds: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)

    def add(self, other: "Report") -> None:
        """Add what another child found."""
        self.inputs += other.inputs
        self.seconds += other.seconds
        self.outcomes += other.outcomes
        self.faults += other.faults


def run(
    first: int,
    count: int,
    workers: int = 1,
    tell: Callable[[Report], None] = lambda _: None,
    worker: str = _WORKER,
) -> Report:
    """Try the inputs of so many seeds; `tell` is called whenever a child, which runs `worker`, has ended."""
    whole = Report()
    with ThreadPoolExecutor(workers) as children:
        for report in children.map(lambda share: _child(worker, *share), _shares(first, count)):
            whole.add(report)
            tell(whole)
    return whole


def measure(seed: int, worker: str = _WORKER) -> Cost:
    """Try one input in a separate process, after those before it in its block.

    Raises:
        subprocess.CalledProcessError: the process ended otherwise than by itself; its `stderr` says how.
    """
    command = [sys.executable, "-m", worker, str(seed), "0", "-"]
    answer = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=True, timeout=600)
    return Cost(**json.loads(answer.stdout))


def _shares(first: int, count: int) -> Iterator[tuple[int, int]]:
    """Cut the seeds into shares that begin where blocks begin."""
    end = first + count
    while first < end:
        size = min(_SHARE - first % _SHARE, end - first)
        yield first, size
        first += size


def _child(worker: str, first: int, count: int) -> Report:
    report = Report()
    while count:
        seed = _try_share(worker, first, count, report)
        if seed is None:
            break
        report.inputs += seed + 1 - first
        first, count = seed + 1, first + count - seed - 1  # continue after the one that ended the child
    report.inputs += count
    confirmed = (_confirmed(fault, worker) for fault in report.faults)
    report.faults = [fault for fault in confirmed if fault is not None]
    return report


def _try_share(worker: str, first: int, count: int, report: Report) -> int | None:
    """Let a child try so many inputs; return the seed that it ended at, None when it came to the end."""
    with tempfile.NamedTemporaryFile() as progress:
        progress.write(first.to_bytes(8, "little"))
        progress.flush()
        command = [sys.executable, "-m", worker, str(first), str(count), progress.name]
        with subprocess.Popen(
            command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as child:
            hung, error = _watched(child, Path(progress.name), report)
        if child.returncode == 0:
            return None
        seed = _seed_of(Path(progress.name))
    # Another process may have killed the child: its input has to be tried again.
    killed = hung or child.returncode == -signal.SIGKILL
    report.faults.append(Fault(seed, _how_it_ended(child.returncode, error), suspect=killed))
    return seed


def _watched(child: "subprocess.Popen[str]", progress: Path, report: Report) -> tuple[bool, str]:
    """Wait for a child and read what it says; return whether it hung, and what it wrote to stderr."""
    hung = False
    seed, since, used = -1, time.monotonic(), 0.0
    while True:
        try:
            said, error = child.communicate(timeout=_LOOK_SECONDS)
            break
        except subprocess.TimeoutExpired:
            now, cpu = _seed_of(progress), _cpu_seconds(child.pid)
            if now != seed:
                seed, since, used = now, time.monotonic(), cpu
            elif cpu - used > _HANG_CPU_SECONDS or time.monotonic() - since > _HANG_SECONDS:
                hung = True
                child.kill()
    for line in map(json.loads, said.splitlines()):
        if "fault" in line:
            report.faults.append(Fault(**line["fault"]))
        else:
            report.outcomes.update(line["outcomes"])
            report.seconds += line["seconds"]
    return hung, error


def _cpu_seconds(process: int) -> float:
    """Return the CPU time of a process: one that another has stopped does not hang."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _how_it_ended(code: int, error: str) -> str:
    name = signal.Signals(-code).name if code < 0 else f"exit {code}"
    return f"ended the process: {name}\n{error[-2000:]}"


def _seed_of(progress: Path) -> int:
    return int.from_bytes(progress.read_bytes()[:8], "little")


def _confirmed(fault: Fault, worker: str) -> Fault | None:
    """Measure a suspect again, alone and several times: a busy machine makes anything slow once."""
    if not fault.suspect:
        return fault
    try:
        costs = [measure(fault.seed, worker) for _ in range(_MEASUREMENTS)]
    except subprocess.CalledProcessError as error:
        return Fault(fault.seed, _how_it_ended(error.returncode, error.stderr))
    except subprocess.TimeoutExpired:
        return Fault(fault.seed, "does not end")
    milliseconds, size = min(cost.milliseconds for cost in costs), min(cost.bytes for cost in costs)
    if milliseconds <= MILLISECONDS_MAX and size <= BYTES_MAX:
        return None
    return Fault(fault.seed, f"takes {milliseconds:.0f} ms and {size / 2**20:.0f} MiB")


def workers_of_this_machine() -> int:
    """Return how many children can work at the same time."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
