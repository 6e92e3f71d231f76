"""The simulated schema registry: which records need it, when it is away, and what it does not have.

It draws from a stream of its own, so whatever else a seed draws does not depend on it.
"""

from collections import Counter
from collections.abc import Mapping
from random import Random
from typing import TYPE_CHECKING

from connector.engine import events as ev
from connector.engine.schema_requests import DOUBT_MS
from connector.model import AwaitsSchema, Record, RefKind, SchemaRef, SchemaVerdict, Translated
from connector.translate.translate import Translator
from tests.simulation.promises import expect
from tests.simulation.rows import Entry, Log
from tests.simulation.scenario import Scenario

if TYPE_CHECKING:
    from tests.simulation.member import Member
    from tests.simulation.world import World


Needs = Mapping[tuple[int, int], tuple[SchemaRef, ...]]
"""Log and offset of a record → the schemas of its value and its key, none where it needs none."""


class Registry:
    """Every schema that a good record needs is there in the end; some that a bad one names never are."""

    def __init__(self, scenario: Scenario) -> None:
        rng = self._rng = Random(f"schemas of {scenario.seed}")  # noqa: S311 - a run to be repeated
        self._missing = [SchemaRef(RefKind.GUID, f"missing {n}") for n in range(rng.choice((1, 100)))]
        self.needs: Needs = {
            (log.number, offset): refs
            for log in scenario.logs
            if scenario.schemas and rng.random() < 0.7
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
        for entry in log.entries:
            version += rng.random() < 0.05
            if rng.random() >= bare:
                value = SchemaRef(RefKind.ID, f"{log.name.topic}-{version}")
                needs[entry.offset] = (value, SchemaRef(RefKind.ID, "key")) if keys else (value,)
            if entry.dead and rng.random() < 0.5:
                needs[entry.offset] = (rng.choice(self._missing),)
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


class Schooled:
    """The translation of one instance: it reads what the schemas that it was given allow."""

    def __init__(self, world: "World", member: "Member", translator: Translator) -> None:
        self._world = world
        self._member = member
        self._original = translator.translate
        self._needs = world.registry.needs
        self._learned: set[SchemaRef] = set()
        self._asked: set[SchemaRef] = set()
        self._unknown: Counter[SchemaRef] = Counter()

    def translate(self, record: Record) -> Translated:
        """Translate one record, or say which schema it waits for."""
        entry = self._world.scenario.logs[int(record.topic[-1])].entry(record.offset)
        expect(entry.record is record, "the engine has changed a record", record.offset)
        return self.entry(entry)

    def entry(self, entry: Entry) -> Translated:
        """Translate one record of a log, which may have been done before."""
        missing = self._missing(entry.record) if self._needs else None
        return missing or self._world.translated(entry, self._original)

    def _missing(self, record: Record) -> AwaitsSchema | None:
        for ref in self._needs.get((int(record.topic[-1]), record.offset), ()):
            if ref not in self._learned:
                return AwaitsSchema(ref)
        return None

    def fetch(self, command: ev.FetchSchema) -> None:
        """Ask the registry."""
        expect(command.ref not in self._asked, "two questions for one schema", command.ref)
        self._asked.add(command.ref)
        self._member.later(self._world.registry.wait_ms(), self._answered, command.ref)

    def _answered(self, ref: SchemaRef) -> None:
        verdict = self._member.believed(self._world.registry.answer(ref, self._world.now_ms))
        self._asked.discard(ref)
        if verdict is SchemaVerdict.KNOWN:
            self._learned.add(ref)
        elif verdict is SchemaVerdict.UNKNOWN:
            self._unknown[ref] += 1
        else:
            self._world.count("registry away")
        self._member.handle(ev.SchemaAnswered(ref, verdict, "as the registry says"))

    def check(self, letter: ev.DeadLetter) -> None:
        """A record is only given up for want of a schema after the registry was asked twice."""
        for ref in self._needs.get((int(letter.record.topic[-1]), letter.record.offset), ()):
            sure = ref in self._learned or self._unknown[ref] > 1
            expect(sure, "a dead letter before the registry was asked twice", ref)
