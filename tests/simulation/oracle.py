"""Judges one run from the outside: the logs, the requests to the API, its answers, and the commits.

It knows nothing of the engine. A record that was settled in one assignment of a partition is unsettled in
another (`epoch.py`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.engine.events import DeadLetter
from connector.engine.limits import Limits
from tests.simulation.api import ACCEPTED, DELETES, EVENTS, REFUSED, Call, Reply
from tests.simulation.epoch import Course, Epoch, Seen
from tests.simulation.promises import expect
from tests.simulation.rows import DELETE, EVENT, Log


class Carried:
    """The share of one item of a request in one epoch; `sure` is the least of it."""

    __slots__ = ("course", "epoch", "landed", "moves", "sure")

    def __init__(self, epoch: Epoch, course: Course, moves: dict[int, list[int]]) -> None:
        self.epoch = epoch
        self.course = course
        self.landed = False  # the API has done it
        self.moves = moves
        self.sure = course.sure(moves)


@dataclass(slots=True, eq=False)
class Travel:
    """One request and the records that its items carry, perhaps of several partitions."""

    call: Call
    items: Sequence[Sequence[Carried]]


class History:
    """The effect of all instances on the API: counts that the whole run is judged by."""

    def __init__(self) -> None:
        self.event_ids: dict[str, str] = {}
        self.accepted: set[tuple[int, int, int]] = set()  # keys of asks
        self.counts: Counter[str] = Counter()
        self.unclear = 0  # of repeats in a log: whether they were meant is unknown
        self.untold = 0  # accepted by the API, and no living assignment has the answer
        self.uncommitted = 0  # accepted and answered, but not committed when the next assignment began
        self.current: dict[int, Epoch] = {}
        self.letters: set[tuple[int, int]] = set()
        self.landed: dict[str, int] = {}
        self.disturbed: set[str] = set()

    def event_id(self, number: str, event_id: str) -> None:
        """An event's id never changes, and no other event has it (I4)."""
        known = self.event_ids.setdefault(number, event_id)
        expect(known == event_id, "the id of an event has changed", number)

    def lands(self, travel: Travel, reply: Reply, order: int) -> None:
        """A request is processed. `order` counts requests as they left."""
        for contact in travel.call.contacts:
            if self.landed.get(contact, 0) > order:
                self.disturbed.add(contact)  # the network has swapped two requests (F074, F075)
            else:
                self.landed[contact] = order
        for done, item in zip(reply.done, travel.items, strict=True):
            if done:
                for carried in item:
                    if len(carried.moves) > 1 or len(carried.course.heads) > 1:
                        self.unclear += len(carried.sure)
                    carried.landed = True
                    for todo in carried.sure:
                        self.untold += 1
                        if todo.key in self.accepted:
                            self.counts["duplicates"] += 1
                        else:
                            self.accepted.add(todo.key)

    def begins(self, epoch: Epoch) -> None:
        """A partition is read from here on: records after this offset come again, if not left out."""
        former = self.current.get(epoch.number)
        self.current[epoch.number] = epoch
        if former is not None and epoch.position < former.start:  # a topic that was made again
            again = [key for key in self.accepted if key[0] == epoch.number and key[1] >= epoch.position]
            self.uncommitted += len(again)
        elif former is not None:
            for offset, seen in former.given.items():
                if offset >= epoch.position and offset not in epoch.before:
                    self.uncommitted += sum(todo.done for todo in seen.todos)
            for offset in former.before - epoch.before:
                if offset >= epoch.position:  # known then, and not any more
                    self.uncommitted += len(epoch.log.entry(offset).asks)


class Oracle:
    """One life of one instance."""

    def __init__(self, history: History, limits: Limits) -> None:
        self._history = history
        self._limits = limits
        self.epochs: dict[int, Epoch] = {}
        self._travels: list[Travel] = []
        self._heard: set[str] = set()
        self._busy: set[str] = set()
        self._in_flight: Counter[str] = Counter()

    # ------------------------------------------------------------------------------- requests

    def sent(self, call: Call) -> Travel:
        """Check one request as the engine asks for it (I3, I5, I6)."""
        limits = self._limits
        contacts = call.contacts
        expect(0 < len(contacts) <= limits.batch_items_max, "batch size", len(contacts))
        expect(len(set(contacts)) == len(contacts), "one contact twice in a request", contacts)
        expect(self._busy.isdisjoint(contacts), "two requests with one contact", contacts)
        self._busy.update(contacts)
        self._in_flight[call.endpoint] += 1
        known = call.endpoint in self._heard or self._in_flight[call.endpoint] == 1
        expect(known, "a second request before the first has told the budget:", call.endpoint)
        expect(self._in_flight.total() <= limits.requests_in_flight_max, "requests in flight")
        expect(
            self._in_flight[call.endpoint] <= limits.endpoint_requests_max,
            "requests in flight of",
            call.endpoint,
        )
        items: list[Sequence[Carried]]
        if call.endpoint == DELETES:
            items = [(self._delete(contacts[0]),)]
        elif call.endpoint == EVENTS:
            items = [(self._event(item),) for item in call.items]
        else:
            items = [self._upsert(item) for item in call.items]
        travel = Travel(call, items)
        self._travels.append(travel)
        return travel

    def at_rest(self, numbers: Sequence[int]) -> None:
        """Check that no request for these partitions is unanswered: the engine says that they are drained."""
        for travel in self._travels:
            for item in travel.items:
                for carried in item:
                    drained = carried.epoch.number in numbers and carried.epoch in self.epochs.values()
                    expect(not drained, "given back before it was drained:", carried.epoch.number)

    def told(self, travel: Travel, reply: Reply | None) -> None:
        """The answer has reached the instance; None where what it got says nothing."""
        call = travel.call
        self._busy.difference_update(call.contacts)
        self._in_flight[call.endpoint] -= 1
        self._travels.remove(travel)
        if reply is None:
            return
        self._heard.add(call.endpoint)
        if reply.whole and len(travel.items) == 1:
            self._refused(travel.items[0])
            return
        for outcome, item in zip(reply.told, travel.items, strict=True):
            if outcome == ACCEPTED:
                self.accepted(item)
            elif outcome == REFUSED:
                self._refused(item)

    def accepted(self, item: Sequence[Carried]) -> None:
        """One item is known to be accepted."""
        for carried in item:
            if carried.landed and self._history.current[carried.epoch.number] is carried.epoch:
                self._history.untold -= len(carried.sure)
            carried.course.done(carried.moves)

    def _refused(self, item: Sequence[Carried]) -> None:
        if len(item) == 1:
            item[0].course.refused(item[0].moves)

    def _epoch(self, number: int) -> Epoch:
        epoch = self.epochs.get(number)
        expect(epoch is not None and not epoch.revoked, "sent for a partition that is not ours:", number)
        assert epoch is not None
        return epoch

    def _upsert(self, item: Mapping[str, Any]) -> list[Carried]:
        contact = item["_user_id"]
        parts: dict[str, dict[str, Any]] = {}
        for name, value in item.items():
            if name != "_user_id":
                parts.setdefault(name[-1], {})[name] = value
        expect(bool(parts), "an upsert without fields", item)
        return [self._fold(self._epoch(int(number)), contact, part) for number, part in parts.items()]

    def _fold(self, epoch: Epoch, contact: str, wanted: dict[str, Any]) -> Carried:
        course = epoch.courses.get(contact)
        moves = course.upserts(wanted) if course is not None else {}
        expect(bool(moves), "an upsert does not carry what is next for its contact:", contact, wanted)
        assert course is not None
        return Carried(epoch, course, moves)

    def _event(self, item: Mapping[str, Any]) -> Carried:
        number = item["_event_parameters"]["n"]
        epoch = self._epoch(int(number.split(":")[0]))
        self._history.event_id(number, item["_event_id"])
        course = epoch.courses.get(item["_user_id"])
        moves = course.event(number) if course is not None else {}
        expect(bool(moves), "an event overtook, or came twice, or no record asks for it:", number)
        assert course is not None
        return Carried(epoch, course, moves)

    def _delete(self, contact: str) -> Carried:
        """A delete carries the upserts before it too; its contact identifies them."""
        epoch = self._epoch(int(contact[1]))
        course = epoch.courses.get(contact)
        moves = course.delete() if course is not None else {}
        expect(bool(moves), "a delete overtook an event, or no record asks for it:", contact)
        assert course is not None
        return Carried(epoch, course, moves)

    # ------------------------------------------------------------------------ letters, commits

    def letter(self, letter: DeadLetter) -> Seen | None:
        """Check one dead letter as it is written: the record as it was, and a reason to give it up."""
        number, offset = int(letter.record.topic[-1]), letter.record.offset
        epoch = self.epochs.get(number)
        seen = None if epoch is None else epoch.given.get(offset)
        again = epoch is not None and offset in epoch.before
        expect(not again, "a dead letter for what was settled before:", number, offset)
        if seen is None or epoch is None:
            return None
        reason = seen.entry.dead or any(todo.refused for todo in seen.todos)
        expect(reason, "a good record became a dead letter:", number, offset)
        expect(letter.record is seen.entry.record, "a dead letter is not its record:", number, offset)
        expect(not seen.stored, "a record was stored twice:", number, offset)
        seen.decided = True
        return seen

    def committed(self, number: int, offset: int) -> Epoch:
        """Check one offset as it is handed to the broker (I1, I2)."""
        epoch = self.epochs.get(number)
        expect(epoch is not None, "commit for a partition that is not ours:", number)
        assert epoch is not None
        lowest = epoch.lowest()
        expect(offset <= lowest, "committed what is not settled:", number, offset, "instead of", lowest)
        expect(offset >= epoch.committed, "a commit went backwards:", number, offset)
        epoch.committed = offset
        return epoch


def final_states(logs: Sequence[Log], skipped: Mapping[int, range]) -> dict[str, tuple[dict[str, Any], bool]]:
    """The expected state of every contact, and whether that is all that is known of it.

    `skipped` holds the offsets that retention took from us: of their contacts only what came later is sure.
    """
    states: dict[str, tuple[dict[str, Any], bool]] = {}
    for log in logs:
        gone = skipped.get(log.number, range(0))
        for entry in log.entries:
            for ask in entry.asks:
                if ask.kind == EVENT:
                    continue
                fields, whole = states.get(ask.contact, ({}, True))
                if entry.offset in gone:
                    states[ask.contact] = ({}, False)
                elif ask.kind == DELETE:
                    states[ask.contact] = ({}, True)
                elif not ask.bad:
                    states[ask.contact] = ({**fields, **ask.fields}, whole)
    return states
