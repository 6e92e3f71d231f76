"""Drives a real engine by hand: only the events of the test happen."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import TypeVar

from connector.engine import events as ev
from connector.engine.engine import Engine
from connector.engine.limits import Limits
from connector.engine.settled_ranges import Runs
from connector.model import (
    ALL_ACCEPTED,
    Answer,
    AwaitsSchema,
    BudgetReading,
    Delete,
    Event,
    ItemOutcome,
    OutcomeKind,
    Record,
    RefKind,
    SchemaRef,
    SchemaVerdict,
    TopicPartition,
    Translated,
    Upsert,
    Verdict,
)

P0 = TopicPartition("customers", 0)
P1 = TopicPartition("customers", 1)

ID42 = SchemaRef(RefKind.ID, "42")
ID43 = SchemaRef(RefKind.ID, "43")

ACCEPTED = ItemOutcome(OutcomeKind.ACCEPTED)
REJECTED = ItemOutcome(OutcomeKind.REJECTED, "invalid")
RETRY = ItemOutcome(OutcomeKind.RETRY)

UNKNOWN = Answer(Verdict.UNKNOWN, "no answer")
UNAUTHORIZED = Answer(Verdict.ENVIRONMENT, "HTTP 401")
NOT_FOUND = Answer(Verdict.GONE_OR_ENVIRONMENT, "HTTP 404")

AT_ONCE = Limits(linger_ms=0, retry_backoff_first_ms=100, retry_backoff_largest_ms=1_000)

C = TypeVar("C", bound=ev.Command)


def items(*outcomes: ItemOutcome, budget: BudgetReading | None = None) -> Answer:
    """An answer with an outcome for each item."""
    return Answer(Verdict.ITEMS, items=outcomes, budget=budget)


def upsert(user_id: str, instant: bool = True, **fields: object) -> Upsert:
    """An upsert whose body holds these fields."""
    return Upsert(user_id, {"_user_id": user_id, **fields}, instant)


def event(user_id: str, event_id: str, contact_wait_ms: int = 0) -> Event:
    """An event with its own id."""
    return Event(user_id, {"_user_id": user_id, "_event_id": event_id}, contact_wait_ms)


def record(
    offset: int, partition: TopicPartition = P0, key: bytes | None = b"k", value: bytes | None = b"x" * 10
) -> Record:
    """A record that holds only the fields that the test needs."""
    return Record(partition.topic, partition.partition, offset, key, value, offset, lambda: None)


class Driver:
    """Collects the commands of an engine; every method returns those that its event caused.

    Commits are confirmed immediately, unless `confirms` is false.
    """

    def __init__(
        self,
        limits: Limits = AT_ONCE,
        positions: dict[TopicPartition, int] | None = None,
        *,
        confirms: bool = True,
    ) -> None:
        self.engine = Engine(limits, Random(1), self._translate)  # noqa: S311 - a test to be repeated, not a secret
        self.now_ms = 0
        self.commands: list[ev.Command] = []
        self.travelling: list[ev.Send] = []  # requests that are not answered yet
        self.committed: dict[TopicPartition, int] = {}
        self.settled: dict[TopicPartition, Runs] = {}  # above what is committed
        self.readable: dict[tuple[int, int], Translated] = {}  # partition, offset → once its schema is there
        self._confirms = confirms
        self._next: dict[TopicPartition, int] = {}
        self.assign({P0: 0} if positions is None else positions)

    def feed(self, what: ev.EngineEvent) -> list[ev.Command]:
        """Let one event happen now."""
        commands = list(self.engine.handle(what, self.now_ms))
        self.commands += commands
        self.travelling += find(commands, ev.Send)
        assert self.engine.snapshot().unaccounted_records == 0
        if self._confirms and find(commands, ev.Commit):
            commands += self.confirm()
        return commands

    def assign(
        self, positions: dict[TopicPartition, int], settled: Mapping[TopicPartition, Runs] | None = None
    ) -> list[ev.Command]:
        """Partitions are assigned; the ends of their logs are not known."""
        self._next |= positions
        return self.feed(ev.Assigned(positions, {}, settled or {}))

    def arrive(
        self,
        *translated: Translated,
        partition: TopicPartition = P0,
        key: bytes = b"k",
        value: bytes | None = b"x" * 10,
    ) -> list[ev.Command]:
        """Records arrive in one poll, one for each argument."""
        records = []
        for each in translated:
            records.append((record(self._next[partition], partition, key, value), each))
            self._next[partition] += 1
        return self.feed(ev.Arrived(records))

    def arrive_awaiting(
        self, ref: SchemaRef, then: Translated, partition: TopicPartition = P0
    ) -> list[ev.Command]:
        """A record arrives that needs a schema to be read, and is `then` with it."""
        self.readable[partition.partition, self._next[partition]] = then
        return self.arrive(AwaitsSchema(ref), partition=partition)

    def schema(
        self, ref: SchemaRef = ID42, verdict: SchemaVerdict = SchemaVerdict.KNOWN, reason: str = ""
    ) -> list[ev.Command]:
        """The registry answers."""
        return self.feed(ev.SchemaAnswered(ref, verdict, reason))

    def _translate(self, record: Record) -> Translated:
        return self.readable[record.partition, record.offset]

    def answer(self, send: ev.Send, answer: Answer = ALL_ACCEPTED) -> list[ev.Command]:
        """The answer to a request comes in."""
        self.travelling.remove(send)
        return self.feed(ev.Answered(send.send_id, answer))

    def answer_all(self) -> None:
        """The API accepts everything that travels, and everything that follows."""
        while self.travelling:
            self.answer(self.travelling[0])

    def wait(self, ms: int) -> list[ev.Command]:
        """Time passes; the engine is woken only at the times that it named."""
        end_ms = self.now_ms + ms
        commands: list[ev.Command] = []
        while (wake_ms := self.engine.next_wakeup_ms()) is not None and wake_ms <= end_ms:
            self.now_ms = max(wake_ms, self.now_ms)
            before = len(commands)
            commands += self.feed(ev.Woke())
            assert len(commands) > before or self.engine.next_wakeup_ms() != wake_ms, "it spins"
        self.now_ms = end_ms
        return commands

    def commit(self) -> dict[TopicPartition, int]:
        """Let the next commit happen; returns what is committed then."""
        self.wait(2_000)
        return self.committed

    def confirm(self) -> list[ev.Command]:
        """The broker confirms the last commit."""
        commit = find(self.commands, ev.Commit)[-1]
        self.committed |= commit.offsets
        self.settled |= commit.settled
        return self.feed(ev.Committed(commit.commit_id, {}))

    def refuse(self) -> list[ev.Command]:
        """The broker refuses the last commit, for every partition."""
        commit = find(self.commands, ev.Commit)[-1]
        return self.feed(ev.Committed(commit.commit_id, dict.fromkeys(commit.offsets, "refused")))

    @property
    def sends(self) -> list[ev.Send]:
        """Every request so far."""
        return find(self.commands, ev.Send)

    @property
    def fetched(self) -> list[SchemaRef]:
        """Every schema asked for so far."""
        return [command.ref for command in find(self.commands, ev.FetchSchema)]

    @property
    def halted(self) -> bool:
        """Whether the engine asked for the end."""
        return bool(find(self.commands, ev.Halt))

    @property
    def letters(self) -> list[ev.DeadLetter]:
        """Every dead letter so far."""
        return find(self.commands, ev.DeadLetter)


def find(commands: Sequence[ev.Command], kind: type[C]) -> list[C]:
    """The commands of one kind."""
    return [command for command in commands if isinstance(command, kind)]


def only(commands: Sequence[ev.Command], kind: type[C]) -> C:
    """The one command of a kind."""
    found = find(commands, kind)
    assert len(found) == 1, commands
    return found[0]


DELETE = Delete("7")
