"""Measuring a child process: what the kernel says it cost, and what the sink saw of it."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx


class Sink:
    """The sink's counters, from outside."""

    def __init__(self, port: int) -> None:
        self.base_url = f"http://127.0.0.1:{port}/v1"
        self.contacts_url = f"{self.base_url}/project/bench/datasource/bench/stream/contacts?_sync"
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{port}")

    def reset(self, delay_ms: int = 0) -> None:
        """Forget what came; answer after `delay_ms` from now on."""
        self._http.post("/reset", params={"delay_ms": delay_ms}).raise_for_status()

    def stats(self) -> dict[str, Any]:
        """Return what came since the reset."""
        stats: dict[str, Any] = self._http.get("/stats").raise_for_status().json()
        return stats


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one child: CPU in seconds (user and system), peak resident memory, its output."""

    cpu_seconds: float
    resident_mib: float
    output: str


@dataclass(frozen=True, slots=True)
class Result:
    """One contender in one round. Shares are of one core, from the first request to the last."""

    name: str
    records: int
    seconds: float
    cost: Cost
    sink: dict[str, Any]

    @property
    def rate(self) -> float:
        """Records a second, while records flowed: start-up and group join are not in it."""
        return self.records / self.seconds

    @property
    def cpu(self) -> float:
        """CPU seconds per 100,000 records, of the whole process, its start-up included."""
        return self.cost.cpu_seconds / self.records * 100_000

    @property
    def batch(self) -> float:
        """Items per request."""
        return self.sink["items"] / self.sink["requests"] if self.sink["requests"] else 0.0

    @property
    def sink_share(self) -> float:
        """How busy the sink was; near 1 it would be the bottleneck."""
        return float(self.sink["cpu_seconds"]) / self.seconds


def run(command: Sequence[str], log: Path) -> Cost:
    """Run a child to its end.

    Raises:
        RuntimeError: it failed; the message holds the end of its log.
    """
    with log.open("w+b") as errors:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
        assert child.stdout is not None
        try:
            output = child.stdout.read().decode()
        except BaseException:
            child.kill()
            raise
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        child.stdout.close()
    if child.returncode:
        tail = log.read_bytes()[-3000:].decode(errors="replace")
        raise RuntimeError(f"{' '.join(command)} ended with {child.returncode}:\n{tail}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output)


def contend(name: str, command: Sequence[str], records: int, sink: Sink, folder: Path) -> Result:
    """Run one contender against a sink that begins again (its delay must be set before)."""
    cost = run(command, folder / f"{name}.log")
    stats = sink.stats()
    seconds = stats["last_at"] - stats["first_at"] if stats["requests"] else float(cost.output)
    return Result(name, records, seconds, cost, stats)
