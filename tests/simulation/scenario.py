"""What one seed draws: the logs, the limits of the engine and the rates of the faults.

Every partition has a number. A body carries, per partition, the offset of the newest record in it
(`v0`) and the fields that the record set (`a0`), so the oracle can tell from a request alone which
records it carries.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from connector.engine.limits import Limits
from connector.model import (
    AwaitsSchema,
    Delete,
    Delivery,
    Event,
    Record,
    Rejection,
    Skip,
    TopicPartition,
    Translated,
    Upsert,
)

BAD = "bad"
"""The value that the simulated API never accepts."""


class Logged(NamedTuple):
    """One record of a log, what it is translated to, and when it was produced."""

    record: Record
    translated: Translated
    produced_ms: int

    @property
    def deliveries(self) -> list[Delivery]:
        """The deliveries, none for a record that is skipped or rejected by its mapping."""
        if isinstance(self.translated, Skip | Rejection | AwaitsSchema):
            return []
        return list(self.translated)


@dataclass(frozen=True)
class Log:
    """One partition's log. `end` may lie behind the last record: control records follow."""

    name: TopicPartition
    records: dict[int, Logged]
    end: int


@dataclass(frozen=True)
class Faults:
    """Rates between 0 and 1 while the faults last; the calm has all of them at 0."""

    lost_before: float = 0.0
    lost_after: float = 0.0
    server: float = 0.0
    not_sent: float = 0.0
    late: float = 0.0
    item_retry: float = 0.0
    letter: float = 0.0
    commit_refused: float = 0.0
    commit_silent: float = 0.0


CALM = Faults()


@dataclass(frozen=True)
class Scenario:
    """Everything that a run needs besides the engine."""

    seed: int
    logs: tuple[Log, ...]
    limits: Limits
    faults: Faults
    calm_ms: int
    members: int
    poll_ms: int
    poll_records: int
    answer_ms: int
    calls_per_window: int | None
    window_s: int
    whole_batch: bool
    strict_events: bool
    rebalances: tuple[int, ...]
    crashes: tuple[int, ...]
    stops: tuple[int, ...]
    strangers: tuple[int, ...]
    refusals: tuple[tuple[int, int], ...]

    @property
    def alone(self) -> bool:
        """Whether every call was this instance's own, and every answer told it what is left (promise 6)."""
        others = self.members > 1 or self.crashes or self.stops or self.strangers or self.refusals
        return not (others or self.faults.lost_after or self.faults.server)


def draw(seed: int) -> Scenario:
    """Draw the scenario of a seed."""
    rng = Random(seed)  # noqa: S311 - a run to be repeated, not a secret
    calm_ms = rng.randrange(5_000, 30_000)
    limited = rng.random() < 0.6
    quiet = rng.random() < 0.15

    def moments(share: float, count: int) -> tuple[int, ...]:
        if quiet or rng.random() >= share:
            return ()
        return tuple(sorted(rng.randrange(100, calm_ms) for _ in range(rng.randint(1, count))))

    def rate(share: float, largest: float) -> float:
        return 0.0 if quiet or rng.random() >= share else rng.random() * largest

    return Scenario(
        seed=seed,
        logs=_logs(rng, calm_ms),
        limits=_limits(rng),
        faults=Faults(
            lost_before=rate(0.5, 0.3),
            lost_after=rate(0.5, 0.3),
            server=rate(0.5, 0.3),
            not_sent=rate(0.2, 0.1),
            late=rate(0.4, 0.2),
            item_retry=rate(0.4, 0.2),
            letter=rate(0.4, 0.8),
            commit_refused=rate(0.4, 0.6),
            commit_silent=rate(0.2, 0.3),
        ),
        calm_ms=calm_ms,
        members=rng.choice((1, 1, 2)),
        poll_ms=rng.choice((10, 50, 100)),
        poll_records=rng.choice((1, 5, 50)),
        answer_ms=rng.choice((5, 50, 300)),
        calls_per_window=rng.choice((4, 10, 30)) if limited else None,
        window_s=rng.choice((2, 5)),
        whole_batch=rng.random() < 0.4,
        strict_events=rng.random() < 0.4,
        rebalances=moments(0.6, 8),
        crashes=moments(0.4, 3),
        stops=moments(0.3, 2),
        strangers=moments(0.2, 5),
        refusals=tuple((start, start + rng.randrange(200, 5_000)) for start in moments(0.3, 2)),
    )


def _limits(rng: Random) -> Limits:
    return Limits(
        batch_items_max=rng.choice((1, 3, 10, 100)),
        linger_ms=rng.choice((0, 50)),
        requests_in_flight_max=rng.choice((1, 2, 4, 8)),
        buffered_records_max=rng.choice((8, 40, 20_000)),
        buffered_bytes_max=rng.choice((300, 100_000)),
        retry_backoff_first_ms=rng.choice((10, 200)),
        retry_backoff_largest_ms=rng.choice((500, 3_000)),
        drain_ms=rng.choice((500, 3_000)),
        commit_interval_ms=rng.choice((100, 1_000)),
        contacts_remembered_max=rng.choice((0, 3, 1_000)),
    )


def _logs(rng: Random, calm_ms: int) -> tuple[Log, ...]:
    contacts = rng.choice((2, 5, 20))
    return tuple(
        _Writer(rng, number, contacts, calm_ms).log(rng.choice((15, 40, 80)))
        for number in range(rng.randint(1, 3))
    )


def _no_headers() -> None:
    """No record has headers."""


class _Writer:
    """Writes one log: most contacts are its own, one is shared with the other partitions."""

    def __init__(self, rng: Random, number: int, contacts: int, calm_ms: int) -> None:
        self._rng = rng
        self._number = number
        self._contacts = [f"p{number}-{index}" for index in range(contacts)]
        self._calm_ms = calm_ms
        self._backlog = rng.random()
        self._tombstones = rng.random() < 0.7
        weights = {kind: rng.random() for kind in ("upsert", "event", "both", "delete", "move")}
        weights |= {"upsert": 1.0, "lone": 0.05, "skip": 0.05, "refused": 0.04, "poison": 0.1}
        self._kinds, self._weights = list(weights), list(weights.values())
        self._offset = rng.choice((0, 0, 1_000))
        self._produced_ms = 0
        self._alive: set[str] = set()  # contacts whose last record was an upsert
        self._records: dict[int, Logged] = {}
        self._writers: dict[str, Callable[[str], None]] = {
            "upsert": lambda contact: self._append(contact, [self._upsert(contact)]),
            "poison": lambda contact: self._append(contact, [self._poison(contact)]),
            "event": lambda contact: self._append(contact, [self._event(contact)]),
            "both": lambda contact: self._append(contact, [self._upsert(contact), self._event(contact)]),
            "skip": lambda contact: self._append(contact, Skip("when")),
            "refused": lambda contact: self._append(contact, Rejection("decode", "not JSON")),
            "lone": lambda contact: self._append(contact, [Delete(contact, tombstone=True)]),
            "move": self._move,
            "delete": self._delete,
        }
        self._topic = ("customers", "customers", "orders")[number]

    def log(self, length: int) -> Log:
        rng = self._rng
        while len(self._records) < length:
            if rng.random() > self._backlog:
                step_ms = 2 * self._calm_ms // length
                self._produced_ms = min(self._calm_ms, self._produced_ms + rng.randrange(step_ms))
            contact = "shared" if rng.random() < 0.1 else rng.choice(self._contacts)
            self._write(rng.choices(self._kinds, self._weights)[0], contact)
        end = self._offset + (rng.randint(1, 3) if rng.random() < 0.3 else 0)
        return Log(TopicPartition(self._topic, self._number), self._records, end)

    def _write(self, kind: str, contact: str) -> None:
        if contact == "shared" and kind in {"delete", "move", "lone"}:
            kind = "upsert"  # Whose delete a request stands for could not be told.
        if kind == "lone" and contact not in self._alive:
            kind = "delete"
        self._writers[kind](contact)

    def _delete(self, contact: str) -> None:
        self._append(contact, [Delete(contact)])
        if self._tombstones:
            self._append(contact, [Delete(contact, tombstone=True)])

    def _move(self, old: str) -> None:
        new = self._rng.choice(self._contacts)
        if new == old:
            self._append(old, [self._upsert(old)])
        else:
            self._append(new, [Delete(old), self._upsert(new)])
            self._alive.discard(old)

    def _upsert(self, contact: str) -> Upsert:
        rng, number = self._rng, self._number
        fields = {f"{name}{number}": self._offset for name in "abc" if rng.random() < 0.5}
        body = {"_user_id": contact, f"v{number}": self._offset, **fields}
        return Upsert(contact, body, instant=rng.random() < 0.7)

    def _poison(self, contact: str) -> Delivery:
        number = self._number
        if self._rng.random() < 0.3:
            event = self._event(contact)
            event.body["_event_parameters"] = {BAD: BAD}
            return event
        body = {"_user_id": contact, f"v{number}": self._offset, f"a{number}": BAD}
        return Upsert(contact, body, instant=True)

    def _event(self, contact: str) -> Event:
        body = {"_user_id": contact, "_event_id": f"{self._number}:{self._offset}", "_event_parameters": {}}
        return Event(contact, body, self._rng.choice((0, 5_000)))

    def _append(self, key: str, translated: Translated) -> None:
        rng, offset = self._rng, self._offset
        if isinstance(translated, list) and any(isinstance(d, Upsert) for d in translated):
            self._alive.add(key)
        elif isinstance(translated, list) and any(isinstance(d, Delete) for d in translated):
            self._alive.discard(key)
        record = Record(
            self._topic, self._number, offset, key.encode(), b"x" * rng.randrange(60), offset, _no_headers
        )
        self._records[offset] = Logged(record, translated, self._produced_ms)
        self._offset += 1 + (rng.randint(1, 5) if rng.random() < 0.1 else 0)
