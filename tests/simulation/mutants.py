"""Engines that are broken on purpose, each in one place: the oracle must catch every one of them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from connector.engine.batches import ReadyQueue
from connector.engine.budget import Budget
from connector.engine.commits import Commits
from connector.engine.dispatch import Batch, Dispatch
from connector.engine.engine import Engine
from connector.engine.intake import Room
from connector.engine.lanes import Item, Kind, Lane, LaneState
from connector.engine.ledger import Partition
from connector.engine.letters import Letters
from connector.engine.outage import Outage
from connector.model import ALL_ACCEPTED, Answer, Event, TopicPartition, Upsert, Verdict


@contextmanager
def broken(owner: type, name: str, value: object) -> Iterator[None]:
    """Replace one attribute of a class for a while."""
    intact = owner.__dict__[name]
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, intact)


_answered = Dispatch.answered
_probed = Dispatch.probed
_back_to_ready = Dispatch._back_to_ready
_extend = Lane._extend
_refold = Lane.refold
_rejected = Dispatch._rejected
_letter_answered = Letters.answered
_commit_answered = Commits.answered


def _settle_as(*verdicts: Verdict) -> Callable[[Dispatch, int, Answer, int], None]:
    def answered(self: Dispatch, send_id: int, answer: Answer, now_ms: int) -> None:
        _answered(self, send_id, ALL_ACCEPTED if answer.verdict in verdicts else answer, now_ms)

    return answered


def _every_delete_is_gone(self: Dispatch, answer: Answer, now_ms: int) -> None:
    _probed(self, ALL_ACCEPTED if answer.verdict is Verdict.ENVIRONMENT else answer, now_ms)


def _overtakes(self: Dispatch, batch: Batch, lanes: list[Lane], due_ms: int, attempt: int) -> None:
    for lane in lanes:
        lane._items.append(lane._items.pop(lane._head))
    _back_to_ready(self, lanes, due_ms)
    assert attempt
    assert batch


def _folds_events(self: Lane, item: Item) -> None:
    if type(item.delivery) is Event and self.kind is Kind.EVENT and self.fold:
        self.fold += 1
    else:
        _extend(self, item)
        self._open = self._open or self.kind is Kind.EVENT


def _folds_over_deletes(self: Lane, item: Item) -> None:
    if self.fold and self.kind is Kind.DELETE and type(item.delivery) is Upsert and not self.unfold:
        self.fold += 1
        self.kind = Kind.INSTANT
        del self._items[self._head : -1]
        self.fold = 1
    else:
        _extend(self, item)
        self._open = True


def _body_of_the_last(self: Lane) -> dict[str, Any] | None:
    last = self._items[self._head + self.fold - 1].delivery
    return last.body if isinstance(last, Upsert | Event) else None


def _frees_the_contact(self: Dispatch, send_id: int, answer: Answer, now_ms: int) -> None:
    _answered(self, send_id, answer, now_ms)
    for user_id in [u for u, lane in self.lanes.items() if lane.state is LaneState.TRAVELLING]:
        del self.lanes[user_id]


def _unfold_loses_the_first(self: Dispatch, lane: Lane, outcome: Any, now_ms: int) -> None:
    folded = lane.fold > 1
    if folded:
        self._settled(lane.head)
        lane.finish(1)
        lane.fold -= 1
    _rejected(self, lane, outcome, now_ms)


def _refusal_drops(self: Engine, item: Item, reason: str) -> None:
    assert reason
    self._settle(item)


def _letter_error_is_fine(self: Letters, letter_id: int, error: str | None, now_ms: int) -> Any:
    assert error is None or error
    return _letter_answered(self, letter_id, None, now_ms)


def _newest_settled(self: Partition) -> int | None:
    settled = [entry.offset + 1 for entry in self._entries if not entry.open]
    return settled[-1] if settled else (self._entries[0].offset if self._entries else self.position)


def _commit_errors_are_fine(
    self: Commits, commit_id: int, errors: Mapping[TopicPartition, str], now_ms: int
) -> None:
    assert errors is not None
    _commit_answered(self, commit_id, {}, now_ms)


def _no_wakeup(self: ReadyQueue) -> int | None:
    return 0 if self.count >= self.items_max else None


_MUTANTS: dict[str, tuple[type, str, object]] = {
    "commits the newest settled record": (Partition, "committable", property(_newest_settled)),
    "settles what nobody answered": (Dispatch, "answered", _settle_as(Verdict.UNKNOWN)),
    "drops on 401": (Dispatch, "answered", _settle_as(Verdict.ENVIRONMENT)),
    "drops on 429": (Dispatch, "answered", _settle_as(Verdict.THROTTLED)),
    "takes every 404 of a delete for success": (Dispatch, "answered", _settle_as(Verdict.GONE_OR_ENVIRONMENT)),
    "takes a failed probe for success": (Dispatch, "probed", _every_delete_is_gone),
    "lets the next delivery overtake a retry": (Dispatch, "_send_again", _overtakes),
    "folds events": (Lane, "_extend", _folds_events),
    "drops a delete behind which an upsert stands": (Lane, "_extend", _folds_over_deletes),
    "sends only the last part of a fold": (Lane, "body", _body_of_the_last),
    "two requests for one contact": (Dispatch, "answered", _frees_the_contact),
    "unfolding loses the first part": (Dispatch, "_rejected", _unfold_loses_the_first),
    "drops what the API refuses": (Engine, "_refuse", _refusal_drops),
    "takes a failed dead letter for stored": (Letters, "answered", _letter_error_is_fine),
    "takes a refused commit for confirmed": (Commits, "answered", _commit_errors_are_fine),
    "forgets to wake up for a partial batch": (ReadyQueue, "due_ms", _no_wakeup),
    "sends what was revoked": (Dispatch, "forget_revoked", lambda _: None),
    "an old answer settles in the new assignment": (
        Engine,
        "_forget",
        lambda self, partition: setattr(partition, "revoking", True),
    ),
    "knows no window": (Budget, "ready_at_ms", lambda _self, now_ms, _wanted: now_ms),
    "spends more than is left": (Budget, "spend", lambda _self, _now_ms: None),
    "probes no more": (Outage, "due_ms", lambda _self, _now_ms: None),
    "buffers without bound": (Engine, "room", lambda _: Room(1_000, 1_000_000)),
}


def names() -> list[str]:
    """Every mutant."""
    return list(_MUTANTS)


def mutant(name: str) -> Any:
    """The context in which every engine is broken in this one way."""
    return broken(*_MUTANTS[name])
