"""Runs many seeds on all cores and adds up what they met."""

import gc
import multiprocessing
import os
import resource
import signal
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.simulation.run import Failure, run
from tests.simulation.scenario import BLOCK

BLOCKS_PER_PROCESS = 40
"""Half a megabyte of each seed is in cycles, and a new process costs less than to look for them."""

FAILURES_MAX = 20
"""Failing seeds after which no more are looked for."""


@dataclass
class Totals:
    """The incidents that some seeds met together."""

    seeds: int = 0
    records: int = 0
    requests: int = 0
    rebalances: int = 0
    duplicates: int = 0
    simulated_ms: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[int, str]] = field(default_factory=list)

    def add(self, other: "Totals") -> None:
        """Take in what other seeds met."""
        self.seeds += other.seeds
        self.records += other.records
        self.requests += other.requests
        self.rebalances += other.rebalances
        self.duplicates += other.duplicates
        self.simulated_ms += other.simulated_ms
        self.faults += other.faults
        self.failures += other.failures

    def text(self) -> str:
        """Sum up for the terminal."""
        rate = self.seeds / self.seconds if self.seconds else 0.0
        kinds = "\n".join(f"  {count:>9,}  {kind}" for kind, count in self.faults.most_common())
        failures = "\n".join(text for _, text in self.failures) or "no promise was broken"
        return (
            f"{self.seconds:.1f} s: {rate:.0f} seeds/s, {self.cpu_seconds / 3600:.2f} CPU hours\n"
            f"{self.figure()}\n"
            f"{self.faults.total():,} faults:\n{kinds}\n{failures}"
        )

    def figure(self) -> str:
        """Sum up for `tests/proof/figures.toml`."""
        return (
            f"{self.seeds:,} seeds, {len(self.failures)} broken promises: {self.records:,} records verified "
            f"in {self.requests:,} requests and {self.rebalances:,} rebalances, "
            f"{self.simulated_ms / 3_600_000:,.1f} simulated hours; "
            f"{self.duplicates:,} deliveries came twice, each explained"
        )


def run_block(first: int, count: int = BLOCK) -> Totals:
    """Run some seeds that share their logs."""
    totals = Totals()
    for seed in range(first, first + count):
        totals.seeds += 1
        try:
            world = run(seed)
        except Failure as failure:
            world = failure.world
            totals.failures.append((seed, str(failure)))
        totals.records += world.records
        totals.requests += world.left
        totals.rebalances += world.group.rebalances
        totals.duplicates += world.history.counts["duplicates"]
        totals.simulated_ms += world.now_ms
        totals.faults += world.faults
    return totals


def _begin() -> None:
    gc.disable()  # the garbage of a run goes with its process
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # The parent may handle it differently.


def run_many(
    first: int, seeds: int, seconds_max: float | None = None, processes: int | None = None
) -> Totals:
    """Run so many seeds, rounded up to whole blocks, or those that fit into the time."""
    totals = Totals()
    begun, cpu_before = time.monotonic(), _cpu_of_children()
    blocks: Iterable[int] = range(first, first + seeds, BLOCK)
    context = multiprocessing.get_context("fork")
    with context.Pool(processes or os.cpu_count(), _begin, maxtasksperchild=BLOCKS_PER_PROCESS) as pool:
        for block in pool.imap_unordered(run_block, blocks):
            totals.add(block)
            over = seconds_max is not None and time.monotonic() - begun > seconds_max
            if over or len(totals.failures) >= FAILURES_MAX:
                break
        pool.terminate()
        pool.join()
    totals.seconds = time.monotonic() - begun
    totals.cpu_seconds = _cpu_of_children() - cpu_before
    totals.failures.sort()
    return totals


def _cpu_of_children() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime
