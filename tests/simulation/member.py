"""One instance: a real engine, the real translation and the real API language, in a shell of simulated time.

The shell does the work of `connector/shell/runner.py` and its helpers, and nothing more. It polls when the
engine has room, hears the group only when it polls, and drains inside a revoke. It wakes the engine only when
the engine asked for it, so a wake-up that the engine forgets never comes.
"""

from collections import deque
from collections.abc import Callable, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

from connector.engine import events as ev
from connector.model import TopicPartition
from connector.shell.kafka.committed_offsets import MetadataUnprovenError
from connector.shell.stall_clock import AFTER_STALL_MS, StallClock
from connector.translate.translate import Translator
from tests.simulation.broker import Broker
from tests.simulation.epoch import Epoch
from tests.simulation.memory import Metadata
from tests.simulation.oracle import Oracle
from tests.simulation.promises import expect
from tests.simulation.reader import Reader
from tests.simulation.registry import Schooled
from tests.simulation.stores import COMMIT_MS_MAX, Stores
from tests.simulation.wire import Wire

if TYPE_CHECKING:
    from tests.simulation.world import World

WAKES_MAX = 20
"""Wake-ups at one moment after which the engine is said to spin."""

CALLBACK_WAIT_MS_MAX = 5_000
"""How long the engine may keep a rebalance waiting by having no room, besides its drain."""


class Member:
    """Feeds the engine and carries out its commands; every command is answered exactly once."""

    def __init__(self, world: "World", name: int, translator: Translator) -> None:
        self._world = world
        self._broker: Broker = world.broker
        self.name = name
        scenario = world.scenario
        self.schooled = Schooled(world, self, translator)
        random = Random(world.rng_shell.random())  # noqa: S311 - a run to be repeated, not a secret
        self.engine = world.make_engine(scenario.limits, random, self.schooled.translate)
        self.oracle = Oracle(world.history, scenario.limits)
        self.wire = Wire(world, self)
        self.epochs: dict[int, Epoch] = self.oracle.epochs
        self.metadata = Metadata(world)
        self.reader = Reader(world, self, self.schooled)
        self._stores = Stores(world, self)
        self.generation = -1
        self.session = 0
        self.evicted = False  # the group has given its partitions away, and it has not heard of it
        self.stalled = False  # and was frozen at that moment, of which its lease knows
        self.dead = False
        self.stopping = False
        self._stop_by_ms = 0
        self._until: dict[int, int] = {}  # the ends of the logs as they were when they were assigned
        self._rejoins = False
        self.revoking: list[int] = []
        self.frozen = False
        self._unheard: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
        self._callbacks: deque[tuple[int, str, list[int]]] = deque()
        self._hears_ms = 0
        self._free_ms = 0  # since when it could poll, except the engine
        self._wake_ms: int | None = None
        self._wakes = (0, 0)
        self._poll_ms: int | None = None
        self._polled_ms = -10_000
        self._time = StallClock(world.now_ms)
        self.believed = self._time.believed
        self._ids: set[tuple[type, int]] = set()
        self._carry_out: dict[type, Callable[[Any], None]] = {
            ev.Send: self.wire.send,
            ev.Probe: self.wire.probe,
            ev.FetchSchema: self.schooled.fetch,
            ev.Commit: self._stores.commit,
            ev.DeadLetter: self._stores.letter,
            ev.Pause: self.reader.pause,
            ev.Resume: self.reader.resume,
            ev.Seek: self._seek,
            ev.Halt: self._halt,
        }

    @property
    def membership(self) -> tuple[int, int]:
        """The identity for fencing: a member that rejoins is a new one, even in the same generation."""
        return self.session, self.generation

    # ------------------------------------------------------------------------------- the clock

    @property
    def clock_ms(self) -> int:
        """The engine's time: it lags the clock for a moment after a stall (F007, F097)."""
        return self._world.now_ms - self._time.behind_ms

    def freeze(self, lasts_ms: int) -> None:
        """SIGSTOP: nothing is heard or done until it is over."""
        if self.frozen or self.dead:
            return
        self.frozen = True
        self._time.looked_ms = self._world.now_ms  # it has turned until here
        self._world.at(self._world.now_ms + lasts_ms, self._thaw)
        self._world.silence(self, lasts_ms)

    def _thaw(self) -> None:
        self.frozen = False
        self._free_ms = self._world.now_ms
        if self.dead:
            return
        self._time.look(self._world.now_ms)
        self.metadata.interrupted()
        unheard, self._unheard = self._unheard, []
        for action, arguments in unheard:
            if self.frozen:
                self._unheard.append((action, arguments))
            elif not self.dead:
                action(*arguments)

    def later(self, delay_ms: int, action: Callable[..., None], *arguments: Any) -> None:
        """Let something happen to this process, once it can hear it."""
        self._world.at(self._world.now_ms + delay_ms, self._happens, action, arguments)

    def _happens(self, action: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        if self.frozen:
            self._unheard.append((action, arguments))
        elif not self.dead:
            action(*arguments)

    # --------------------------------------------------------------------------------- events

    def handle(self, event: ev.EngineEvent) -> None:
        """Feed one event and carry out what comes back."""
        world = self._world
        commands = self.engine.handle(event, self.clock_ms)
        world.note(self.name, event, commands)
        if commands:
            self.wire.newest_id = max(
                (command.send_id for command in commands if type(command) is ev.Send),
                default=self.wire.newest_id,
            )
            if world.strikes("stall inside"):
                # The time was read before the stall, the commands are carried out after it.
                self.freeze(world.rng_shell.randrange(60_000))
                self._unheard.append((self._carry_out_all, (commands,)))
                return
            self._carry_out_all(commands)
        else:
            self._consequences()

    def _carry_out_all(self, commands: Sequence[ev.Command]) -> None:
        for command in commands:
            if self._world.strikes("crash inside"):
                self._world.crash(self)
            if self.dead:
                return
            self._carry_out[type(command)](command)
        self._consequences()

    def _consequences(self) -> None:
        if self.revoking and not self.engine.draining(self._names(self.revoking)):
            self.oracle.at_rest(self.revoking)
            self._release(self.revoking)
        wake_ms = self.engine.next_wakeup_ms()
        if wake_ms is not None and wake_ms != self._wake_ms:
            self._world.at(wake_ms + self._time.behind_ms, self._happens, self._woke, (wake_ms,))
        self._wake_ms = wake_ms
        self._plan_poll()

    def _woke(self, wake_ms: int) -> None:
        if self._wake_ms != wake_ms or self.revoking:
            return  # Inside a revoke the shell wakes no engine.
        if self.clock_ms < wake_ms:
            self._world.at(
                self._world.now_ms + wake_ms - self.clock_ms, self._happens, self._woke, (wake_ms,)
            )
            return
        now_ms, count = self._wakes
        self._wakes = (self._world.now_ms, count + 1 if now_ms == self._world.now_ms else 0)
        expect(self._wakes[1] < WAKES_MAX, "the engine spins")
        self._wake_ms = None
        self.handle(ev.Woke())

    def stop(self) -> None:
        """SIGTERM."""
        if not self.stopping:
            self.stopping = True
            self.later(0, self._stop)

    def _stop(self) -> None:
        drain_ms = self._world.scenario.limits.drain_ms
        self._stop_by_ms = self.clock_ms + drain_ms
        self.later(2 * drain_ms + 2 * AFTER_STALL_MS, self._must_be_gone)
        self.handle(ev.StopRequested())

    def _must_be_gone(self) -> None:
        expect(self._time.behind_ms > 0 or bool(self._unheard), "no halt within drain_ms")

    def _expect_caught_up(self) -> None:
        expect(self._world.scenario.limits.until_caught_up, "halted without being asked to")
        for number in self.epochs:
            committed, end = self._broker.committed[number], self._until[number]
            expect(committed >= end, "halted before it had caught up:", number, committed, end)

    # ---------------------------------------------------------------------------------- group

    def hears(self, what: str, numbers: list[int], delay_ms: int) -> None:
        """The group says something; it is heard in this order, when the shell polls."""
        self._hears_ms = max(self._hears_ms, self._world.now_ms + delay_ms)
        self.later(self._hears_ms - self._world.now_ms, self._heard, what, numbers, self.session)

    def _heard(self, what: str, numbers: list[int], session: int) -> None:
        if session != self.session:
            return  # It was said to a membership that is over.
        if what == "lost":
            self._callbacks.clear()
        self._callbacks.append((self._world.now_ms, what, numbers))
        self._plan_poll()

    def _call_back(self) -> None:
        heard_ms, what, numbers = self._callbacks.popleft()
        waited_ms = self._world.now_ms - max(heard_ms, self._free_ms)
        expect(waited_ms < CALLBACK_WAIT_MS_MAX, "a rebalance is kept waiting", waited_ms)
        if what == "assign":
            self._assign(numbers)
        elif what == "lost":
            self._lose([number for number in numbers if number in self.epochs])
            self._world.group.join(self)
        else:
            self._rejoins = what == "revoke all"
            self._revoke(list(self.epochs) if self._rejoins else numbers)

    def _assign(self, numbers: list[int]) -> None:
        world, broker = self._world, self._broker
        positions = {self.name_of(number): broker.committed[number] for number in numbers}
        ends = {self.name_of(number): broker.end(number, world.now_ms) for number in numbers}
        known_ends = ends if world.scenario.says_ends else {}
        try:
            settled = self.metadata.read(positions, ends)
        except MetadataUnprovenError:
            world.count("metadata undecided")
            self.hears("revoke all", [], 0)  # As the shell: it joins the group again, and asks again.
            return
        self._until |= {number: ends[self.name_of(number)] for number in numbers}
        for number in numbers:
            name, life = self.name_of(number), world.memory.life(number)
            before = broker.among(number, settled.get(name, ()))
            epoch = self.epochs[number] = Epoch(broker.logs[number], positions[name], life, before)
            world.history.begins(epoch)
            self.reader.begin(number)
        self.evicted = self.stalled = False
        self.handle(ev.Assigned(positions, known_ends, settled))

    def _revoke(self, numbers: list[int]) -> None:
        """Drain within the deadline."""
        numbers = [number for number in numbers if number in self.epochs]
        self.revoking = numbers
        self.metadata.interrupted()
        for number in numbers:
            self.epochs[number].revoked = True
        if not numbers:
            self._released(numbers)
            return
        self.later(self._world.scenario.limits.drain_ms, self._drained, numbers)
        self._stores.ask_about_commits()
        self.handle(ev.Revoked(self._names(numbers)))

    def _drained(self, numbers: list[int]) -> None:
        if self.revoking is numbers:
            self._world.count("drain deadline")
            self._release(numbers)

    def _release(self, numbers: list[int]) -> None:
        self.revoking = []
        self.metadata.interrupted()
        self._free_ms = self._world.now_ms
        self._lose(numbers)
        if not self.dead:
            self._released(numbers)
            # The engine's wake-ups of the meantime are due now.
            self._wake_ms = None
            self.handle(ev.Woke())

    def _released(self, numbers: list[int]) -> None:
        group = self._world.group
        group.released(self, numbers)
        if self._rejoins:
            self._rejoins = False
            group.leave(self)
            self._callbacks.clear()
            group.join(self)

    def _lose(self, numbers: list[int]) -> None:
        for number in numbers:
            epoch = self.epochs.pop(number)
            epoch.revoked = True
        self.handle(ev.Lost(self._names(numbers)))

    # ---------------------------------------------------------------------------------- polls

    def _plan_poll(self) -> None:
        world = self._world
        soonest_ms = max(world.now_ms, self._polled_ms + world.scenario.poll_ms)
        if self.revoking or (self._poll_ms is not None and self._poll_ms <= soonest_ms):
            return
        due_ms = world.now_ms if self._callbacks else self.reader.next_record_ms()
        if self._time.behind_ms and not self._callbacks:
            # The shell polls all the time; here only where it matters.
            due_ms = self._time.heard_ms if due_ms is None else min(due_ms, self._time.heard_ms)
        if due_ms is None or self.engine.room().records <= 0:
            return
        due_ms = max(due_ms, soonest_ms)
        if self._poll_ms is None or due_ms < self._poll_ms:
            self._poll_ms = due_ms
            world.at(due_ms, self._happens, self._poll, (due_ms,))

    def _poll(self, poll_ms: int) -> None:
        if self._poll_ms != poll_ms:
            return
        self._poll_ms = None
        if self.revoking:
            return
        room = self.engine.room()
        if room.records <= 0:
            return
        self._polled_ms = self._world.now_ms
        behind_ms = self._time.behind_ms
        self._time.polled(self._world.now_ms)
        if self._callbacks:
            self._call_back()
        elif self._world.now_ms >= self._broker.away_until_ms:
            self.reader.fetch(min(room.records, self._world.scenario.poll_records), room.bytes)
        if self.dead:
            return
        if self._time.behind_ms < behind_ms:  # The engine's time has leapt: it is to be woken sooner.
            self._wake_ms = None
            self._consequences()
        else:
            self._plan_poll()

    def _seek(self, seek: ev.Seek) -> None:
        """As the shell: the new offset is committed, and the member joins the group again."""
        number = int(seek.partition.topic[-1])
        epoch = self.epochs[number]
        epoch.revoked = True
        # After our own commits.
        wait_ms = max(COMMIT_MS_MAX, self._stores.arrives_ms - self._world.now_ms) + 1
        self.later(wait_ms, self._join_anew, number, seek.where, epoch, self.membership)

    def _join_anew(self, number: int, where: str, epoch: Epoch, membership: tuple[int, int]) -> None:
        if self.epochs.get(number) is not epoch:
            return
        if membership != self.membership or self.generation < 0:
            self._world.count("commit fenced")
        elif self._broker.names_nothing(number):  # else a commit on its way has found the log again
            self._broker.reset(number, where)
        self.hears("revoke all", [], 0)

    # ------------------------------------------------------------------------------- commands

    def numbered(self, command: object, number: int) -> None:
        """No number is used twice."""
        expect((type(command), number) not in self._ids, "a number was used twice", command)
        self._ids.add((type(command), number))

    def _halt(self, _: ev.Halt) -> None:
        if not self.stopping:
            self._expect_caught_up()
        if not self.stopping or self.clock_ms < self._stop_by_ms:
            self.oracle.at_rest(list(self.epochs))
        self._world.gone(self)

    # ---------------------------------------------------------------------------------- state

    def check(self) -> None:
        """Check what the engine holds (I6) and that it accounts for every record."""
        limits, snapshot = self._world.scenario.limits, self.engine.snapshot()
        expect(snapshot.unaccounted_records == 0, "unaccounted records", snapshot)
        expect(snapshot.buffered_records <= limits.buffered_records_max, "buffered records", snapshot)
        expect(snapshot.buffered_bytes <= limits.buffered_bytes_max + 400, "buffered bytes", snapshot)
        expect(snapshot.in_flight_records == snapshot.buffered_records, "records in flight", snapshot)
        if not self.frozen:
            for epoch in self.epochs.values():
                self.metadata.look(epoch)

    def name_of(self, number: int) -> TopicPartition:
        """Name a partition as the engine does."""
        return self._broker.logs[number].name

    def _names(self, numbers: list[int]) -> list[TopicPartition]:
        return [self._broker.logs[number].name for number in numbers]
