"""A worker whose inputs break every promise: it shows that the fuzzer sees it, and names the seed."""

import io
import os
import signal
from collections.abc import Iterator

import fastavro

from tests.fuzz.judge import FaultError
from tests.fuzz.worker import Cost, main

CRASHES, RAISES, IS_SLOW, WAS_SLOW_ONCE, IS_KILLED, TAKES_MEMORY = 5, 12, 17, 23, 31, 60
"""The effect of each of these seeds; 60 is in a separate window."""

_RECURSIVE = {"type": "record", "name": "N", "fields": [{"name": "n", "type": ["null", "N"]}]}


class Breaking:
    """Replaces the translator."""

    def try_one(self, seed: int) -> tuple[str, str, float]:
        """Do what the seed says."""
        if seed == CRASHES:
            schema = fastavro.parse_schema(_RECURSIVE)
            fastavro.schemaless_reader(io.BytesIO(b"\2" * 5_000 + b"\0"), schema, None)
        if seed == IS_KILLED:
            os.kill(os.getpid(), signal.SIGKILL)
        if seed == RAISES:
            raise FaultError("the outcome is none")
        if seed == TAKES_MEMORY:
            return "any", f"{len(b'x' * 80 * 2**20)} bytes", 0.0
        return "any", "fine", 150.0 if seed in (IS_SLOW, WAS_SLOW_ONCE) else 0.1

    def costs(self, first: int, last: int) -> Iterator[Cost]:
        """Measure again, alone."""
        for seed in range(first, last + 1):
            size = 80 * 2**20 if seed == TAKES_MEMORY else 0
            yield Cost(seed, 150.0 if seed == IS_SLOW else 0.1, size, "fine")


if __name__ == "__main__":
    main(Breaking)
