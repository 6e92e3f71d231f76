"""Engines and API languages that are broken on purpose, each in one place: name → what is replaced by what.

Every one of them is a mistake that a careful author could make. `mutants.py` holds the larger ones.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from connector.engine.arrivals import Arrivals
from connector.engine.batches import ReadyQueue
from connector.engine.budget import Budget
from connector.engine.commit_schedule import CommitSchedule
from connector.engine.delete_memory import DeleteMemory
from connector.engine.dispatch import Dispatch, Finished
from connector.engine.endpoints import Batch, EndpointState
from connector.engine.engine import Engine
from connector.engine.events import Committed, DeadLetter, ReachedEnd, Send
from connector.engine.intake import Intake
from connector.engine.lanes import Item, Lane
from connector.engine.ledger import Entry, Partition
from connector.engine.outage import Outage
from connector.engine.pending_dead_letters import PendingDeadLetters
from connector.engine.schema_requests import SchemaRequests
from connector.engine.waiting_events import WaitingEvents
from connector.instasent import answers, item_outcomes
from connector.instasent.requests import Requests
from connector.model import (
    ALL_ACCEPTED,
    Answer,
    AwaitsSchema,
    Delete,
    ItemOutcome,
    OutcomeKind,
    Record,
    Rejection,
    SchemaRef,
    SchemaVerdict,
    Translated,
    Upsert,
    Verdict,
)
from connector.translate.mapping import event_plan as event_mapping
from connector.translate.translate import Translator

Patch = tuple[Any, str, object]

_answered = Dispatch.answered
_send = Dispatch._send
_take_out = Lane.take_out
_changes = Intake.changes
_close = Intake.close
_write = PendingDeadLetters.write
_probed = Outage.probed
_reached_end = Engine._reached_end
_committable = Partition.committable
_translate = Translator.translate
_read_items = answers._read_items
_outcome = item_outcomes._outcome
_endpoint_init = EndpointState.__init__
_queue_init = ReadyQueue.__init__
_park = Arrivals._park
_unpark = Arrivals._unpark
_schema_answered = SchemaRequests.answered
_keep = SchemaRequests.keep


def _reads_as(verdict: Verdict, *taken_for_it: Verdict) -> Callable[[Dispatch, int, Answer, int], Finished]:
    def answered(self: Dispatch, send_id: int, answer: Answer, now_ms: int) -> Finished:
        wrong = replace(answer, verdict=verdict) if answer.verdict in taken_for_it else answer
        return _answered(self, send_id, wrong, now_ms)

    return answered


def _left_out_is(kind: OutcomeKind) -> Callable[..., ItemOutcome]:
    def outcome(*arguments: Any) -> ItemOutcome:
        found = _outcome(*arguments)
        return ItemOutcome(kind, "left out") if found.kind is OutcomeKind.RETRY else found

    return outcome


def _one_too_far(self: Partition) -> int | None:
    committable: int | None = _committable.fget(self)  # type: ignore[attr-defined]
    return committable + 1 if committable is not None and self._entries else committable


def _forgets_the_batch(_self: Dispatch, batch: Batch, reason: str, now_ms: int) -> None:
    batch.endpoint.failed(reason, now_ms)


def _long_lease(self: Dispatch, endpoint: EndpointState, now_ms: int) -> Send | None:
    send = _send(self, endpoint, now_ms)
    return send and replace(send, not_after_ms=send.not_after_ms + 600_000)


def _never_resumes(self: Intake, *arguments: Any) -> list[Any]:
    return [command for command in _changes(self, *arguments) if type(command).__name__ == "Pause"]


def _waits_for_the_commit(self: CommitSchedule, partitions: Any, now_ms: int, *, at_once: bool) -> Any:
    return None if self._out is not None else _commits_next(self, partitions, now_ms, at_once=at_once)


_commits_next = CommitSchedule.next


def _lost_probe_stays_out(self: Outage, verdict: Verdict, reason: str, now_ms: int) -> None:
    _probed(self, verdict, reason, now_ms)
    self.probing = verdict in {Verdict.UNKNOWN, Verdict.TRANSIENT}


def _outage_for_ever(self: Outage, verdict: Verdict, reason: str, now_ms: int) -> None:
    before = self.reason
    _probed(self, verdict, reason, now_ms)
    self.reason = self.reason or before


def _never_splits(self: Dispatch, batch: Batch, reason: str, now_ms: int) -> None:
    if len(batch.group.lanes) == 1:
        self._rejected(batch.group.lanes[0], ItemOutcome(OutcomeKind.REJECTED, reason), now_ms)
    else:
        self._failed(batch, reason, now_ms)


def _refuses_the_whole_batch(self: Dispatch, batch: Batch, reason: str, now_ms: int) -> None:
    for lane in batch.group.lanes:
        self._rejected(lane, ItemOutcome(OutcomeKind.REJECTED, reason), now_ms)


def _never_unfolds(self: Dispatch, lane: Lane, outcome: ItemOutcome, now_ms: int) -> None:
    self._refused_items += [(item, outcome.reason) for item in lane.take_out()]
    self.lanes.advance(lane, now_ms)


def _settles_with_the_letter(self: Engine, entry: Entry, rejection: Rejection) -> None:
    if entry.lettered:
        return
    entry.lettered = True
    self._commands.append(self._letters.write(Entry(entry.partition, entry.record, 1), rejection))
    while entry.open:
        entry.partition.close(entry)


def _forgets_refused_letters(self: PendingDeadLetters, now_ms: int) -> list[DeadLetter]:
    self._backoff.failed(now_ms)
    self._refused = []
    self.error = None
    return []


def _every_tombstone_repeats(_self: DeleteMemory, _record: Any, translated: Any) -> bool:
    return isinstance(translated[0], Delete) and translated[0].tombstone


def _reversed(self: Translator, record: Any) -> Any:
    translated = _translate(self, record)
    return translated[::-1] if isinstance(translated, list) else translated


def _id_of_the_place(_change: Any, record: Any) -> str:
    return f"{record.topic}-{record.offset}"


def _delete_unquoted(self: Requests, user_id: str) -> Any:
    request = self.probe()
    return replace(request, method="DELETE", target=f"{request.target}/contacts/{user_id}")


def _any_json_will_do(status: int, meaning: Any, user_ids: Sequence[str], body: bytes) -> Answer:
    answer = _read_items(status, meaning, user_ids, body)
    return ALL_ACCEPTED if answer.verdict is Verdict.UNKNOWN else answer


def _end_too_far(self: Engine, event: ReachedEnd) -> None:
    _reached_end(self, event._replace(offset=event.offset + 1))


def _only_the_last(self: Lane) -> list[Item]:
    return _take_out(self)[-1:]


def _all_of_the_lane(self: Lane) -> list[Item]:
    self.fold = len(self)
    return _take_out(self)


def _earlier_wins(self: Lane) -> dict[str, Any] | None:
    last = self.travelling()[-1].delivery
    if not isinstance(last, Upsert):
        return getattr(last, "body", None)
    merged: dict[str, Any] = {}
    for item in reversed(self.travelling()):
        merged.update(getattr(item.delivery, "body", {}))
    return merged


def _passes_its_own(self: Lane) -> bool:
    for index in range(self._head, len(self._items)):
        if isinstance(self._items[index].delivery, Upsert):
            self._items.insert(self._head, self._items.pop(index))
            return True
    return False


def _crowds(self: EndpointState, *arguments: Any) -> None:
    _endpoint_init(self, *arguments)
    self._in_flight_max *= 2


def _overfills(self: ReadyQueue, kind: Any, items_max: int, *arguments: Any) -> None:
    _queue_init(self, kind, items_max + 1, *arguments)


def _confirms_what_is_newest(self: Engine, event: Committed) -> None:
    for partition in self._partitions.values():
        partition.committed = partition.position
    self._commits.answered(event.commit_id, event.errors, self._now_ms)


def _parks_no_second(
    self: Arrivals, partition: Partition, record: Record, translated: Translated, now_ms: int
) -> None:
    if isinstance(translated, AwaitsSchema):
        _park(self, partition, record, translated, now_ms)
    else:
        self._take_again(partition.open(record, 1), translated)


def _not_parked(self: Partition) -> int | None:
    parked = {entry for entry, _ in self.parked}
    return next((entry.offset for entry in self._entries if entry not in parked), self.position)


def _unparks_without_the_first(self: Arrivals, partition: Partition, now_ms: int) -> None:
    entry, _ = partition.parked[0]
    partition.unpark()
    partition.leave_out(entry)
    partition.counts.skipped["forgotten"] += 1
    _unpark(self, partition, now_ms)


def _never_doubts(
    self: SchemaRequests, ref: SchemaRef, verdict: SchemaVerdict, reason: str, now_ms: int
) -> bool:
    if ref in self._wanted and verdict is SchemaVerdict.UNKNOWN:
        self._wanted[ref].doubted = True
    return _schema_answered(self, ref, verdict, reason, now_ms)


BROKEN: dict[str, list[Patch]] = {
    "commits one too far": [(Partition, "committable", property(_one_too_far))],
    "forgets a batch whose answer was lost": [(Dispatch, "_failed", _forgets_the_batch)],
    "gives a lease of ten minutes more": [(Dispatch, "_send", _long_lease)],
    "never resumes": [(Intake, "changes", _never_resumes)],
    "waits for ever for a commit": [(CommitSchedule, "next", _waits_for_the_commit)],
    "waits for ever for a probe": [(Outage, "probed", _lost_probe_stays_out)],
    "stays in an outage": [(Outage, "probed", _outage_for_ever)],
    "never splits a batch": [(Dispatch, "_batch_rejected", _never_splits)],
    "refuses a whole batch for one item": [(Dispatch, "_batch_rejected", _refuses_the_whole_batch)],
    "refuses a whole fold for one part": [(Dispatch, "_rejected", _never_unfolds)],
    "settles with the letter's writing": [(Engine, "_letter", _settles_with_the_letter)],
    "forgets letters that were refused": [(PendingDeadLetters, "again", _forgets_refused_letters)],
    "makes dead letters of a 401": [
        (Dispatch, "answered", _reads_as(Verdict.BATCH_REJECTED, Verdict.ENVIRONMENT))
    ],
    "makes dead letters of a 500": [
        (Dispatch, "answered", _reads_as(Verdict.BATCH_REJECTED, Verdict.TRANSIENT))
    ],
    "makes dead letters of a 404": [
        (Dispatch, "answered", _reads_as(Verdict.BATCH_REJECTED, Verdict.GONE_OR_ENVIRONMENT))
    ],
    "makes dead letters of a 429": [
        (Dispatch, "answered", _reads_as(Verdict.BATCH_REJECTED, Verdict.THROTTLED))
    ],
    "takes an item left out for accepted": [(item_outcomes, "_outcome", _left_out_is(OutcomeKind.ACCEPTED))],
    "takes an item left out for refused": [(item_outcomes, "_outcome", _left_out_is(OutcomeKind.REJECTED))],
    "takes a 200 without a word for accepted": [(answers, "_read_items", _any_json_will_do)],
    "deletes again for a tombstone": [(DeleteMemory, "repeats", lambda *_: False)],
    "takes every tombstone for a repetition": [(DeleteMemory, "repeats", _every_tombstone_repeats)],
    "sends the event before its contact": [(Translator, "translate", _reversed)],
    "names an event after its place in the log": [(event_mapping, "default_event_id", _id_of_the_place)],
    "does not quote a contact's id": [(Requests, "delete", _delete_unquoted)],
    "has no intervals": [(Budget, "ready_at_ms", lambda _self, now_ms, _wanted: now_ms)],
    "does not wait to know the budget": [(Budget, "known", lambda _self, _now_ms: True)],
    "ignores a revoke": [(Engine, "_revoked", lambda _self, _event: None)],
    "waits for no answer in a revoke": [(Engine, "draining", lambda _self, _names: False)],
    "halts at once": [(Engine, "_finished", lambda self: self._stop_by_ms is not None)],
    "keeps a rebalance waiting": [(Intake, "close", lambda *_: None)],
    "ignores the end of a log": [(Engine, "_reached_end", lambda _self, _event: None)],
    "takes the end of a log for one record more": [(Engine, "_reached_end", _end_too_far)],
    "settles only the last part of a fold": [(Lane, "take_out", _only_the_last)],
    "settles the whole lane": [(Lane, "take_out", _all_of_the_lane)],
    "merges in the wrong order": [(Lane, "body", _earlier_wins)],
    "lets an upsert pass an event of its own partition": [(Lane, "bring_contact_forward", _passes_its_own)],
    "lets one endpoint take all requests": [(EndpointState, "__init__", _crowds)],
    "fills a batch with one more": [(ReadyQueue, "__init__", _overfills)],
    "waits for ever for a contact": [(WaitingEvents, "may_wait", lambda *_: True)],
    "takes any commit for the newest": [(Engine, "_committed", _confirms_what_is_newest)],
    "lets a delivery overtake a parked record": [(Arrivals, "_park", _parks_no_second)],
    "commits past a parked record": [(Partition, "committable", property(_not_parked))],
    "forgets a parked record when its schema comes": [(Arrivals, "_unpark", _unparks_without_the_first)],
    "believes at once that there is no such schema": [(SchemaRequests, "answered", _never_doubts)],
    "forgets what a partition waits for when another one goes": [
        (SchemaRequests, "keep", lambda self, _refs: _keep(self, ()))
    ],
    "forgets to wake up for the registry": [(SchemaRequests, "due_ms", lambda _: None)],
    "keeps what is parked of a partition that goes": [(Partition, "forget_parked", lambda _: None)],
    "wakes up all the time": [(Engine, "next_wakeup_ms", lambda self: self._now_ms)],
}
