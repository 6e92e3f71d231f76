"""What can happen (events) and what can be asked (commands).

The shell feeds events into `Engine.handle` and carries out the commands that come back. Both are
plain values: a run can be recorded, replayed and shrunk.
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

    `positions` holds where reading begins. `ends` holds the end of each log as seen now, where it
    could be asked for; `--until-caught-up` is measured against it. `settled` holds what an earlier
    assignment had settled above the position, where it is known. Never assigned before or
    revoked since: an assignment that repeats a partition we hold is a broken invariant.
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
    """These partitions are not ours any more: everything about them is forgotten, nothing committed."""

    partitions: Sequence[TopicPartition]


class Arrived(NamedTuple):
    """Records as they were polled, in that order, each with what it was translated to."""

    records: Sequence[tuple[Record, Translated]]


class ReachedEnd(NamedTuple):
    """The consumer stands at the end of a partition; control records before `offset` count as read."""

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
    """The HTTP answer to `Send` number `send_id`, or what stands for one that never came."""

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
    """The registry's answer to `FetchSchema(ref)`, or what stands for one that never came.

    A schema that is KNOWN must be within reach of `translate` by then. `reason` says why it is not.
    """

    ref: SchemaRef
    verdict: SchemaVerdict
    reason: str = ""


class Woke(NamedTuple):
    """The time that `next_wakeup_ms` named has come."""


class CredentialsChanged(NamedTuple):
    """The API's token, or what the schema registry asks for, is another one now: worth trying at once."""


class StopRequested(NamedTuple):
    """Take nothing in any more, finish what travels, commit, halt."""


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

    `settled` holds, for each of them, what is settled above its offset: to be remembered with the commit and
    given back by `Assigned`, all of it or its beginning.
    """

    commit_id: int
    offsets: Mapping[TopicPartition, int]
    settled: Mapping[TopicPartition, Runs] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pause:
    """Stop fetching these partitions; the consumer goes on polling."""

    partitions: Sequence[TopicPartition]


@dataclass(frozen=True, slots=True)
class Resume:
    """Fetch these partitions again."""

    partitions: Sequence[TopicPartition]


@dataclass(frozen=True, slots=True)
class Seek:
    """Read on from the beginning (`earliest`) or the end (`latest`) of a partition's log.

    The consumer joins the group anew for it: `Revoked`, `Lost` and `Assigned` follow. What arrives of the
    partition before that is of no use any more.
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
    """Everything that can be finished is: close the consumer and end the process."""


Command: TypeAlias = Send | Commit | Pause | Resume | Seek | DeadLetter | FetchSchema | Probe | Halt
