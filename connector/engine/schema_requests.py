"""Which schemas the registry is asked for, when it is asked again, and which it certainly does not have.

A registry that does not answer is asked again forever, with backoff. One that answers that it has no such
schema is asked once more, because a replica that lags says the same. Only then is the schema unknown. That
is remembered for a while, so that a topic full of such records costs few questions.

A partition waits for one schema at a time, that of its first parked record. The schemas of the parked records
after it are asked for *ahead*, as far as there is room. So where each record names another schema that does
not exist, the doubts last two seconds together, and not two seconds each.
"""

from collections.abc import Callable, Collection
from random import Random

from connector.engine.events import FetchSchema
from connector.engine.retries import Backoff
from connector.model import SchemaRef, SchemaVerdict

DOUBT_MS = 2_000
"""How long after the first answer that a schema is unknown the registry is asked once more."""

UNKNOWN_MS = 5_000
"""How long it is remembered that the registry has no such schema.

Until then its records become dead letters, although it may have been registered meanwhile."""

REMEMBERED_MAX = 1_000
"""How many answers of one kind are remembered: references come from the wire (S15)."""

ASKED_MAX = 4
"""How many questions may be out at a time: as many as the client asks at a time."""

AHEAD_MAX = 100
"""How many schemas may be wanted ahead; a question costs some milliseconds of CPU."""


class _Question:
    """A schema that is wanted."""

    __slots__ = ("backoff", "doubted", "due_ms", "hurried")

    def __init__(self, backoff: Backoff, due_ms: int, *, doubted: bool) -> None:
        self.backoff = backoff
        self.due_ms = due_ms
        self.doubted = doubted  # the registry has said at least once that it has no such schema
        self.hurried = (
            False  # it was asked before its time, because the registry had answered another question
        )


class SchemaRequests:
    """Wants at most as many schemas as there are partitions, and `AHEAD_MAX` more.

    `answers` counts the registry's answers by verdict.
    """

    __slots__ = (
        "_ahead",
        "_asked",
        "_due_ms",
        "_failing",
        "_known",
        "_make_backoff",
        "_unknown",
        "_wanted",
        "answers",
    )

    def __init__(self, first_ms: int, largest_ms: int, random: Random) -> None:
        # One for each question: a schema that the registry cannot serve delays no other.
        self._make_backoff: Callable[[], Backoff] = lambda: Backoff(first_ms, largest_ms, random)
        self._wanted: dict[SchemaRef, _Question] = {}
        self._ahead: set[SchemaRef] = set()  # those of the wanted that no partition waits for yet
        self._failing: dict[SchemaRef, str] = {}  # those of the wanted that were not answered, and why
        self._asked: set[SchemaRef] = set()  # also those that no partition waits for any more
        self._known: dict[SchemaRef, None] = {}  # those that were answered: not asked ahead again
        self._unknown: dict[SchemaRef, tuple[int, str]] = {}  # until when, and what the registry said
        self._due_ms: int | None = None
        self.answers = dict.fromkeys(SchemaVerdict, 0)

    def want(self, ref: SchemaRef, now_ms: int) -> None:
        """Take in that a partition waits for a schema."""
        self._ahead.discard(ref)
        if ref not in self._wanted:
            self._add(ref, now_ms)
        self._plan()

    def want_ahead(self, ref: SchemaRef, now_ms: int) -> None:
        """Take in that a partition is going to need a schema; ignored where there is no room for it."""
        if (
            len(self._ahead) < AHEAD_MAX
            and ref not in self._wanted
            and ref not in self._known
            and self.unknown(ref, now_ms) is None
        ):
            self._ahead.add(ref)
            self._add(ref, now_ms)
            self._plan()

    def keep(self, refs: Collection[SchemaRef]) -> None:
        """Give up the schemas that no partition waits for any more: all except these."""
        self._wanted = {ref: question for ref, question in self._wanted.items() if ref in refs}
        self._failing = {ref: reason for ref, reason in self._failing.items() if ref in refs}
        self._ahead.clear()
        self._plan()

    def unknown(self, ref: SchemaRef, now_ms: int) -> str | None:
        """Return the registry's words where it certainly has no such schema; None otherwise."""
        found = self._unknown.get(ref)
        return found[1] if found is not None and now_ms < found[0] else None

    def due_ms(self) -> int | None:
        """When the next question is due; None while that depends on an answer or an arrival."""
        return self._due_ms

    def next(self, now_ms: int) -> list[FetchSchema]:
        """Ask the questions that are due; one is out per schema.

        Schemas that partitions wait for go first, and half of the questions are kept for them. Of equals, the
        one that has been due for longest goes first.
        """
        if self._due_ms is None or self._due_ms > now_ms:
            return []
        due = [ref for ref, q in self._wanted.items() if q.due_ms <= now_ms and ref not in self._asked]
        due.sort(key=lambda ref: (ref in self._ahead, self._wanted[ref].due_ms))
        commands = []
        for ref in due:
            if self._has_room(ref):
                self._asked.add(ref)
                commands.append(FetchSchema(ref))
        self._plan()
        return commands

    def answered(self, ref: SchemaRef, verdict: SchemaVerdict, reason: str, now_ms: int) -> bool:
        """Take in one answer; returns whether the records that wait for the schema can go on now."""
        self._asked.discard(ref)
        self.answers[verdict] += 1
        question = self._wanted.get(ref)
        settled = False
        if verdict is SchemaVerdict.UNAVAILABLE:
            if question is not None:
                question.due_ms = question.backoff.failed(now_ms)
                self._failing[ref] = reason or "no answer"
        else:
            self._failing.pop(ref, None)
            self._hurry(now_ms)
            settled = question is not None and self._settle(ref, question, verdict, reason, now_ms)
        self._plan()
        return settled

    def try_again(self, now_ms: int) -> None:
        """Ask failed questions again immediately: the registry has new credentials."""
        for ref in self._failing:
            self._wanted[ref].hurried = False
        self._hurry(now_ms)
        self._plan()

    @property
    def late(self) -> Collection[SchemaRef]:
        """The schemas that may take a while: the registry did not answer the last question."""
        return self._failing.keys()

    @property
    def error(self) -> str | None:
        """Why the registry does not answer; None while it does, or while no partition waits for it."""
        return next(iter(self._failing.values()), None)

    def _add(self, ref: SchemaRef, now_ms: int) -> None:
        # One that was unknown before has been asked for twice already.
        self._wanted[ref] = _Question(self._make_backoff(), now_ms, doubted=ref in self._unknown)

    def _settle(
        self, ref: SchemaRef, question: _Question, verdict: SchemaVerdict, reason: str, now_ms: int
    ) -> bool:
        """Take in an answer about a schema; returns whether it is believed."""
        if verdict is SchemaVerdict.UNKNOWN and not question.doubted:
            question.doubted = True
            question.due_ms = now_ms + DOUBT_MS
            return False
        del self._wanted[ref]
        self._ahead.discard(ref)
        self._unknown.pop(ref, None)
        if verdict is SchemaVerdict.UNKNOWN:
            self._unknown[ref] = (now_ms + UNKNOWN_MS, reason)
            _keep_newest(self._unknown)
        else:
            self._known[ref] = None
            _keep_newest(self._known)
        return True

    def _hurry(self, now_ms: int) -> None:
        """Ask failed questions again immediately, with a new backoff, once for each.

        A registry that comes back may need a moment more, and one that is well may fail to serve one schema.
        """
        for question in map(self._wanted.__getitem__, self._failing):
            if not question.hurried:
                question.hurried = True
                question.backoff.succeeded()
                question.due_ms = now_ms

    def _has_room(self, ref: SchemaRef) -> bool:
        return len(self._asked) < (ASKED_MAX // 2 if ref in self._ahead else ASKED_MAX)

    def _plan(self) -> None:
        """Find out when the next question is due: at each change, because it is read more often."""
        self._due_ms = min(
            (q.due_ms for ref, q in self._wanted.items() if ref not in self._asked and self._has_room(ref)),
            default=None,
        )


def _keep_newest(remembered: dict[SchemaRef, tuple[int, str]] | dict[SchemaRef, None]) -> None:
    if len(remembered) > REMEMBERED_MAX:
        del remembered[next(iter(remembered))]
