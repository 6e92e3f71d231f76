"""Events, which the shell feeds into the engine, and commands, which the engine asks for.

The shell calls `Engine.handle` with each event and carries out the commands that come back. Both are plain
values: a run can be recorded, replayed and shrunk.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from connector.engine.settled_ranges import Runs
from connector.model import (
    Answer,
    Endpoint,
    Record,
    SchemaRef,
    SchemaVerdict,
    TopicPartition,
    Translated,
)

# ---------------------------------------------------------------------------------------- events


class Assigned(NamedTuple):
    """The group gave us these partitions.

    `positions` holds the offsets where reading begins. `ends` holds the end of each log now, where the broker
    has said it; `--until-caught-up` is measured against it. `settled` holds the runs above the position that
    an earlier assignment had settled, where they are known.

    An assignment that repeats a partition we hold is a broken invariant.
    """

    positions: Mapping[TopicPartition, int]
    ends: Mapping[TopicPartition, int]
    settled: Mapping[TopicPartition, Runs] = MappingProxyType({})


class TopicsMissing(NamedTuple):
    """The cluster has none of the topics that the configuration names, so the group assigns nothing.

    Counts as an empty assignment where there was no assignment yet.
    """


class Revoked(NamedTuple):
    """The group wants these partitions back.

    Nothing new is sent for them. Feed answers and commits while `Engine.draining` says so and the
    deadline has not come, then feed `Lost` to forget them.
    """

    partitions: Sequence[TopicPartition]


class Lost(NamedTuple):
    """These partitions are not ours any more: the engine forgets them and commits nothing for them."""

    partitions: Sequence[TopicPartition]


class Arrived(NamedTuple):
    """Records in the order in which they were polled, each with its translation."""

    records: Sequence[tuple[Record, Translated]]


class ReachedEnd(NamedTuple):
    """The consumer is at the end of a partition; control records before `offset` count as read."""

    partition: TopicPartition
    offset: int


class OffsetsLost(NamedTuple):
    """The committed offset is not in the log any more (F021, F022).

    `policy` is the topic's `offsets_lost`: `pause`, or where to `Seek`.
    """

    partition: TopicPartition
    reason: str
    policy: str


class Answered(NamedTuple):
    """The HTTP answer to `Send` number `send_id`, or the substitute for one that never came."""

    send_id: int
    answer: Answer


class Probed(NamedTuple):
    """The answer to a `Probe`: `answer.verdict` is ITEMS where `GET /stream` said 200."""

    answer: Answer


class DeadLettered(NamedTuple):
    """The broker confirmed dead letter number `letter_id`, or refused it with `error`."""

    letter_id: int
    error: str | None


class Committed(NamedTuple):
    """The broker answered commit number `commit_id`; `errors` holds the partitions it refused."""

    commit_id: int
    errors: Mapping[TopicPartition, str]


class SchemaAnswered(NamedTuple):
    """The registry's answer to `FetchSchema(ref)`, or the substitute for one that never came.

    `translate` must have a KNOWN schema before this event. `reason` says why another one is not known.
    """

    ref: SchemaRef
    verdict: SchemaVerdict
    reason: str = ""


class Woke(NamedTuple):
    """The time that `next_wakeup_ms` named has come."""


class CredentialsChanged(NamedTuple):
    """The API's token or the registry's credentials were replaced: failed requests are tried immediately."""


class StopRequested(NamedTuple):
    """Take in no more records, wait for the requests in flight, commit, halt."""


EngineEvent: TypeAlias = (
    Assigned
    | TopicsMissing
    | Revoked
    | Lost
    | Arrived
    | ReachedEnd
    | OffsetsLost
    | Answered
    | Probed
    | DeadLettered
    | Committed
    | SchemaAnswered
    | Woke
    | CredentialsChanged
    | StopRequested
)

# -------------------------------------------------------------------------------------- commands


@dataclass(frozen=True, slots=True)
class Send:
    """Send one batch: one request. Answer with `Answered(send_id, …)`, exactly once.

    `bodies` are the items as JSON values (for a delete: none); `user_ids` name the contact of each.
    The request must not leave after `not_after_ms` of the engine's clock (F007).
    """

    send_id: int
    endpoint: Endpoint
    sync: bool
    user_ids: Sequence[str]
    bodies: Sequence[object]
    not_after_ms: int


@dataclass(frozen=True, slots=True)
class Commit:
    """Commit these offsets, asynchronously. Answer with `Committed(commit_id, …)`, exactly once.

    `settled` holds the settled runs above each offset. The shell stores them with the commit, and `Assigned`
    gives back all of them, or the first ones.
    """

    commit_id: int
    offsets: Mapping[TopicPartition, int]
    settled: Mapping[TopicPartition, Runs] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pause:
    """Stop fetching these partitions; the consumer still polls."""

    partitions: Sequence[TopicPartition]


@dataclass(frozen=True, slots=True)
class Resume:
    """Fetch these partitions again."""

    partitions: Sequence[TopicPartition]


@dataclass(frozen=True, slots=True)
class Seek:
    """Read on from the beginning (`earliest`) or the end (`latest`) of a partition's log.

    The consumer joins the group again for it: `Revoked`, `Lost` and `Assigned` follow. Records of the
    partition that arrive before that are ignored.
    """

    partition: TopicPartition
    where: str


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Store one record as a dead letter. Answer with `DeadLettered(letter_id, …)`, exactly once."""

    letter_id: int
    record: Record
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class FetchSchema:
    """Ask the registry for one schema. Answer with `SchemaAnswered(ref, …)`, exactly once."""

    ref: SchemaRef


@dataclass(frozen=True, slots=True)
class Probe:
    """Ask `GET /stream`. Answer with `Probed`, exactly once."""

    not_after_ms: int


@dataclass(frozen=True, slots=True)
class Halt:
    """All that can be finished is finished: close the consumer and end the process."""


Command: TypeAlias = Send | Commit | Pause | Resume | Seek | DeadLetter | FetchSchema | Probe | Halt
