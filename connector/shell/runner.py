"""The loop: gather events → engine → carry out commands → wait (design, section 6, "Threads").

One thread runs it, and that thread alone owns the engine and the Kafka consumer. Nothing is decided
here: what has happened is told to the engine, what it asks for is done.
"""

import queue
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import structlog

from connector.engine import events as ev
from connector.engine.engine import Engine
from connector.errors import InvariantError
from connector.instasent import answers
from connector.instasent.requests import Requests
from connector.model import Answer, Record, TopicPartition, Verdict
from connector.shell.clock import Clock
from connector.shell.http.http_thread import HttpResponse, HttpThread, NoAnswer, Result
from connector.shell.kafka.consumer import Consumer
from connector.shell.kafka.dead_letter_writer import DeadLetterWriter
from connector.shell.registry.client import RegistryClient
from connector.shell.stall_clock import StallClock
from connector.translate.translate import Translator

POLL_RECORDS_MAX = 500
"""Records per turn: enough to share what a turn costs, few enough that answers do not wait for long."""

TURN_SECONDS_MAX = 0.02
WAIT_SECONDS_MAX = 0.1
WAIT_SECONDS_IN_FLIGHT = 0.004
"""`poll` does not hear an answer of another thread: while one is expected, wait for records this long."""

CONFIRM_SECONDS_MAX = 1.0
"""How long one question for the committed offsets may take during a revoke."""

PROBE = 0
"""The number under which a probe travels; the engine's own numbers begin at 1."""


@dataclass(frozen=True, slots=True)
class World:
    """What the loop works with besides the engine and the consumer."""

    http: HttpThread
    letters: DeadLetterWriter
    translator: Translator
    requests: Requests
    clock: Clock
    registry: RegistryClient | None


class Runner:
    """Carries the engine's commands out. `run` returns after `Halt`; `stop` may be called from anywhere.

    `make_consumer` is called with the rebalance hooks.
    """

    def __init__(
        self,
        engine: Engine,
        make_consumer: Callable[["Runner"], Consumer],
        world: World,
        drain_ms: int,
        logger: structlog.stdlib.BoundLogger,
    ) -> None:
        self.engine = engine
        self.consumer = make_consumer(self)
        self._http = world.http
        self._letters = world.letters
        self._translator = world.translator
        self._registry = world.registry
        self._requests = world.requests
        self._clock = world.clock
        self._drain_ms = drain_ms
        self._logger = logger
        self._sends: dict[int, ev.Send] = {}
        self._schemas_asked = 0  # and not answered yet
        self._inbox: queue.SimpleQueue[ev.EngineEvent] = queue.SimpleQueue()
        self._halted = False
        self._time = StallClock(world.clock.monotonic_ms())
        self._carry_out: dict[type, Callable[[Any], None]] = {
            ev.Send: self._send,
            ev.Commit: lambda c: self.consumer.commit(c.commit_id, c.offsets, c.settled),
            ev.Pause: lambda c: self.consumer.pause(c.partitions),
            ev.Resume: lambda c: self.consumer.resume(c.partitions),
            ev.Seek: lambda c: self.consumer.seek(c.partition, c.where),
            ev.DeadLetter: lambda c: self._letters.write(c.letter_id, c.record, c.rule, c.reason),
            ev.FetchSchema: self._fetch_schema,
            ev.Probe: self._probe,
            ev.Halt: self._halt,
        }

    # -------------------------------------------------------------------- from other threads

    def tell(self, event: ev.EngineEvent) -> None:
        """Hand an event in from another thread, such as `StopRequested`."""
        self._inbox.put(event)

    # ------------------------------------------------------------------------------ the loop

    def run(self, on_turn: Callable[[int], None]) -> None:
        """Turn until the engine halts; call `on_turn` after each turn, with the engine's time.

        Raises:
            FatalError: waiting cannot heal it.
            Exception: a broken invariant; offsets are only committed behind what was acknowledged.
        """
        while not self._halted:
            on_turn(self.turn())

    def turn(self) -> int:
        """Take in what has happened; wait a moment for more. Returns the engine's time."""
        turn_ms = self._engine_ms()
        self._http.check()
        self._take_inbox(turn_ms)
        self._take_answers(turn_ms)
        self._take_schemas(turn_ms)
        wait_s = self._wait_s(turn_ms)
        room = self.engine.room()
        records: Sequence[Record] = ()
        if room.records:
            limit, begun_ms = min(room.records, POLL_RECORDS_MAX), self._clock.monotonic_ms()
            records = self.consumer.poll_records(limit, wait_s, TURN_SECONDS_MAX, room.bytes)
            self._time.polled(begun_ms)
        else:
            self._wait_for_answer(wait_s, turn_ms)
        now_ms = self._engine_ms()
        if records:
            translate = self._translator.translate
            self._handle(ev.Arrived([(record, translate(record)) for record in records]), now_ms)
        else:
            self._handle(ev.Woke(), now_ms)
        self._take_events(now_ms)
        return now_ms

    def _engine_ms(self) -> int:
        return self._time.look(self._clock.monotonic_ms())

    def _wait_s(self, now_ms: int) -> float:
        wakeup_ms = self.engine.next_wakeup_ms()
        wait_s = WAIT_SECONDS_IN_FLIGHT if self._sends or self._schemas_asked else WAIT_SECONDS_MAX
        if wakeup_ms is not None:
            wait_s = min(wait_s, max(0, wakeup_ms - now_ms) / 1000)
        return 0 if self._halted else wait_s

    def _handle(self, event: ev.EngineEvent, now_ms: int) -> None:
        for command in self.engine.handle(event, now_ms):
            self._carry_out[type(command)](command)

    def _take_inbox(self, now_ms: int) -> None:
        while not self._inbox.empty():
            self._handle(self._inbox.get_nowait(), now_ms)

    def _take_events(self, now_ms: int) -> None:
        for event in self.consumer.take_events():
            self._handle(event, now_ms)
        for letter in self._letters.poll():
            self._handle(letter, now_ms)

    def _take_answers(self, now_ms: int) -> None:
        results = self._http.results
        while not results.empty():
            self._answered(*results.get_nowait(), now_ms)

    def _take_schemas(self, now_ms: int) -> None:
        if self._registry is None:
            return
        results = self._registry.results
        while not results.empty():
            ref, answer = results.get_nowait()
            self._schemas_asked -= 1
            if answer.artifact is not None:
                self._translator.learn(ref, answer.artifact)
            verdict = self._time.believed(answer.verdict)
            self._handle(ev.SchemaAnswered(ref, verdict, answer.reason), now_ms)

    def _wait_for_answer(self, seconds: float, now_ms: int) -> None:
        try:
            result = self._http.results.get(timeout=max(seconds, 0.001))
        except queue.Empty:
            return
        self._answered(*result, now_ms)

    # ------------------------------------------------------------------------------- commands

    def _send(self, send: ev.Send) -> None:
        self._sends[send.send_id] = send
        try:
            request = self._requests.batch(send.endpoint, send.user_ids, send.bodies, send.sync)
        except (orjson.JSONEncodeError, ValueError) as error:
            # One item cannot be put into a request: the engine halves the batch until it is alone.
            answer = Answer(Verdict.BATCH_REJECTED, f"cannot be sent ({type(error).__name__})")
            del self._sends[send.send_id]
            self.tell(ev.Answered(send.send_id, answer))
        else:
            self._http.submit(send.send_id, request, send.not_after_ms)

    def _fetch_schema(self, command: ev.FetchSchema) -> None:
        if self._registry is None:
            raise InvariantError("a schema was asked for without a registry")
        self._schemas_asked += 1
        self._registry.fetch(command.ref)

    def _probe(self, probe: ev.Probe) -> None:
        self._http.submit(PROBE, self._requests.probe(), probe.not_after_ms)

    def _halt(self, _: ev.Halt) -> None:
        self._halted = True

    def _answered(self, send_id: int, result: Result, now_ms: int) -> None:
        if send_id == PROBE:
            self._handle(ev.Probed(self._read(None, result)), now_ms)
        else:
            self._handle(ev.Answered(send_id, self._read(self._sends.pop(send_id), result)), now_ms)

    def _read(self, send: ev.Send | None, result: Result) -> Answer:
        if isinstance(result, HttpResponse):
            wall_ms = self._clock.wall_ms()
            if send is None:
                return answers.read_probe(result.status, result.headers, result.body, wall_ms)
            return answers.read(
                send.endpoint, send.user_ids, result.status, result.headers, result.body, wall_ms
            )
        return answers.lost(result.reason, result.sent) if isinstance(result, NoAnswer) else answers.NOT_SENT

    # ---------------------------------------------------------- rebalancing, inside `poll_records`

    def assigned(self, beginning: ev.Assigned) -> None:
        """Begin with the partitions that the group gave us."""
        self._logger.info("assigned", partitions=[str(name) for name in beginning.positions])
        self._handle(beginning, self._engine_ms())

    def revoked(self, partitions: Sequence[TopicPartition]) -> None:
        """Finish what travels for these partitions and commit it, within `drain_ms`; then forget them."""
        deadline_ms = self._clock.monotonic_ms() + self._drain_ms
        self._handle(ev.Revoked(partitions), self._engine_ms())
        while self.engine.draining(partitions) and self._clock.monotonic_ms() < deadline_ms:
            now_ms = self._engine_ms()
            self._wait_for_answer(0.01, now_ms)
            self._take_answers(now_ms)
            self.consumer.confirm_commits(CONFIRM_SECONDS_MAX)
            self._take_events(now_ms)
            self._take_inbox(now_ms)
        finished = not self.engine.draining(partitions)
        self._logger.info("revoked", partitions=[str(name) for name in partitions], finished=finished)
        self._handle(ev.Lost(partitions), self._engine_ms())

    def lost(self, partitions: Sequence[TopicPartition]) -> None:
        """Forget partitions that are somebody else's already (F005)."""
        self._logger.warning("assignment lost", partitions=[str(name) for name in partitions])
        self._handle(ev.Lost(partitions), self._engine_ms())
