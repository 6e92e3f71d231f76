"""The engine's description of itself: frozen values for `/api/status`, `/metrics` and `/readyz`.

Every label is from a bounded set: topics, partitions, endpoints and rules of the mapping (S10).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from connector.model import Endpoint, SchemaVerdict, TopicPartition


class State(StrEnum):
    """The state of the service, in the words of `/api/status`."""

    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    DRAINING = "draining"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class PartitionStatus:
    """One partition that we hold.

    `position` is the next offset to read. `committed` is the last confirmed commit and `end` the last known
    end of the log; both are None until known. `in_flight` counts unsettled records. `parked` counts those
    among them that wait for a schema, or that follow one that does.

    `paused` says why the partition alone delivers nothing; empty while it delivers.
    """

    topic: str
    partition: int
    position: int
    committed: int | None = None
    end: int | None = None
    in_flight: int = 0
    paused: str = ""
    parked: int = 0

    @property
    def lag(self) -> int | None:
        """Records that are not settled yet; 0 at the end of the log, also after control records (F020)."""
        if self.end is None:
            return None
        settled = self.position if not self.in_flight or self.committed is None else self.committed
        return max(0, self.end - settled)


@dataclass(frozen=True, slots=True)
class TopicStatus:
    """One topic since the start. `skipped` and `dead_lettered` count records by rule."""

    topic: str
    records_consumed: int = 0
    deliveries_accepted: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)
    dead_lettered: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EndpointStatus:
    """One endpoint since the start, and the last known budget; None until known.

    `limited` counts answers 429. `budget_reset` is the header of that name, in seconds.
    """

    name: Endpoint
    calls: int = 0
    items: int = 0
    limited: int = 0
    budget_limit: int | None = None
    budget_remaining: int | None = None
    budget_reset: int | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything at one moment. `unaccounted_records` must be 0 (promise 1).

    `causes` says why records are not delivered, by the part at fault: `instasent`, `dead letters`, `offsets`,
    `schema registry`, `partition …`. `schema_answers` counts the registry's answers.
    """

    state: State = State.STARTING
    causes: Mapping[str, str] = field(default_factory=dict)
    topics: tuple[TopicStatus, ...] = ()
    partitions: tuple[PartitionStatus, ...] = ()
    endpoints: tuple[EndpointStatus, ...] = ()
    in_flight_records: int = 0
    buffered_records: int = 0
    buffered_bytes: int = 0
    unaccounted_records: int = 0
    schema_answers: Mapping[SchemaVerdict, int] = field(default_factory=dict)

    @property
    def cause(self) -> str:
        """The causes in one line; empty while there are none."""
        return "; ".join(f"{where}: {what}" for where, what in self.causes.items())

    def lag(self, topic: str) -> int | None:
        """Sum the lags of a topic's partitions; None where none is known."""
        lags = [p.lag for p in self.partitions if p.topic == topic and p.lag is not None]
        return sum(lags) if lags else None


def with_ends(snapshot: Snapshot, ends: Mapping[TopicPartition, int]) -> Snapshot:
    """Fill in the ends of the logs, which only the consumer knows."""
    partitions = tuple(
        replace(p, end=ends.get(TopicPartition(p.topic, p.partition), p.end)) for p in snapshot.partitions
    )
    return replace(snapshot, partitions=partitions)
