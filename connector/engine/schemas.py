"""Which schemas the registry is asked for, when it is asked again, and which it is known not to have.

A registry that does not answer is asked again for ever, with backoff. One that answers that it has no
such schema is asked once more: a replica that lags behind says the same. Only then is the schema
unknown, and that is remembered for a while, so that a topic full of such records costs few questions.
"""

from collections.abc import Callable, Collection
from random import Random

from connector.engine.events import FetchSchema
from connector.engine.retries import Backoff
from connector.model import SchemaRef, SchemaVerdict

DOUBT_MS = 2_000
"""How long after the first answer that a schema is unknown the registry is asked once more."""

UNKNOWN_MS = 30_000
"""How long it is remembered that the registry has no such schema."""

UNKNOWN_REFS_MAX = 1_000
"""How many of these are remembered: references come from the wire (S15)."""

ASKED_MAX = 8
"""How many questions may be out at once."""


class _Question:
    """A schema that somebody waits for."""

    __slots__ = ("backoff", "doubted", "due_ms", "failure")

    def __init__(self, backoff: Backoff, due_ms: int, *, doubted: bool) -> None:
        self.backoff = backoff
        self.due_ms = due_ms
        self.doubted = doubted  # the registry said at least once that it has no such schema
        self.failure = ""  # why the last question brought no answer


class Schemas:
    """Wanted are at most as many schemas as there are partitions: each waits for one at a time.

    `answers` counts the registry's answers by verdict.
    """

    __slots__ = ("_asked", "_make_backoff", "_unknown", "_wanted", "answers")

    def __init__(self, first_ms: int, largest_ms: int, random: Random) -> None:
        # One for each question: a schema that only makes the registry stumble delays no other.
        self._make_backoff: Callable[[], Backoff] = lambda: Backoff(first_ms, largest_ms, random)
        self._wanted: dict[SchemaRef, _Question] = {}
        self._asked: set[SchemaRef] = set()  # also such as nobody waits for any more
        self._unknown: dict[SchemaRef, tuple[int, str]] = {}  # until when, and what the registry said
        self.answers = dict.fromkeys(SchemaVerdict, 0)

    def want(self, ref: SchemaRef, now_ms: int) -> None:
        """Take in that a record waits for a schema."""
        if ref not in self._wanted:
            # One that was unknown before has been asked for twice already.
            self._wanted[ref] = _Question(self._make_backoff(), now_ms, doubted=ref in self._unknown)

    def keep(self, refs: Collection[SchemaRef]) -> None:
        """Give up what nobody waits for any more: all but these."""
        self._wanted = {ref: question for ref, question in self._wanted.items() if ref in refs}

    def unknown(self, ref: SchemaRef, now_ms: int) -> str | None:
        """What the registry said when it was found to have no such schema; None where that is not so."""
        found = self._unknown.get(ref)
        return found[1] if found is not None and now_ms < found[0] else None

    def due_ms(self) -> int | None:
        """When the next question is due; None while only an answer or an arrival can change that."""
        if not self._wanted or len(self._asked) >= ASKED_MAX:
            return None
        return min((q.due_ms for ref, q in self._wanted.items() if ref not in self._asked), default=None)

    def next(self, now_ms: int) -> list[FetchSchema]:
        """Ask what is due, what has been due for longest first; one question is out per schema."""
        if not self._wanted:
            return []
        due = [ref for ref, q in self._wanted.items() if q.due_ms <= now_ms and ref not in self._asked]
        due.sort(key=lambda ref: self._wanted[ref].due_ms)
        asked = due[: ASKED_MAX - len(self._asked)]
        self._asked.update(asked)
        return [FetchSchema(ref) for ref in asked]

    def answered(self, ref: SchemaRef, verdict: SchemaVerdict, reason: str, now_ms: int) -> bool:
        """Take in one answer; tells whether the records that wait for the schema can go on now."""
        self._asked.discard(ref)
        self.answers[verdict] += 1
        question = self._wanted.get(ref)
        if verdict is SchemaVerdict.UNAVAILABLE:
            if question is not None:
                question.failure = reason or "no answer"
                question.due_ms = question.backoff.failed(now_ms)
            return False
        self.try_again(now_ms)
        if question is None:
            return False
        if verdict is SchemaVerdict.UNKNOWN and not question.doubted:
            question.doubted = True
            question.failure = ""
            question.due_ms = now_ms + DOUBT_MS
            return False
        del self._wanted[ref]
        self._unknown.pop(ref, None)
        if verdict is SchemaVerdict.UNKNOWN:
            self._remember_unknown(ref, reason, now_ms)
        return True

    def try_again(self, now_ms: int) -> None:
        """Ask at once for what has failed: the registry answers again, or has new credentials."""
        for question in self._wanted.values():
            if question.failure:
                question.due_ms = now_ms

    @property
    def late(self) -> Collection[SchemaRef]:
        """The schemas that the first question did not bring."""
        return [ref for ref, question in self._wanted.items() if question.doubted or question.failure]

    @property
    def error(self) -> str | None:
        """Why the registry does not answer, None while it does or nobody waits for it."""
        return next((question.failure for question in self._wanted.values() if question.failure), None)

    def _remember_unknown(self, ref: SchemaRef, reason: str, now_ms: int) -> None:
        self._unknown[ref] = (now_ms + UNKNOWN_MS, reason)
        if len(self._unknown) > UNKNOWN_REFS_MAX:
            del self._unknown[next(iter(self._unknown))]  # the oldest
