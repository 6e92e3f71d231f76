"""The metadata of commits: what the simulated brokers keep of it, what an instance says and believes of it.

It must be true, it must be all that could be said, and leaving out what it names must change no order. The
brokers take less of it in some runs; a tool that moves an offset may leave it standing; ids of topics may be
unknown. All that is drawn from a stream of its own.
"""

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from itertools import chain
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from connector.engine import commit_metadata
from connector.engine.commit_schedule import COMMIT_SECONDS_MAX
from connector.engine.settled_ranges import Runs
from connector.model import TopicPartition
from connector.shell.kafka.committed_offsets import CommittedOffset, CommittedOffsets
from tests.simulation.epoch import Epoch, Seen
from tests.simulation.promises import expect
from tests.simulation.rows import EVENT
from tests.simulation.scenario import Scenario

if TYPE_CHECKING:
    from tests.simulation.world import World

CHARS_TAKEN_MAX = (*[4_095] * 6, 40, 10)
"""How much metadata the brokers take: all, or next to nothing."""

CHARS_WRITTEN_MAX = (*[commit_metadata.CHARS_MAX] * 4, 44, 36)
"""How much of it an instance writes at first: all, or a few runs; of more, the far end is left out."""

TARGET = commit_metadata.target_of("shop", "crm")

SLACK_MS = 1_000
"""The time that the shell's turns may add before the engine must say what is settled."""


class Note(NamedTuple):
    """The metadata of one commit, and what it was made from: the topic had begun again `life` times."""

    offset: int
    text: str
    life: int
    runs: Runs


class Stuck(NamedTuple):
    """A contact to which the API answers 503 for a while: everything else is settled out of order."""

    contact: str
    at_ms: int
    until_ms: int


class Memory:
    """The brokers' memory. Partitions are known by the numbers of their logs."""

    def __init__(self, scenario: Scenario) -> None:
        rng = self.rng = Random(f"metadata of {scenario.seed}")  # noqa: S311 - a run to be repeated
        self._taken_max = rng.choice(CHARS_TAKEN_MAX)
        self.written_max = rng.choice(CHARS_WRITTEN_MAX)
        self._stands = rng.random() < 0.7
        self._tells_ids = rng.random() < 0.9
        self._fails = rng.choice((0.0, 0.0, 0.2))
        self._rewinds = rng.random() < 0.8
        self._anew = rng.choice((0.0, 0.0, 0.5))
        self.stuck = _stuck(rng, scenario)
        self._lives = [0] * len(scenario.logs)
        self._held: dict[int, Note] = {}

    def recreate(self, number: int) -> None:
        """The topic is deleted and made again."""
        self._lives[number] += 1

    def life(self, number: int) -> int:
        """How often the topic was made again."""
        return self._lives[number]

    def ids(self, topics: Collection[str], *, at_once: bool = False) -> dict[str, str]:
        """Return the ids of topics, as far as this broker has any; a question at a given moment may fail."""
        if not self._tells_ids or (at_once and self.rng.random() < self._fails):
            return {}
        return {topic: f"life {self._lives[int(topic[-1])]}" for topic in topics}

    def too_large(self, note: Note) -> bool:
        """Whether the brokers refuse it."""
        return len(note.text) > self._taken_max

    def store(self, number: int, note: Note) -> None:
        """Keep it with the offset."""
        self._held[number] = note

    def rewinds(self) -> bool:
        """Whether an operator moves the offsets back, once, while no instance runs."""
        rewinds = self._rewinds and any(note.runs for note in self._held.values())
        self._rewinds = self._rewinds and not rewinds
        return rewinds

    def unowned(self, number: int) -> None:
        """Between two owners the topic may have been made again, as it was."""
        if self.held(number).runs and self.rng.random() < self._anew:
            self.recreate(number)

    def moved(self, number: int) -> None:
        """The offset was reset, by the service or with a tool, and not every tool clears the metadata."""
        if not self._stands:
            self._held.pop(number, None)

    def held(self, number: int) -> Note:
        """The metadata that is held for a partition."""
        return self._held.get(number) or Note(-1, "", 0, ())


def _stuck(rng: Random, scenario: Scenario) -> list[Stuck]:
    """From the moment at which one of its records appears, so that it precedes the records after it."""
    if not (scenario.incidents or scenario.rates) or rng.random() < 0.25:
        return []
    entries = rng.choice(scenario.logs).entries
    if not entries:
        return []
    entry = rng.choice(entries)
    at_ms = min(entry.visible_ms, scenario.calm_ms)
    return [Stuck(ask.contact, at_ms, rng.randint(at_ms, scenario.calm_ms)) for ask in entry.asks[:1]]


class Ids:
    """One instance's knowledge of the topics' ids, as `connector/shell/kafka/topic_ids.py`."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self.known: Mapping[str, str] = {}

    def hear(self, topics: Collection[str]) -> None:
        """Hear of topics that are new to us."""
        self.known = {**self._memory.ids(topics), **self.known}

    def ask(self, topics: Collection[str]) -> dict[str, str]:
        """Ask, which may be in vain."""
        return self._memory.ids(topics, at_once=True)

    def recreated(self, topics: AbstractSet[str]) -> list[str]:
        """Hear of topics that were made again."""
        now = self._memory.ids(topics)
        changed = [topic for topic, topic_id in now.items() if self.known.get(topic, topic_id) != topic_id]
        self.known = {**self.known, **now}
        return changed


class Metadata:
    """One instance's side: the real `CommittedOffsets`, and the judgement of what it says and believes."""

    def __init__(self, world: "World") -> None:
        self._memory: Memory = world.memory
        self._world = world
        self._ids = Ids(world.memory)
        self.notes = CommittedOffsets(TARGET, self._ids, world.memory.written_max)
        self._shortened = world.memory.written_max < commit_metadata.CHARS_MAX
        self._interval_ms = world.scenario.limits.commit_interval_ms
        self._told: dict[Epoch, set[int]] = {}
        self._untold_ms: dict[Epoch, int] = {}

    # -------------------------------------------------------------------------------- reading

    def read(
        self, positions: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, Runs]:
        """Read what is settled above the positions: only what was said of this offset and this topic."""
        memory = self._memory
        for name in positions:
            memory.unowned(int(name.topic[-1]))
        held = {name: memory.held(int(name.topic[-1])) for name in positions}
        found = self.notes.read(
            {name: CommittedOffset(positions[name], held[name].text) for name in positions}, ends
        )
        for name, runs in found.items():
            number, note = int(name.topic[-1]), held[name]
            expect(note.offset == positions[name], "believed metadata of another offset:", number, note)
            expect(note.life == memory.life(number), "believed metadata of another topic:", number, note)
            known = list(note.runs[: len(runs)])
            expect(list(runs) == known, "metadata was read otherwise than it was meant:", number, runs, note)
        self._ids.hear({name.topic for name in positions})
        return found

    # -------------------------------------------------------------------------------- writing

    def say(self, epoch: Epoch, offset: int, runs: Runs) -> Note:
        """Check what a commit says of the records above it, and write it."""
        self._expect_soon(epoch)
        self._untold_ms.pop(epoch, None)
        self._told[epoch] = _check(epoch, offset, runs)
        name = epoch.log.name
        text = self.notes.write(name, offset, runs)
        topic_id = self._ids.known.get(name.topic)
        if topic_id is not None and not self._shortened and not epoch.lost:
            read = commit_metadata.read(text, commit_metadata.CommitIdentity(name, offset, topic_id))
            expect(list(read) == list(runs), "not all was written that could be said:", runs, text)
        return Note(offset, text, epoch.life, runs)

    def too_large(self) -> None:
        """The broker has refused a commit because of its metadata."""
        self._shortened = True
        self.notes.too_large()

    def interrupted(self) -> None:
        """The process was frozen, or drained inside a revoke: nothing can have been said meanwhile."""
        self._untold_ms.clear()

    def look(self, epoch: Epoch) -> None:
        """Check that what is settled out of order is not kept to itself for longer than a commit may take."""
        if epoch.revoked:
            return
        self._expect_soon(epoch)
        epoch.lowest()
        told = self._told.get(epoch, set())
        if any(seen.entry.offset not in told and _surely_settled(seen) for seen in epoch.unsettled):
            self._untold_ms.setdefault(epoch, self._world.now_ms)

    def _expect_soon(self, epoch: Epoch) -> None:
        now_ms = self._world.now_ms  # the engine's time leaps after a stall
        waited_ms = now_ms - self._untold_ms.get(epoch, now_ms)
        most_ms = self._interval_ms + COMMIT_SECONDS_MAX * 1_000 + SLACK_MS
        expect(waited_ms <= most_ms, "settled, and for so long not said:", epoch.number, waited_ms)


def _surely_settled(seen: Seen) -> bool:
    if seen.entry.dead and not seen.stored:
        return False
    # An event that was refused may be waiting for its contact.
    return all(todo.done or (todo.refused and seen.stored and todo.ask.kind != EVENT) for todo in seen.todos)


def _may_be_loose(seen: Seen) -> bool:
    """Whether a later record of one of its contacts may be done before it is."""
    if seen.entry.dead or seen.decided or any(todo.refused for todo in seen.todos):
        return True
    several = len({todo.ask.contact for todo in seen.todos}) > 1
    return several and any(todo.done or todo.perhaps for todo in seen.todos)


def _check(epoch: Epoch, offset: int, runs: Runs) -> set[int]:
    """Every claim is settled, all that can be claimed is, and leaving it out changes no order.

    Returns the records after an unsettled one that are surely settled.
    """
    number = epoch.number
    expect(not runs or not epoch.lost, "claimed while the offsets are lost:", number, runs)
    claimed = set(chain.from_iterable(range(start, end) for start, end in runs))
    strange = {at for at in claimed if at >= epoch.position} - epoch.before
    if strange:
        strange &= {entry.offset for entry in epoch.log.entries}
        expect(not strange, "claimed but not read:", number, strange)
    again: set[str] = set()
    settled: set[int] = set()
    cut = epoch.lost or offset < epoch.lowest()  # then the instance is less sure than we are
    for seen in epoch.unsettled:
        at = seen.entry.offset
        if at < offset:
            continue
        surely = _surely_settled(seen)
        if surely:
            settled.add(at)
        contacts = {todo.ask.contact for todo in seen.todos}
        if at in claimed:
            expect(seen.settled, "claimed but not settled:", number, at)
            expect(
                again.isdisjoint(contacts), "what comes again would overtake what is left out:", number, at
            )
        else:
            again |= contacts
            expect(cut or not surely, "settled but not claimed:", number, at)
            cut = cut or _may_be_loose(seen)
    kept = {at for at in epoch.before if at >= epoch.position}
    expect(cut or kept <= claimed, "forgotten what was settled before:", number, kept - claimed)
    return settled
