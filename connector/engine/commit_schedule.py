"""When to commit, and how the last commit ended. One is out at a time.

A commit goes out when its offset moves, and when more records are settled above an offset that does not move.
The settled runs above it go along as metadata (`settled_ranges.py`).
"""

from collections.abc import Iterable, Mapping

from connector.engine.events import Commit
from connector.engine.ledger import Partition
from connector.model import TopicPartition

COMMIT_SECONDS_MAX = 10
"""A commit that is not answered by then counts as failed: the client's own callback may never come (P06)."""

UNCONFIRMED_SECONDS_MAX = 60
"""After this time without a confirmed commit the intake stops: a restart would repeat it all (F014)."""


class CommitSchedule:
    """Numbers the commits; `error` says why the last one failed, None once one has succeeded."""

    __slots__ = ("_due_ms", "_interval_ms", "_last_id", "_out", "_out_since_ms", "_trouble_since_ms", "error")

    def __init__(self, interval_ms: int) -> None:
        self._interval_ms = interval_ms
        self._last_id = 0
        self._out: dict[TopicPartition, tuple[Partition, int, int]] | None = None
        self._out_since_ms = 0
        self._due_ms = 0
        self._trouble_since_ms: int | None = None
        self.error: str | None = None

    def stuck(self, partitions: Iterable[Partition], now_ms: int) -> bool:
        """Whether commits have failed for so long that the intake has to stop.

        The partition in trouble may be gone: without anything to commit no commit could end this.
        """
        since_ms = self._trouble_since_ms
        if since_ms is None or now_ms - since_ms < UNCONFIRMED_SECONDS_MAX * 1000:
            return False
        return any(partition.uncommitted for partition in partitions)

    @property
    def out(self) -> bool:
        """Whether a commit waits for its answer."""
        return self._out is not None

    def due_ms(self, partitions: Iterable[Partition]) -> int | None:
        """When to commit next, or when to give up waiting for an answer."""
        if self._out is not None:
            return self._out_since_ms + COMMIT_SECONDS_MAX * 1000
        return self._due_ms if any(partition.uncommitted for partition in partitions) else None

    def next(self, partitions: Iterable[Partition], now_ms: int, *, at_once: bool) -> Commit | None:
        """Commit settled offsets, at most once per interval; with `at_once` those not just refused."""
        if self._out is not None:
            if now_ms < self._out_since_ms + COMMIT_SECONDS_MAX * 1000:
                return None
            self._failed(f"no answer within {COMMIT_SECONDS_MAX} s", now_ms)
        if now_ms < self._due_ms and not (
            at_once and any(p.uncommitted and not p.commit_refused for p in partitions)
        ):
            return None
        out = {
            p.name: (p, offset, p.settled)
            for p in partitions
            if p.uncommitted and (offset := p.committable) is not None
        }
        if not out:
            return None
        self._last_id += 1
        self._out = out
        self._out_since_ms = now_ms
        self._due_ms = now_ms + self._interval_ms
        return Commit(
            self._last_id,
            {name: offset for name, (_, offset, _) in out.items()},
            {name: partition.settled_above() for name, (partition, _, _) in out.items()},
        )

    def answered(self, commit_id: int, errors: Mapping[TopicPartition, str], now_ms: int) -> None:
        """Take in the broker's answer, partition by partition (F016)."""
        if self._out is None or commit_id != self._last_id:
            return  # We have given up waiting for this one.
        for name, (partition, offset, settled) in self._out.items():
            partition.commit_refused = name in errors
            if not partition.commit_refused:
                partition.confirmed(offset, settled)
        self._out = None
        if errors:
            self._failed("; ".join(f"{name}: {error}" for name, error in errors.items()), now_ms)
        else:
            self.error = None
            self._trouble_since_ms = None

    def _failed(self, error: str, now_ms: int) -> None:
        self._out = None
        self.error = error
        if self._trouble_since_ms is None:
            self._trouble_since_ms = now_ms
