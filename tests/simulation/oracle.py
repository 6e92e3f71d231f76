"""Judges one run from the outside: the logs, what left for the API, what it answered, what was committed.

It knows nothing of the engine. An *epoch* is one assignment of one partition to one instance: what was
settled in another one counts for nothing in it. Every ask of every record that an epoch was given waits,
in order, until an answer that reached the instance has said that it was accepted.
"""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from connector.engine.events import DeadLetter
from tests.simulation.api import ACCEPTED, DELETES, EVENTS, REFUSED, Call, Reply
from tests.simulation.rows import DELETE, EVENT, UPSERT, Ask, Entry, Log


class Violation(AssertionError):  # noqa: N818 - what it is called in every test here
    """A promise was broken: which one, and how."""

    def __init__(self, promise: str, *what: object) -> None:
        super().__init__(" ".join((promise, *map(str, what))))
        self.promise = promise


def expect(kept: bool, promise: str, *what: object) -> None:
    """Raise `Violation` unless the promise was kept."""
    if not kept:
        raise Violation(promise, *what)


class Todo:
    """One ask of one record in one epoch.

    `perhaps`: a request that was accepted may have stood for it too, because the log repeats itself.
    """

    __slots__ = ("ask", "done", "key", "perhaps", "refused", "seen")

    def __init__(self, ask: Ask, seen: "Seen", key: tuple[int, int, int]) -> None:
        self.ask = ask
        self.key = key
        self.seen = seen
        self.done = False
        self.perhaps = False
        self.refused = False

    @property
    def over(self) -> bool:
        """Whether nothing is to be sent for it any more."""
        return self.done or (self.refused and self.seen.decided)


class Seen:
    """One record that an epoch was given."""

    __slots__ = ("decided", "entry", "stored", "todos")

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.todos: list[Todo] = []
        self.decided = False  # it is to be a dead letter
        self.stored = False

    @property
    def settled(self) -> bool:
        """Whether everything that it asks for is accepted, or it is stored as a dead letter."""
        if self.entry.dead and not self.stored:
            return False
        return all(todo.done or todo.perhaps or (todo.refused and self.stored) for todo in self.todos)


class Epoch:
    """One assignment."""

    def __init__(self, log: Log, start: int) -> None:
        self.log = log
        self.number = log.number
        self.position = start
        self.committed = start
        self.revoked = False
        self._last_deleted: bytes | None = None
        self.given: dict[int, Seen] = {}
        self.unsettled: deque[Seen] = deque()
        self.waiting: dict[str, list[Todo]] = {}

    def give(self, entry: Entry) -> None:
        """The instance has got one more record."""
        expect(entry.offset >= self.position, "a record was read twice in one assignment", entry.offset)
        self.position = entry.offset + 1
        seen = self.given[entry.offset] = Seen(entry)
        asks = () if self._repeats_delete(entry) else entry.asks
        for index, ask in enumerate(asks):
            todo = Todo(ask, seen, (self.number, entry.offset, index))
            seen.todos.append(todo)
            self.waiting.setdefault(ask.contact, []).append(todo)
        if seen.todos or entry.dead:
            self.unsettled.append(seen)

    def _repeats_delete(self, entry: Entry) -> bool:
        """Whether it is the tombstone behind the last delete, which takes no call (design, section 3)."""
        kinds = [ask.kind for ask in entry.asks]
        if UPSERT in kinds:
            if self._last_deleted == entry.record.key:
                self._last_deleted = None
        elif DELETE in kinds:
            if entry.asks[0].tombstone and self._last_deleted == entry.record.key:
                return True
            self._last_deleted = entry.record.key
        return False

    def lowest(self) -> int:
        """The offset of the oldest record that is not settled; the position where there is none."""
        unsettled = self.unsettled
        while unsettled and unsettled[0].settled:
            unsettled.popleft()
        return unsettled[0].entry.offset if unsettled else self.position

    def todo(self, contact: str) -> list[Todo]:
        """What is still to be done for a contact, in order; drops what is done from the list's head."""
        todos = self.waiting.get(contact, [])
        done = 0
        while done < len(todos) and todos[done].done:
            done += 1
        if done:
            del todos[:done]
        return todos


class Carried(NamedTuple):
    """What one item of a request stands for; so many of them for certain."""

    epoch: Epoch
    todos: Sequence[Todo]
    sure: int


class Travel(NamedTuple):
    """One request and what its items stand for; an item may stand for records of several partitions."""

    call: Call
    items: Sequence[Sequence[Carried]]


class History:
    """What all instances together have done to the API: counts that the whole run is judged by."""

    def __init__(self) -> None:
        self.event_ids: dict[str, str] = {}
        self.accepted: set[tuple[int, int, int]] = set()  # keys of asks
        self.counts: Counter[str] = Counter()
        self.untold = 0  # accepted by the API, and no living assignment has been told
        self.uncommitted = 0  # accepted and told, but not committed when the next assignment began
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
                    for todo in carried.todos[: carried.sure]:
                        self.untold += 1
                        if todo.key in self.accepted:
                            self.counts["duplicates"] += 1
                        else:
                            self.accepted.add(todo.key)

    def begins(self, epoch: Epoch) -> None:
        """A partition is read from here on: what was told and lies behind this offset will be sent again."""
        former = self.current.get(epoch.number)
        self.current[epoch.number] = epoch
        if former is not None:
            for offset, seen in former.given.items():
                if offset >= epoch.position:
                    self.uncommitted += sum(todo.done for todo in seen.todos)


class Oracle:
    """One life of one instance."""

    def __init__(self, history: History, limits: Any) -> None:
        self._history = history
        self._limits = limits
        self.epochs: dict[int, Epoch] = {}
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
        return Travel(call, items)

    def told(self, travel: Travel, reply: Reply | None) -> None:
        """The answer has reached the instance; None where what it got says nothing."""
        call = travel.call
        self._busy.difference_update(call.contacts)
        self._in_flight[call.endpoint] -= 1
        if reply is None:
            return
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
        for epoch, todos, sure in item:
            if self._history.current[epoch.number] is epoch:
                self._history.untold -= sure
            for index, todo in enumerate(todos):
                todo.done = todo.done or index < sure
                todo.perhaps = True

    def _refused(self, item: Sequence[Carried]) -> None:
        todos = [todo for carried in item for todo in carried.todos[: carried.sure]]
        if len(todos) == 1:
            todos[0].refused = True

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
        """Find the run of upserts from the oldest open one on that merges into these fields."""
        todos = epoch.todo(contact)
        found = _run(todos, wanted, also_perhaps=False) or _run(todos, wanted, also_perhaps=True)
        expect(found is not None, "an upsert does not carry what is next for its contact:", contact, wanted)
        assert found is not None
        return Carried(epoch, *found)

    def _event(self, item: Mapping[str, Any]) -> Carried:
        parameters = item["_event_parameters"]
        number = parameters["n"]
        epoch = self._epoch(int(number.split(":")[0]))
        self._history.event_id(number, item["_event_id"])
        given_up: Todo | None = None
        for todo in epoch.todo(item["_user_id"]):
            mine = not todo.done and todo.ask.kind == EVENT and todo.ask.fields["n"] == number
            if mine and not todo.over:
                return Carried(epoch, [todo], 1)
            given_up = given_up or (todo if mine else None)
            if not todo.over and not todo.perhaps:
                expect(given_up is not None, "an event overtook, or came twice:", number)
                break
        if given_up is not None:  # its record is a dead letter for another ask, and it still waits
            return Carried(epoch, [given_up], 1)
        raise Violation("an event that no record asks for:", number)

    def _delete(self, contact: str) -> Carried:
        """A delete stands for the upserts before it too; its contact tells whose it is."""
        epoch = self._epoch(int(contact[1]))
        run: list[Todo] = []
        for todo in epoch.todo(contact):
            if todo.over:
                continue
            expect(todo.ask.kind != EVENT, "a delete overtook an event of", contact)
            run.append(todo)
            if todo.ask.kind == DELETE:
                return Carried(epoch, run, len(run))
        raise Violation("a delete that no record asks for:", contact)

    # ------------------------------------------------------------------------ letters, commits

    def letter(self, letter: DeadLetter) -> Seen | None:
        """Check one dead letter as it is written: the record as it was, and a reason to give it up."""
        number, offset = int(letter.record.topic[-1]), letter.record.offset
        epoch = self.epochs.get(number)
        seen = None if epoch is None else epoch.given.get(offset)
        if seen is None or epoch is None:
            return None
        reason = seen.entry.dead or any(todo.refused for todo in seen.todos)
        expect(reason, "a good record became a dead letter:", number, offset)
        expect(letter.record is seen.entry.record, "a dead letter is not its record:", number, offset)
        expect(not seen.stored, "a record was stored twice:", number, offset)
        seen.decided = True
        return seen

    def committed(self, number: int, offset: int) -> None:
        """Check one offset as it is handed to the broker (I1, I2)."""
        epoch = self.epochs.get(number)
        expect(epoch is not None, "commit for a partition that is not ours:", number)
        assert epoch is not None
        lowest = epoch.lowest()
        expect(offset <= lowest, "committed what is not settled:", number, offset, "instead of", lowest)
        expect(offset >= epoch.committed, "a commit went backwards:", number, offset)
        epoch.committed = offset


def _run(
    todos: Sequence[Todo], wanted: dict[str, Any], *, also_perhaps: bool
) -> tuple[list[Todo], int] | None:
    """The longest run of open upserts that merges into these fields, and the length of the shortest."""
    merged: dict[str, Any] = {}
    run: list[Todo] = []
    longest = shortest = 0
    for todo in todos:
        if todo.over or (todo.perhaps and not also_perhaps):
            continue
        if todo.ask.kind != UPSERT:
            break
        merged.update(todo.ask.fields)
        run.append(todo)
        if merged == wanted:
            longest = len(run)
            shortest = shortest or longest
    return (run[:longest], shortest) if longest else None


def final_states(logs: Sequence[Log], skipped: Mapping[int, range]) -> dict[str, tuple[dict[str, Any], bool]]:
    """What every contact must look like, and whether that is all that is known of it.

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
