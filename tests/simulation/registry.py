"""The simulated schema registry: which records need it, when it is away, and what it does not have.

It draws from a stream of its own, so whatever else a seed draws does not depend on it.
"""

from collections.abc import Mapping
from random import Random

from connector.engine.schemas import DOUBT_MS
from connector.model import (
    AwaitsSchema,
    Record,
    RefKind,
    Rejection,
    SchemaRef,
    SchemaVerdict,
    Translated,
)
from tests.simulation.scenario import Log, Scenario

Needs = Mapping[tuple[int, int], tuple[SchemaRef, ...]]
"""Partition and offset of a record → the schemas of its value and its key, none where it needs none."""


class Registry:
    """Every schema that a good record needs is there in the end; some that a bad one names never are."""

    def __init__(self, scenario: Scenario) -> None:
        rng = self._rng = Random(f"schemas of {scenario.seed}")  # noqa: S311 - a run to be repeated
        self._missing = [SchemaRef(RefKind.GUID, f"missing {n}") for n in range(rng.choice((1, 100)))]
        used = rng.random() < 0.5
        self.needs: Needs = {
            (log.name.partition, offset): refs
            for log in scenario.logs
            if used and rng.random() < 0.7
            for offset, refs in self._needs_of(log).items()
        }
        self._answer_ms = rng.choice((5, 300, 2_000))
        self._fails = rng.choice((0.0, 0.3))
        self._lags = rng.random() < 0.5
        starts = [rng.randrange(scenario.calm_ms) for _ in range(rng.choice((0, 2, 4)))]
        self._outages = [(start, start + rng.randrange(100, 10_000)) for start in starts]
        self._there_ms: dict[SchemaRef, int] = {}  # when a replica that lags behind has heard of it
        self._calm = False

    def _needs_of(self, log: Log) -> dict[int, tuple[SchemaRef, ...]]:
        """The topic changes its schema now and then, and some records were written without any."""
        rng = self._rng
        bare, keys, version = rng.choice((0.0, 0.3)), rng.random() < 0.3, 0
        needs: dict[int, tuple[SchemaRef, ...]] = {}
        for offset, logged in log.records.items():
            version += rng.random() < 0.05
            if rng.random() >= bare:
                value = SchemaRef(RefKind.ID, f"{log.name.topic}-{version}")
                needs[offset] = (value, SchemaRef(RefKind.ID, "key")) if keys else (value,)
            if isinstance(logged.translated, Rejection) and rng.random() < 0.5:
                needs[offset] = (rng.choice(self._missing),)
        return needs

    def calm(self) -> None:
        """From here on it answers, and is right."""
        self._calm = True

    def wait_ms(self) -> int:
        """How long the next answer takes."""
        return 1 + self._rng.randrange(self._answer_ms)

    def answer(self, ref: SchemaRef, now_ms: int) -> SchemaVerdict:
        """Answer one question."""
        away = any(start <= now_ms < end for start, end in self._outages)
        if not self._calm and (away or self._rng.random() < self._fails):
            return SchemaVerdict.UNAVAILABLE
        lag_ms = self._rng.randrange(DOUBT_MS) if self._lags and not self._calm else 0
        there_ms = self._there_ms.setdefault(ref, now_ms + lag_ms)
        missing = ref.kind is RefKind.GUID or now_ms < there_ms
        return SchemaVerdict.UNKNOWN if missing else SchemaVerdict.KNOWN


class Reader:
    """The translator of one instance: it reads what its schemas allow."""

    def __init__(self, registry: Registry, logs: tuple[Log, ...]) -> None:
        self._needs = registry.needs
        self._logs = logs
        self.learned: set[SchemaRef] = set()

    def translate(self, record: Record) -> Translated:
        """Translate one record, or say which schema it waits for."""
        for ref in self._needs.get((record.partition, record.offset), ()):
            if ref not in self.learned:
                return AwaitsSchema(ref)
        return self._logs[record.partition].records[record.offset].translated
