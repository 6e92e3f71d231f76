"""One instance: a real engine, and a shell that only lives in simulated time."""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connector.engine import events as ev
from connector.engine.engine import Engine
from connector.model import (
    Answer,
    Record,
    SchemaRef,
    SchemaVerdict,
    TopicPartition,
    Translated,
    Verdict,
)
from tests.simulation.oracle import Epoch, Oracle, expect
from tests.simulation.registry import Reader
from tests.simulation.scenario import Log

if TYPE_CHECKING:
    from tests.simulation.world import World

SILENCE = Answer(Verdict.UNKNOWN, "no answer")
WAKES_MAX = 20
"""Wake-ups at one moment after which the engine is said to spin."""


class Member:
    """Feeds the engine and carries out its commands; every command is answered exactly once."""

    def __init__(self, world: "World", engine: Engine, reader: Reader) -> None:
        self._world = world
        self._reader = reader
        self.engine = engine
        self.oracle = Oracle(world.scenario)
        self.epochs: dict[int, Epoch] = {}
        self.revoking: list[int] = []
        self.stopping = False
        self.dead = False
        self._paused: set[int] = set()
        self._told_end: dict[int, int] = {}
        self._wake_ms: int | None = None
        self._wakes = (0, 0)
        self._ids: set[tuple[type, int]] = set()
        self._asked: set[SchemaRef] = set()  # and not answered yet
        self._unknown: Counter[SchemaRef] = Counter()  # answers that there is no such schema
        world.at(world.now_ms, self._poll)

    # --------------------------------------------------------------------------------- events

    def handle(self, event: ev.Event) -> None:
        """Feed one event and carry out what comes back."""
        if self.dead:
            return
        world = self._world
        commands = self.engine.handle(event, world.now_ms)
        world.note(type(event).__name__, *(repr(command) for command in commands))
        for command in commands:
            self._carry_out(command)
        if self.dead:
            return
        self._plan_wake()
        if self.revoking and not self.engine.draining(self._names(self.revoking)):
            self._release()

    def _plan_wake(self) -> None:
        wake_ms = self.engine.next_wakeup_ms()
        if wake_ms is not None and wake_ms != self._wake_ms:
            self._world.at(wake_ms, lambda: self._woke(wake_ms))
        self._wake_ms = wake_ms

    def _woke(self, wake_ms: int) -> None:
        if self.dead or self._wake_ms != wake_ms:
            return
        now_ms, count = self._wakes
        self._wakes = (self._world.now_ms, count + 1 if now_ms == self._world.now_ms else 0)
        expect(self._wakes[1] < WAKES_MAX, "the engine spins")
        self._wake_ms = None
        self.handle(ev.Woke())

    def assign(self, numbers: list[int]) -> None:
        """The group gives partitions to this instance."""
        world = self._world
        positions = {}
        for number in numbers:
            position = world.committed[number]
            self.epochs[number] = Epoch(number, position, position, position)
            self._paused.discard(number)
            self._told_end.pop(number, None)
            positions[self._log(number).name] = position
        self.handle(ev.Assigned(positions, {}))

    def revoke(self, numbers: list[int]) -> None:
        """The group wants partitions back: drain, within the deadline."""
        self.revoking = numbers
        for number in numbers:
            self.epochs[number].revoking = True
        deadline_ms = self._world.now_ms + self._world.scenario.limits.drain_ms
        self._world.at(deadline_ms, lambda: self._release() if self.revoking is numbers else None)
        self.handle(ev.Revoked(self._names(numbers)))

    def lose(self, numbers: list[int]) -> None:
        """The group has given partitions away already."""
        for number in numbers:
            del self.epochs[number]
        self.handle(ev.Lost(self._names(numbers)))
        self._world.released(self, numbers)

    def _release(self) -> None:
        numbers, self.revoking = self.revoking, []
        if not self.dead:
            self.lose(numbers)

    def stop(self) -> None:
        """SIGTERM."""
        self.stopping = True
        deadline_ms = self._world.now_ms + self._world.scenario.limits.drain_ms + 1
        self._world.at(deadline_ms, lambda: expect(self.dead, "no halt within drain_ms"))
        self.handle(ev.StopRequested())

    # ---------------------------------------------------------------------------------- polls

    def _poll(self) -> None:
        if self.dead:
            return
        self._world.at(self._world.now_ms + self._world.scenario.poll_ms, self._poll)
        room = self.engine.room()
        if self.revoking or room.records <= 0 or room.bytes <= 0:
            return
        arrived: list[tuple[Record, Translated]] = []
        size = 0
        for number, epoch in self.epochs.items():
            if number in self._paused:
                continue
            log = self._log(number)
            for offset in range(epoch.position, log.end):
                if len(arrived) >= min(room.records, self._world.scenario.poll_records) or size >= room.bytes:
                    break
                logged = log.records.get(offset)
                if logged is not None:
                    if logged.produced_ms > self._world.now_ms:
                        break
                    arrived.append((logged.record, self._reader.translate(logged.record)))
                    size += logged.record.size
                    epoch.position = offset + 1
        if arrived:
            self.handle(ev.Arrived(arrived))
            self.check()
        self._tell_ends()

    def _tell_ends(self) -> None:
        for number, epoch in list(self.epochs.items()):
            log = self._log(number)
            read_all = epoch.position > max(log.records) and number not in self._paused
            if read_all and self._told_end.get(number) != log.end and not epoch.revoking:
                self._told_end[number] = log.end
                epoch.position = log.end
                self.handle(ev.ReachedEnd(log.name, log.end))

    # ------------------------------------------------------------------------------- commands

    def _carry_out(self, command: ev.Command) -> None:
        if isinstance(command, ev.Send):
            self._numbered(command, command.send_id)
            self._send(command)
        elif isinstance(command, ev.Commit):
            self._numbered(command, command.commit_id)
            self._commit(command)
        elif isinstance(command, ev.DeadLetter):
            self._numbered(command, command.letter_id)
            self._letter(command)
        elif isinstance(command, ev.Probe):
            self._probe()
        elif isinstance(command, ev.FetchSchema):
            self._fetch_schema(command.ref)
        elif isinstance(command, ev.Pause | ev.Resume):
            self._pause(command)
        elif isinstance(command, ev.Halt):
            expect(self.stopping, "halted without being asked to")
            self._world.gone(self)

    def _numbered(self, command: object, number: int) -> None:
        expect((type(command), number) not in self._ids, "a number was used twice", command)
        self._ids.add((type(command), number))

    def _pause(self, command: ev.Pause | ev.Resume) -> None:
        for name in command.partitions:
            paused = name.partition in self._paused
            expect(name.partition in self.epochs, "paused or resumed what is not ours", name)
            expect(paused == isinstance(command, ev.Resume), "paused or resumed twice", name)
            (self._paused.discard if paused else self._paused.add)(name.partition)

    def _send(self, send: ev.Send) -> None:
        self.oracle.sent(send, self.epochs)
        world, rng, faults = self._world, self._world.rng, self._world.faults
        fate = rng.random()
        if fate < faults.not_sent:
            self._answer_later(send, Answer(Verdict.NOT_SENT, "lease"))
        elif fate < faults.not_sent + faults.lost_before:
            self._answer_later(send, Answer(rng.choice((Verdict.TRANSIENT, Verdict.UNKNOWN)), "reset"))
        else:
            arrives_ms = world.now_ms + 1 + rng.randrange(world.scenario.answer_ms)
            world.at(arrives_ms, lambda: self._arrives(send))

    def _arrives(self, send: ev.Send) -> None:
        world = self._world
        answer = world.api.request(send, world.now_ms)
        self._answer_later(send, SILENCE if world.rng.random() < world.faults.lost_after else answer)

    def _answer_later(self, send: ev.Send, answer: Answer) -> None:
        world, rng = self._world, self._world.rng
        late_ms = rng.randrange(3_000) if rng.random() < world.faults.late else 0
        wait_ms = 1 + rng.randrange(world.scenario.answer_ms) + late_ms
        if answer.budget is not None:
            reset_in_ms = max(1_000, answer.budget.reset_in_ms - wait_ms)
            budget = answer.budget._replace(reset_in_ms=reset_in_ms)
            retry_after_ms = answer.retry_after_ms and reset_in_ms
            answer = Answer(answer.verdict, answer.reason, answer.items, budget, retry_after_ms)
        world.at(world.now_ms + wait_ms, lambda: self._answered(send, answer))

    def _answered(self, send: ev.Send, answer: Answer) -> None:
        if not self.dead:
            self.oracle.answered(send.send_id, answer)
            self.handle(ev.Answered(send.send_id, answer))

    def _probe(self) -> None:
        world = self._world
        self.oracle.probe_sent()
        refused = world.api.refuses(world.now_ms)
        answer = Answer(Verdict.ENVIRONMENT if refused else Verdict.ITEMS, "refused" if refused else "")
        if world.rng.random() < world.faults.lost_after:
            answer = SILENCE
        world.at(
            world.now_ms + 1 + world.rng.randrange(world.scenario.answer_ms), lambda: self._probed(answer)
        )

    def _probed(self, answer: Answer) -> None:
        if not self.dead:
            self.oracle.probed(answer)
            self.handle(ev.Probed(answer))

    def _fetch_schema(self, ref: SchemaRef) -> None:
        world = self._world
        expect(ref not in self._asked, "two questions for one schema", ref)
        self._asked.add(ref)
        world.at(world.now_ms + world.registry.wait_ms(), lambda: self._schema_answered(ref))

    def _schema_answered(self, ref: SchemaRef) -> None:
        if self.dead:
            return
        verdict = self._world.registry.answer(ref, self._world.now_ms)
        self._asked.discard(ref)
        if verdict is SchemaVerdict.KNOWN:
            self._reader.learned.add(ref)
        elif verdict is SchemaVerdict.UNKNOWN:
            self._unknown[ref] += 1
        self.handle(ev.SchemaAnswered(ref, verdict, "as the registry says"))

    def _letter(self, letter: ev.DeadLetter) -> None:
        world = self._world
        for ref in world.registry.needs.get((letter.record.partition, letter.record.offset), ()):
            sure = ref in self._reader.learned or self._unknown[ref] > 1
            expect(sure, "dead-lettered before the registry was asked twice", ref)
        epoch = self.oracle.letter(letter, self.epochs)
        error = "not written" if world.rng.random() < world.faults.letter else None
        world.at(world.now_ms + 1 + world.rng.randrange(100), lambda: self._lettered(letter, epoch, error))

    def _lettered(self, letter: ev.DeadLetter, epoch: Epoch | None, error: str | None) -> None:
        if not self.dead:
            self.oracle.letter_answered(epoch, letter.record.offset, error is None)
            self.handle(ev.DeadLettered(letter.letter_id, error))

    def _commit(self, commit: ev.Commit) -> None:
        world, rng = self._world, self._world.rng
        errors: dict[TopicPartition, str] = {}
        silent = rng.random() < world.faults.commit_silent
        for name, offset in commit.offsets.items():
            expect(name.partition in self.epochs, "commit of a partition that is not ours", name)
            self.oracle.committed(self.epochs[name.partition], offset)
            if rng.random() < world.faults.commit_refused:
                errors[name] = "refused"
            else:
                world.committed[name.partition] = offset
        if not silent:
            world.at(world.now_ms + 1 + rng.randrange(200), lambda: self._committed(commit, errors))

    def _committed(self, commit: ev.Commit, errors: Mapping[TopicPartition, str]) -> None:
        self.handle(ev.Committed(commit.commit_id, errors))

    # ---------------------------------------------------------------------------------- state

    def check(self) -> None:
        """Check what the engine holds (promise 7) and that it accounts for every record."""
        scenario, snapshot = self._world.scenario, self.engine.snapshot()
        limits = scenario.limits
        expect(snapshot.unaccounted_records == 0, "unaccounted records", snapshot)
        expect(snapshot.buffered_records <= limits.buffered_records_max, "buffered records", snapshot)
        expect(snapshot.buffered_bytes <= limits.buffered_bytes_max + 100, "buffered bytes", snapshot)
        expect(snapshot.in_flight_records == snapshot.buffered_records, "records in flight", snapshot)

    def _log(self, number: int) -> Log:
        return self._world.scenario.logs[number]

    def _names(self, numbers: list[int]) -> list[Any]:
        return [self._log(number).name for number in numbers]
