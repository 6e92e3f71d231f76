"""Dead letters that the broker has not confirmed yet; the record's offset waits for them (promise 1)."""

from collections.abc import Collection

from connector.engine.events import DeadLetter
from connector.engine.ledger import Entry, Partition
from connector.engine.retries import Backoff
from connector.model import Rejection


class PendingDeadLetters:
    """Numbers the dead letters, remembers them until confirmed, and writes a refused one again."""

    __slots__ = ("_backoff", "_last_id", "_refused", "_waiting", "error")

    def __init__(self, backoff: Backoff) -> None:
        self._backoff = backoff
        self._last_id = 0
        self._waiting: dict[int, tuple[Entry, Rejection]] = {}
        self._refused: list[tuple[Entry, Rejection]] = []
        self.error: str | None = None  # why the last write failed, None once one has succeeded

    def __len__(self) -> int:
        """Count the dead letters that are not confirmed."""
        return len(self._waiting) + len(self._refused)

    def write(self, entry: Entry, rejection: Rejection) -> DeadLetter:
        """Ask for one record to be stored as a dead letter."""
        self._last_id += 1
        self._waiting[self._last_id] = (entry, rejection)
        return DeadLetter(self._last_id, entry.record, rejection.rule, rejection.reason)

    def answered(self, letter_id: int, error: str | None, now_ms: int) -> tuple[Entry, Rejection] | None:
        """Take in the broker's answer; returns the letter that is stored now, None where it was refused."""
        letter = self._waiting.pop(letter_id)
        if error is None:
            self.error = None
            self._backoff.succeeded()
            return letter
        if self.error is None:
            self._backoff.failed(now_ms)
        self.error = error
        self._refused.append(letter)
        return None

    def due_ms(self) -> int | None:
        """When to write the refused ones again."""
        return self._backoff.until_ms if self._refused and not self._waiting else None

    def again(self, now_ms: int) -> list[DeadLetter]:
        """Write the refused ones again; those of partitions that are gone are dropped."""
        # The next wait starts now and doubles: an answer only resets it.
        self._backoff.failed(now_ms)
        refused, self._refused = self._refused, []
        letters = [self.write(entry, rejection) for entry, rejection in refused if entry.partition.alive]
        if not letters:
            self.error = None  # Nothing is left that could show that writing works again.
        return letters

    def wait_for(self, partitions: Collection[Partition]) -> bool:
        """Whether one of these partitions waits for a dead letter."""
        letters = [*self._waiting.values(), *self._refused]
        return any(entry.partition in partitions for entry, _ in letters)
