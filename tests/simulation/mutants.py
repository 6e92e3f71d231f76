"""Engines that are broken on purpose, each in one place: the oracle must catch every one of them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from connector.engine.batches import ReadyQueue
from connector.engine.budget import Budget
from connector.engine.commit_schedule import CommitSchedule
from connector.engine.contact_lanes import ContactLanes
from connector.engine.dispatch import Dispatch, Finished
from connector.engine.doubtful_deletes import DoubtfulDeletes, Fate
from connector.engine.endpoints import Batch
from connector.engine.engine import Engine
from connector.engine.events import Assigned, DeadLetter
from connector.engine.intake import Room
from connector.engine.lanes import Item, Kind, Lane, LaneState
from connector.engine.ledger import Entry, Partition
from connector.engine.outage import Outage
from connector.engine.pending_dead_letters import PendingDeadLetters
from connector.model import ALL_ACCEPTED, Answer, Event, Record, TopicPartition, Upsert, Verdict
from tests.simulation.broken_engines import BROKEN, Patch
from tests.simulation.broken_memories import BROKEN_MEMORIES
from tests.simulation.scenario import forget_logs


@contextmanager
def broken(owner: Any, name: str, value: object) -> Iterator[None]:
    """Replace one attribute of a class or a module for a while."""
    intact = owner.__dict__[name]
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, intact)


_add = ContactLanes.add
_again = PendingDeadLetters.again
_assigned = Engine._assigned
_open = Partition.open
_answered = Dispatch.answered
_probed = Dispatch.probed
_doubtful_probed = DoubtfulDeletes.probed
_back_to_ready = ContactLanes.back_to_ready
_extend = Lane._extend
_rejected = Dispatch._rejected
_letter_answered = PendingDeadLetters.answered
_commit_answered = CommitSchedule.answered


def _settle_as(*verdicts: Verdict) -> Callable[[Dispatch, int, Answer, int], Finished]:
    def answered(self: Dispatch, send_id: int, answer: Answer, now_ms: int) -> Finished:
        return _answered(self, send_id, ALL_ACCEPTED if answer.verdict in verdicts else answer, now_ms)

    return answered


def _every_delete_is_gone(self: Dispatch, answer: Answer, now_ms: int) -> Finished:
    return _probed(self, ALL_ACCEPTED if answer.verdict is Verdict.ENVIRONMENT else answer, now_ms)


def _overtakes(self: Dispatch, batch: Batch, lanes: list[Lane], due_ms: int, attempt: int) -> None:
    for lane in lanes:
        lane._items.append(lane._items.pop(lane._head))
    _back_to_ready(self.lanes, lanes, due_ms)
    assert attempt
    assert batch


def _folds_events(self: Lane, item: Item) -> None:
    self._items.append(item)
    if type(item.delivery) is Event and self.kind is Kind.EVENT and self.state is LaneState.READY:
        self.fold += 1
    elif self._open and self.state is not LaneState.TRAVELLING:
        self._extend(item)


def _folds_over_deletes(self: Lane, item: Item) -> None:
    if not self.fold or self.kind is not Kind.DELETE:
        _extend(self, item)
        self._open = self._open or self.kind is Kind.DELETE
    elif type(item.delivery) is Upsert and not self.unfold:
        self.fold += 1
        self.kind = Kind.INSTANT
    else:
        self._open = False


def _upserts_merged(self: Lane) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for item in self.travelling():
        merged.update(item.delivery.body if isinstance(item.delivery, Upsert | Event) else {})
    return merged


def _body_of_the_last(self: Lane) -> dict[str, Any] | None:
    last = self._items[self._head + self.fold - 1].delivery
    return last.body if isinstance(last, Upsert | Event) else None


def _does_not_wait(self: ContactLanes, item: Item, now_ms: int) -> None:
    lane = self._lanes.get(item.delivery.user_id)
    if lane is not None and lane.state is LaneState.TRAVELLING:
        del self._lanes[lane.user_id]
    _add(self, item, now_ms)


def _forgets_a_lane(self: ContactLanes, lane: Lane) -> None:
    lane.end()
    self._lanes.pop(lane.user_id, None)


def _unfold_loses_the_first(self: Dispatch, lane: Lane, outcome: Any, now_ms: int) -> None:
    folded = lane.fold > 1
    if folded:
        self._accepted_items.append(lane.head)
        del lane._items[lane._head]
        lane.fold -= 1
    _rejected(self, lane, outcome, now_ms)


def _refusal_drops(self: Engine, item: Item, reason: str) -> None:
    assert reason
    self._finish(Finished([item], []))


def _letter_error_is_fine(self: PendingDeadLetters, letter_id: int, error: str | None, now_ms: int) -> Any:
    assert error is None or error
    return _letter_answered(self, letter_id, None, now_ms)


def _newest_settled(self: Partition) -> int | None:
    settled = [entry.offset + 1 for entry in self._entries if not entry.open]
    return settled[-1] if settled else (self._entries[0].offset if self._entries else self.position)


def _commit_errors_are_fine(
    self: CommitSchedule, commit_id: int, errors: Mapping[TopicPartition, str], now_ms: int
) -> None:
    assert errors is not None
    _commit_answered(self, commit_id, {}, now_ms)


def _one_ledger_for_ever(self: Engine, event: Assigned) -> None:
    """A partition that comes back goes on with the ledger it had."""
    _assigned(self, event)
    ledgers: dict[TopicPartition, Partition] = self.__dict__.setdefault("ledgers", {})
    for name, position in event.positions.items():
        known = ledgers.setdefault(name, self._partitions[name])
        known.position, known.committed, known.alive, known.revoking = position, None, True, False
        known.settled = known.unsettled = known.unsettled_bytes = 0
        known.open_by_endpoint = [0, 0, 0]
        self._partitions[name] = known


def _same_entry_again(self: Partition, record: Record, count: int) -> Entry:
    for entry in self._entries:
        if entry.offset == record.offset:
            self.unsettled += 1
            self.unsettled_bytes += entry.size
            return entry
    return _open(self, record, count)


def _letters_stay_in_trouble(self: PendingDeadLetters, now_ms: int) -> list[DeadLetter]:
    error = self.error
    letters = _again(self, now_ms)
    self.error = error
    return letters


def _any_probe_decides(self: DoubtfulDeletes, verdict: Verdict) -> list[tuple[Batch, Fate]]:
    self.probe_sent()
    return _doubtful_probed(self, verdict)


def _no_wakeup(self: ReadyQueue) -> int | None:
    return 0 if self.count >= self.items_max else None


_MUTANTS: dict[str, list[Patch]] = {
    "commits the newest settled record": [(Partition, "committable", property(_newest_settled))],
    "settles what nobody answered": [(Dispatch, "answered", _settle_as(Verdict.UNKNOWN))],
    "drops on 401": [(Dispatch, "answered", _settle_as(Verdict.ENVIRONMENT))],
    "drops on 429": [(Dispatch, "answered", _settle_as(Verdict.THROTTLED))],
    "takes every 404 of a delete for success": [
        (Dispatch, "answered", _settle_as(Verdict.GONE_OR_ENVIRONMENT))
    ],
    "takes a failed probe for success": [(Dispatch, "probed", _every_delete_is_gone)],
    "lets the next delivery overtake a retry": [(Dispatch, "_send_again", _overtakes)],
    "folds events": [(Lane, "append", _folds_events)],
    "drops a delete behind which an upsert stands": [
        (Lane, "_extend", _folds_over_deletes),
        (Lane, "body", _upserts_merged),
    ],
    "sends only the last part of a fold": [(Lane, "body", _body_of_the_last)],
    "two requests for one contact": [
        (ContactLanes, "add", _does_not_wait),
        (ContactLanes, "_end", _forgets_a_lane),
    ],
    "unfolding loses the first part": [(Dispatch, "_rejected", _unfold_loses_the_first)],
    "drops what the API refuses": [(Engine, "_refuse", _refusal_drops)],
    "takes a failed dead letter for stored": [(PendingDeadLetters, "answered", _letter_error_is_fine)],
    "takes a refused commit for confirmed": [(CommitSchedule, "answered", _commit_errors_are_fine)],
    "forgets to wake up for a partial batch": [(ReadyQueue, "due_ms", _no_wakeup)],
    "sends what was revoked": [(ContactLanes, "forget_revoked", lambda _self, _on_the_wire: None)],
    "an old answer moves the new assignment": [
        (Engine, "_assigned", _one_ledger_for_ever),
        (Partition, "open", _same_entry_again),
    ],
    "knows no window": [
        (Budget, "ready_at_ms", lambda _self, now_ms, _wanted: now_ms),
        (Budget, "spend", lambda _self, _now_ms: None),
    ],
    "never gets over a dead letter of a partition that is gone": [
        (PendingDeadLetters, "again", _letters_stay_in_trouble)
    ],
    "takes an older probe for an answer": [(DoubtfulDeletes, "probed", _any_probe_decides)],
    "probes no more": [(Outage, "due_ms", lambda _self, _now_ms: None)],
    "buffers without bound": [(Engine, "room", lambda _: Room(1_000, 1_000_000))],
    **BROKEN,
    **BROKEN_MEMORIES,
}


def names() -> list[str]:
    """Every mutant."""
    return list(_MUTANTS)


@contextmanager
def mutant(name: str) -> Iterator[None]:
    """The context in which every engine is broken in this one way."""
    with ExitStack() as patches:
        for patch in _MUTANTS[name]:
            patches.enter_context(broken(*patch))
        forget_logs()  # with what their records were translated to
        yield
    forget_logs()
