"""The one door: `handle(event, now_ms) → commands` (`docs/engine.md`).

Feed every event, carry out every command, and call again with `Woke` at `next_wakeup_ms()`. The engine reads
no clock, network or random source. Time and the source of jitter are passed in, so a run can be replayed.

An exception from `handle` is a broken invariant: stop the process, the offsets are safe.
"""

from collections.abc import Callable, Collection, Sequence
from random import Random
from typing import Any

from connector.engine import events as ev
from connector.engine.arrivals import Arrivals, Entered
from connector.engine.commit_schedule import CommitSchedule
from connector.engine.dispatch import Dispatch, Finished
from connector.engine.intake import CLOSED, Intake, Room
from connector.engine.lanes import Item
from connector.engine.ledger import Entry, Partition, TopicCounts
from connector.engine.limits import Limits
from connector.engine.pending_dead_letters import PendingDeadLetters
from connector.engine.report import report
from connector.engine.retries import Backoff
from connector.engine.schema_requests import SchemaRequests
from connector.engine.settled_ranges import SettledRanges
from connector.engine.snapshot import Snapshot, State
from connector.errors import InvariantError
from connector.model import ENDPOINT_OF, Record, Rejection, TopicPartition, Translated

EMPTY_ASSIGNMENT_STABLE_MS = 3_000
"""How long an assignment must have been empty to count as caught up: the group may still be forming."""

FAILURES_BEFORE_NOT_READY = 3
"""Failed requests of an endpoint in a row after which the service is not ready."""


class Engine:
    """Composes the parts, which do not know each other.

    `translate` must be a pure function of the record and of the schemas that it has been given. A record
    whose schema was missing is translated again once the schema is known.
    """

    def __init__(self, limits: Limits, random: Random, translate: Callable[[Record], Translated]) -> None:
        self._limits = limits
        self._dispatch = Dispatch(limits, random)
        self._endpoint_index = self._dispatch.endpoint_index
        first_ms, largest_ms = limits.retry_backoff_first_ms, limits.retry_backoff_largest_ms
        self._letters = PendingDeadLetters(Backoff(first_ms, largest_ms, random))
        self._schemas = SchemaRequests(first_ms, largest_ms, random)
        self._arrivals = Arrivals(self._schemas, self._endpoint_index, translate)
        self._intake = Intake(limits)
        self._commits = CommitSchedule(limits.commit_interval_ms)
        if limits.probe_first:
            self._dispatch.outage.began("it has not answered yet", 0)
            self._dispatch.outage.credentials_changed(0)
        self._partitions: dict[tuple[str, int], Partition] = {}
        self._counts: dict[str, TopicCounts] = {}
        self._commands: list[ev.Command] = []
        self._assigned_ms: int | None = None
        self._stop_by_ms: int | None = None
        self._halted = False
        self._now_ms = 0
        self._gone_records = 0  # of partitions that are not ours any more
        self._handlers: dict[type, Callable[[Any], None]] = {
            ev.Assigned: self._assigned,
            ev.TopicsMissing: self._topics_missing,
            ev.Revoked: self._revoked,
            ev.Lost: self._lost,
            ev.Arrived: self._arrived,
            ev.ReachedEnd: self._reached_end,
            ev.OffsetsLost: self._offsets_lost,
            ev.Answered: self._answered,
            ev.Probed: self._probed,
            ev.DeadLettered: self._dead_lettered,
            ev.Committed: self._committed,
            ev.SchemaAnswered: self._schema_answered,
            ev.Woke: self._woke,
            ev.CredentialsChanged: self._credentials_changed,
            ev.StopRequested: self._stop_requested,
        }

    # ---------------------------------------------------------------------------------- door

    def handle(self, event: ev.EngineEvent, now_ms: int) -> Sequence[ev.Command]:
        """Take in one event; returns the commands to carry out now, in this order.

        `now_ms` must have been read before the poll that brought the event (F007, F097).
        """
        self._now_ms = max(now_ms, self._now_ms)
        self._handlers[type(event)](event)
        self._drive()
        commands, self._commands = self._commands, []
        return commands

    def next_wakeup_ms(self) -> int | None:
        """When to call `handle(Woke(), …)`; None while only another event can change anything."""
        if self._halted:
            return None
        times = [self._commits.due_ms(self._partitions.values()), self._intake.due_ms(), self._stop_by_ms]
        if self._stop_by_ms is None:
            times += [self._letters.due_ms(), self._schemas.due_ms()]
            if self._letters.error is None:
                times.append(self._dispatch.next_wakeup_ms(self._now_ms))
            if self._limits.until_caught_up and not self._partitions and self._assigned_ms is not None:
                times.append(self._assigned_ms + EMPTY_ASSIGNMENT_STABLE_MS)
        return min((time for time in times if time is not None), default=None)

    def room(self) -> Room:
        """Say how much the shell may poll before the next `Arrived`."""
        if self._intake.pausing_all:
            return Room(1, 1)  # Nothing comes from paused partitions, but callbacks must run.
        return CLOSED if self._intake.shut(self._partitions.values()) else self._intake.room

    def draining(self, names: Collection[TopicPartition]) -> bool:
        """Whether partitions that are being revoked still wait for an answer, a letter or a commit."""
        partitions = {partition for name in names if (partition := self._partitions.get(name)) is not None}
        return self._travel(partitions) or any(p.uncommitted and not p.commit_refused for p in partitions)

    # -------------------------------------------------------------------------------- events

    def _assigned(self, event: ev.Assigned) -> None:
        for name, position in event.positions.items():
            if name in self._partitions:
                raise InvariantError(f"{name} assigned twice")
            counts = self._counts.setdefault(name.topic, TopicCounts())
            end = event.ends.get(name)
            # A position after the end was never reached: the log has lost it, and the first poll will say so.
            known = end is not None and position <= end
            partition = Partition(name, counts, position, end if known else None)
            if settled := event.settled.get(name):
                partition.before = SettledRanges(settled)
            self._partitions[name] = partition
        self._assigned_ms = self._now_ms

    def _topics_missing(self, _event: ev.TopicsMissing) -> None:
        if self._assigned_ms is None:
            self._assigned_ms = self._now_ms

    def _revoked(self, event: ev.Revoked) -> None:
        for name in event.partitions:
            if (partition := self._partitions.get(name)) is not None:
                partition.revoking = True
                partition.commit_refused = False  # One more try, immediately.
        # The new owner sends the deliveries that do not travel yet.
        self._forget_revoked()

    def _lost(self, event: ev.Lost) -> None:
        for name in event.partitions:
            partition = self._partitions.pop(name, None)
            if partition is not None:
                self._forget(partition)
        self._forget_revoked()
        self._assigned_ms = self._now_ms

    def _forget(self, partition: Partition) -> None:
        partition.alive = False
        partition.revoking = True
        self._gone_records += partition.settled + partition.unsettled

    def _forget_revoked(self) -> None:
        self._dispatch.forget_revoked()
        partitions = self._partitions.values()
        for partition in partitions:
            if partition.revoking:
                partition.forget_parked()
        self._schemas.keep({p.awaits for p in partitions if p.awaits is not None})

    def _arrived(self, event: ev.Arrived) -> None:
        self._enter(self._arrivals.take(self._partitions, event.records, self._now_ms))

    def _reached_end(self, event: ev.ReachedEnd) -> None:
        partition = self._partitions.get(event.partition)
        if partition is None or partition.revoking:
            return
        partition.position = max(partition.position or 0, event.offset)
        partition.end = partition.position
        if partition.until is None:
            partition.until = event.offset

    def _offsets_lost(self, event: ev.OffsetsLost) -> None:
        partition = self._partitions.get(event.partition)
        if partition is None or partition.revoking:
            return
        if event.policy == "pause":
            partition.offsets_lost = event.reason
            partition.before = None  # The same offsets may name other records now.
            return
        # A new life of the partition: answers for the old one settle nothing any more.
        self._forget(partition)
        fresh = Partition(partition.name, partition.counts, None, None)
        fresh.fetch_paused = partition.fetch_paused  # The consumer still has it paused.
        fresh.revoking = True  # Until the next assignment, records that arrive were read at the old offset.
        self._partitions[event.partition] = fresh
        self._forget_revoked()
        self._commands.append(ev.Seek(event.partition, event.policy))

    def _answered(self, event: ev.Answered) -> None:
        self._finish(self._dispatch.answered(event.send_id, event.answer, self._now_ms))

    def _probed(self, event: ev.Probed) -> None:
        self._finish(self._dispatch.probed(event.answer, self._now_ms))

    def _dead_lettered(self, event: ev.DeadLettered) -> None:
        stored = self._letters.answered(event.letter_id, event.error, self._now_ms)
        if stored is None:
            return
        entry, rejection = stored
        if entry.partition.alive:
            entry.partition.counts.dead_lettered[rejection.rule] += 1
            entry.partition.close(entry)

    def _committed(self, event: ev.Committed) -> None:
        self._commits.answered(event.commit_id, event.errors, self._now_ms)

    def _schema_answered(self, event: ev.SchemaAnswered) -> None:
        settled = self._schemas.answered(event.ref, event.verdict, event.reason, self._now_ms)
        if settled and self._stop_by_ms is None:
            self._enter(self._arrivals.release(self._partitions.values(), event.ref, self._now_ms))

    def _woke(self, _event: ev.Woke) -> None:
        """Only time has passed; `_drive` does the work that is due."""

    def _credentials_changed(self, _event: ev.CredentialsChanged) -> None:
        self._dispatch.outage.credentials_changed(self._now_ms)
        self._schemas.try_again(self._now_ms)

    def _stop_requested(self, _event: ev.StopRequested) -> None:
        if self._stop_by_ms is None:
            self._stop_by_ms = self._now_ms + self._limits.drain_ms
            for partition in self._partitions.values():
                partition.commit_refused = False  # One more try, immediately.

    # ------------------------------------------------------------- new and finished deliveries

    def _enter(self, entered: Entered) -> None:
        """Put new deliveries into their lanes, and make dead letters of rejected records."""
        add, now_ms = self._dispatch.lanes.add, self._now_ms
        for item in entered.items:
            add(item, now_ms)
        for entry, rejection in entered.rejected:
            self._letter(entry, rejection)

    def _finish(self, finished: Finished) -> None:
        """Settle accepted items, and make dead letters of refused ones, for partitions that are alive."""
        index_of = self._endpoint_index
        for item in finished.accepted:
            entry = item.entry
            partition = entry.partition
            if partition.alive:
                partition.open_by_endpoint[index_of[type(item.delivery)]] -= 1
                partition.counts.accepted += 1
                partition.close(entry)
        for item, reason in finished.refused:
            if item.entry.partition.alive:
                self._refuse(item, reason)

    def _refuse(self, item: Item, reason: str) -> None:
        """One delivery can never be delivered as it is: its record becomes a dead letter, once."""
        entry = item.entry
        partition = entry.partition
        partition.open_by_endpoint[self._endpoint_index[type(item.delivery)]] -= 1
        if entry.lettered:
            partition.close(entry)
        else:
            self._letter(entry, Rejection(f"instasent.{ENDPOINT_OF[type(item.delivery)]}", reason))

    def _letter(self, entry: Entry, rejection: Rejection) -> None:
        entry.lettered = True
        self._commands.append(self._letters.write(entry, rejection))

    # --------------------------------------------------------------------------- consequences

    def _drive(self) -> None:
        """Emit every command that is due now."""
        if self._halted:
            return
        now_ms, partitions, commands = self._now_ms, self._partitions.values(), self._commands
        stopping = self._stop_by_ms is not None
        letters_due_ms = self._letters.due_ms()
        if letters_due_ms is not None and letters_due_ms <= now_ms and not stopping:
            commands.extend(self._letters.again(now_ms))
        if not stopping:
            commands.extend(self._schemas.next(now_ms))
        if self._letters.error is None and not stopping:
            commands.extend(self._dispatch.fill(now_ms))
        self._intake.measure(partitions)
        revoking = {p for p in partitions if p.revoking} if self._intake.watched else ()
        at_once = stopping or bool(revoking and not self._travel(revoking)) or self._caught_up()
        commit = self._commits.next(partitions, now_ms, at_once=at_once)
        if commit is not None:
            commands.append(commit)
        shut = self._intake.shut(partitions)
        self._intake.close(shut, stopping or bool(self._held()), now_ms)
        commands.extend(self._intake.changes(partitions, shut, self._schemas.late))
        if self._finished():
            self._halted = True
            commands.append(ev.Halt())

    def _travel(self, partitions: Collection[Partition]) -> bool:
        return self._dispatch.travels_for(partitions) or self._letters.wait_for(partitions)

    def _held(self) -> dict[str, str]:
        """Say why no record may be taken in, by the part at fault; empty while records may."""
        held = {}
        if self._dispatch.outage.reason is not None:
            held["instasent"] = self._dispatch.outage.reason
        if self._letters.error is not None:
            held["dead letters"] = f"they cannot be written: {self._letters.error}"
        if self._commits.stuck(self._partitions.values(), self._now_ms):
            held["offsets"] = f"they cannot be committed: {self._commits.error}"
        return held

    def _finished(self) -> bool:
        if self._stop_by_ms is not None:
            waits = self._dispatch.requests_in_flight or (len(self._letters) and not self._letters.error)
            return self._now_ms >= self._stop_by_ms or (not waits and self._committed_all())
        if not self._caught_up() or self._assigned_ms is None:
            return False
        if not self._partitions:
            return self._now_ms >= self._assigned_ms + EMPTY_ASSIGNMENT_STABLE_MS
        return self._committed_all()

    def _committed_all(self) -> bool:
        """Whether no commit is out and none is left to ask for; a stop gives each one more try."""
        stopping = self._stop_by_ms is not None
        return not self._commits.out and not any(
            partition.uncommitted and not (partition.commit_refused and stopping)
            for partition in self._partitions.values()
        )

    def _caught_up(self) -> bool:
        """Whether `--until-caught-up` waits for nothing except the commit."""
        return self._limits.until_caught_up and all(
            p.until is not None
            and p.position is not None
            and p.position >= p.until
            and not p.unsettled
            and p.offsets_lost is None
            for p in self._partitions.values()
        )

    def snapshot(self) -> Snapshot:
        """Describe everything at this moment."""
        state, causes = self._state()
        return report(
            Snapshot(state=state, causes=causes, schema_answers=dict(self._schemas.answers)),
            partitions=self._partitions.values(),
            counts=self._counts,
            endpoints=self._dispatch.endpoints,
            intake=self._intake,
            gone=self._gone_records,
            now_ms=self._now_ms,
        )

    def _state(self) -> tuple[State, dict[str, str]]:
        causes = self._held()
        if self._halted:
            return State.STOPPED, {}
        if self._stop_by_ms is not None:
            return State.DRAINING, {"service": "it was asked to stop"}
        if self._assigned_ms is None:
            return State.STARTING, causes
        for endpoint in self._dispatch.endpoints:
            if endpoint.backoff.failures >= FAILURES_BEFORE_NOT_READY:
                causes.setdefault("instasent", f"{endpoint.name}: {endpoint.failure}")
        for partition in self._partitions.values():
            if partition.offsets_lost is not None:
                causes[f"partition {partition.name}"] = partition.offsets_lost
        state = State.PAUSED if causes else State.RUNNING
        if self._schemas.error is not None:
            # It pauses only the partitions that need a schema.
            causes["schema registry"] = self._schemas.error
        return state, causes
