"""The API's accepted items, in order, and whether commits and dead letters come after them."""

import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from confluent_kafka import OFFSET_BEGINNING, Consumer
from confluent_kafka import TopicPartition as ClientPartition

from connector.model import TopicPartition
from connector.sandbox.api.ingest_api import Call
from tests.chaos.reference_model import Kind, Log, Written
from tests.waiting import wait_for

POLL_SECONDS = 1.0
LETTERS_SECONDS = 20


class Accepted(NamedTuple):
    """A change of a contact that the API accepted, from which client; `step` is None for a delete.

    `at` is in seconds of the wall clock.
    """

    at: float
    client: str
    contact: str
    step: int | None


class Observer:
    """Sees each call with its answer, on the API's thread, before the answer leaves."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.accepted: list[Accepted] = []
        self.reached: dict[str, int] = {}
        """How far each contact's story was accepted, at most: a delete has no number, it is the next."""
        self.events: set[str] = set()
        self.repeated = 0
        """Deliveries that had been accepted before."""

    def watch(self, call: Call, status: int) -> None:
        """Take one call in."""
        if status >= 300:
            return
        if call.endpoint == "contacts":
            for item in call.items:
                self._upsert(call.token, item["_user_id"], item["row_version"])
        elif call.endpoint == "delete":
            self._delete(call.token, call.subject)
        elif call.endpoint == "events":
            events = {item["_event_id"] for item in call.items}
            self.repeated += len(events & self.events)
            self.events |= events

    def _upsert(self, client: str, contact: str, step: int) -> None:
        self.accepted.append(Accepted(time.time(), client, contact, step))
        reached = self.reached.get(contact, 0)
        self.repeated += step <= reached
        self.reached[contact] = max(reached, step)

    def _delete(self, client: str, contact: str) -> None:
        self.accepted.append(Accepted(time.time(), client, contact, None))
        reached = self.reached.get(contact, 0)
        later = [step for step in self._log.stories[contact].deletes if step > reached]
        self.repeated += not later
        self.reached[contact] = later[0] if later else reached

    def has(self, written: Written) -> bool:
        """Return whether what a record asks for was accepted, or became part of something newer that was."""
        if written.kind in (Kind.UPSERT, Kind.DELETE):
            return self.reached.get(written.subject, 0) >= written.step
        return written.kind is not Kind.EVENT or written.subject in self.events


class Letters:
    """The dead letters that the broker holds: the places that they came from."""

    def __init__(self, bootstrap_servers: str, topic: str) -> None:
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap_servers,
                "group.id": "letters",
                "enable.partition.eof": True,
                "log_level": 0,
            }
        )
        self._consumer.assign([ClientPartition(topic, 0, OFFSET_BEGINNING)])
        self.places: set[tuple[TopicPartition, int]] = set()
        self._patience_seconds = LETTERS_SECONDS  # none any more, once they were waited for in vain

    def read(self) -> None:
        """Read up to the end."""
        while (message := self._consumer.poll(POLL_SECONDS)) is not None:
            error = message.error()
            if error is not None and error.name() == "_PARTITION_EOF":
                return
            if error is None:
                self.places.add(_place(dict(message.headers() or {})))

    def hold(self, *places: tuple[TopicPartition, int]) -> bool:
        """Return whether the dead letters of these places are there; waits for their broker."""
        wanted = set(places)

        def there() -> bool:
            if not wanted <= self.places:
                self.read()
            return wanted <= self.places

        try:
            return wait_for(there, self._patience_seconds, "dead letters")
        except TimeoutError:
            self._patience_seconds = 0
            return False

    def close(self) -> None:
        """Give the client back."""
        self._consumer.close()


def _place(headers: Mapping[str, str | bytes | None]) -> tuple[TopicPartition, int]:
    """Read where a dead letter came from."""
    told = {name: value.decode() for name, value in headers.items() if isinstance(value, bytes)}
    partition = TopicPartition(told["instasent.topic"], int(told["instasent.partition"]))
    return partition, int(told["instasent.offset"])


class Commits:
    """Compares what the group has committed with what was accepted by then."""

    def __init__(self, log: Log, observer: Observer, letters: Letters) -> None:
        self._log = log
        self._observer = observer
        self._letters = letters
        self._checked: dict[TopicPartition, int] = {}
        self.early: list[str] = []
        """Offsets that were committed before their records were settled."""

    def audit(self, committed: Mapping[TopicPartition, int]) -> None:
        """Check every record below these offsets, which were read before now; each once."""
        for partition, offset in committed.items():
            for number, written in self._unchecked(partition, offset):
                if not self._settled(partition, number, written):
                    self.early.append(
                        f"{partition} was committed up to {offset}, but the {written.kind.value} of "
                        f"{written.subject!r} at {number} is not settled"
                    )

    def behind(self) -> int:
        """Return how many records were not committed when last looked at."""
        return self._log.count() - sum(self._checked.values())

    def _unchecked(self, partition: TopicPartition, offset: int) -> Iterator[tuple[int, Written]]:
        records, first = self._log.records.get(partition, []), self._checked.get(partition, 0)
        self._checked[partition] = max(first, min(offset, len(records)))
        yield from enumerate(records[first : self._checked[partition]], first)

    def _settled(self, partition: TopicPartition, number: int, written: Written) -> bool:
        if written.kind is not Kind.UNREADABLE:
            return self._observer.has(written)
        return self._letters.hold((partition, number))
