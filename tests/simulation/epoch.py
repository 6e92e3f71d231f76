"""One assignment of one partition as the oracle sees it: what it was given, and what is done of that.

Every ask of every record waits, in order per contact, until an answer that reached the instance has said
that it was accepted.
"""

from collections import deque
from collections.abc import Sequence
from typing import Any

from tests.simulation.promises import expect
from tests.simulation.rows import DELETE, EVENT, UPSERT, Ask, Entry, Log


class Todo:
    """One ask of one record in one epoch.

    `perhaps`: an accepted request may have carried it too, because the log repeats itself.
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


class Course:
    """The work for one contact, in order, and how much of it is done.

    Where a log repeats itself, a request may carry more or less: then `heads` has several answers.
    """

    __slots__ = ("heads", "todos")

    def __init__(self) -> None:
        self.todos: list[Todo] = []
        self.heads = {0}

    def upserts(self, wanted: dict[str, Any]) -> dict[int, list[int]]:
        """From which head to where upserts merge into these fields."""
        return {head: ends for head in self.heads if (ends := _merges(self.todos, head, wanted))}

    def event(self, number: str) -> dict[int, list[int]]:
        """From which head this event is next; one that was given up may still wait for its contact."""
        return {head: ends for head in self.heads if (ends := _next(self.todos, head, number))}

    def delete(self) -> dict[int, list[int]]:
        """From which head a delete is next, with the upserts that it absorbs."""
        return {head: ends for head in self.heads if (ends := _absorbs(self.todos, head))}

    def sure(self, moves: dict[int, list[int]]) -> list[Todo]:
        """The least that such a request carries."""
        head = max(moves)
        end = moves[head][0]
        matched = self.todos[end - 1]
        return [todo for todo in self.todos[head:end] if todo is matched or not todo.over]

    def done(self, moves: dict[int, list[int]]) -> None:
        """Take in that such a request was accepted."""
        former = min(self.heads)
        self.heads = {end for ends in moves.values() for end in ends}
        surely, perhaps = min(self.heads), max(self.heads)
        for index in range(former, perhaps):
            todo = self.todos[index]
            if not todo.over or index + 1 in self.heads:
                todo.perhaps = True
                todo.done = todo.done or index < surely

    def refused(self, moves: dict[int, list[int]]) -> None:
        """Take in that such a request was refused: where it carried one ask alone, that ask is to blame."""
        for head, ends in moves.items():
            for end in ends:
                open_ones = [todo for todo in self.todos[head : end - 1] if not todo.over]
                if not open_ones:
                    self.todos[end - 1].refused = True


def _merges(todos: Sequence[Todo], head: int, wanted: dict[str, Any]) -> list[int]:
    merged: dict[str, Any] = {}
    ends = []
    for index in range(head, len(todos)):
        todo = todos[index]
        if todo.over:
            continue
        if todo.ask.kind != UPSERT:
            break
        merged.update(todo.ask.fields)
        if merged == wanted:
            ends.append(index + 1)
    return ends


def _next(todos: Sequence[Todo], head: int, number: str) -> list[int]:
    given_up = []
    for index in range(head, len(todos)):
        todo = todos[index]
        mine = not todo.done and todo.ask.kind == EVENT and todo.ask.fields["n"] == number
        if mine and not todo.over:
            return [index + 1]
        if mine:
            given_up.append(index + 1)
        if not todo.over:
            break
    return given_up


def _absorbs(todos: Sequence[Todo], head: int) -> list[int]:
    for index in range(head, len(todos)):
        todo = todos[index]
        if todo.over:
            continue
        if todo.ask.kind == DELETE:
            return [index + 1]
        if todo.ask.kind == EVENT:
            break
    return []


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

    def __init__(self, log: Log, start: int, life: int, before: frozenset[int]) -> None:
        self.log = log
        self.life = life
        self.before = before  # offsets that were settled in an earlier one, and are to be left out
        self.lost = False  # its offsets are, and an operator has to say where to go on
        self.number = log.number
        self.start = start
        self.position = start
        self.committed = start
        self.revoked = False
        self._last_deleted: bytes | None = None
        self.given: dict[int, Seen] = {}
        self.unsettled: deque[Seen] = deque()
        self.courses: dict[str, Course] = {}

    def give(self, entry: Entry, *, unread: bool) -> None:
        """The instance has got one more record; `unread` where it has not got its schema."""
        expect(entry.offset >= self.position, "a record was read twice in one assignment", entry.offset)
        self.position = entry.offset + 1
        if entry.offset in self.before:
            self._leave_out(entry, unread=unread)
            return
        seen = self.given[entry.offset] = Seen(entry)
        asks = () if self._repeats_delete(entry) else entry.asks
        for index, ask in enumerate(asks):
            todo = Todo(ask, seen, (self.number, entry.offset, index))
            seen.todos.append(todo)
            course = self.courses.get(ask.contact)
            if course is None:
                course = self.courses[ask.contact] = Course()
            course.todos.append(todo)
        if seen.todos or entry.dead:
            self.unsettled.append(seen)

    def _leave_out(self, entry: Entry, *, unread: bool) -> None:
        """A tombstone after it asks for nothing, where it is known to be no upsert."""
        if not unread:
            self._repeats_delete(entry)
        elif self._last_deleted == entry.record.key and entry.record.value is not None:
            self._last_deleted = None

    def _repeats_delete(self, entry: Entry) -> bool:
        """Whether it is the tombstone after the last delete, which takes no call (docs/mapping.md)."""
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
