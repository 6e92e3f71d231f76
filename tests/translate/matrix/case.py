"""The parts of the matrix: kinds of records, each in several wire formats, with their results."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from connector.model import RefKind, Skip
from connector.sandbox.records.schema import ConnectRecord
from connector.sandbox.registry.store import RegistryStore
from connector.sandbox.writer import SampleRecord, Transform, Writer
from tests.imitation.formats import FORMATS
from tests.translate.matrix.registry import APICURIO_2, CONFLUENT, Access

STRUCTS = tuple(name for name in FORMATS if name not in ("string", "bytes"))
"""The formats that can carry rows."""

TYPED = tuple(name for name in STRUCTS if name != "json")
"""The formats that carry the types of columns."""

ACCESS: Mapping[str, tuple[Access | None, ...]] = {
    # A format without a registry is read with and without one configured: the decoder differs.
    **dict.fromkeys(("json", "json-embedded", "string", "bytes"), (None, CONFLUENT)),
    **{name: (CONFLUENT,) for name in FORMATS if "confluent" in name or name == "avro-referring"},
    "avro-apicurio-4": (CONFLUENT, APICURIO_2),
    "avro-apicurio-4-global": (APICURIO_2._replace(use_id=RefKind.GLOBAL_ID),),
    **{name: (APICURIO_2,) for name in FORMATS if name.startswith(("avro-apicurio-8", "avro-apicurio-h"))},
    "apicurio-json": (APICURIO_2._replace(use_id=RefKind.CONTENT_ID),),
    "apicurio-json-framed": (CONFLUENT, APICURIO_2),
}
"""Format → how the registry is asked for its schemas."""

CONTACT: Mapping[str, Any] = {"contact": {"user_id": "id", "attributes": {"plan": "plan"}}}

# --------------------------------------------------------------------------------------- outcomes


@dataclass(frozen=True, slots=True)
class Upserted:
    """An upsert with exactly these attributes. A decimal is given as a JSON fragment, digit by digit."""

    user_id: str
    attributes: Mapping[str, Any]
    instant: bool = True


@dataclass(frozen=True, slots=True)
class Deleted:
    """A deletion; `tombstone` marks the one of a record without a value."""

    user_id: str
    tombstone: bool = False


class Same(NamedTuple):
    """A generated event id: equal labels are equal ids, others are not."""

    label: str


@dataclass(frozen=True, slots=True)
class Happened:
    """An event with exactly these parameters."""

    user_id: str
    parameters: Mapping[str, Any]
    event_id: str | Same


@dataclass(frozen=True, slots=True)
class Refused:
    """A dead letter under a rule, whose reason holds these words."""

    rule: str
    says: str


Delivered: TypeAlias = Upserted | Deleted | Happened
Outcome: TypeAlias = Delivered | tuple[Delivered, ...] | Skip | Refused


def upsert(user_id: str, /, **attributes: Any) -> Upserted:
    """Expect an upsert that is processed immediately."""
    return Upserted(user_id, attributes)


def queued(user_id: str, /, **attributes: Any) -> Upserted:
    """Expect an upsert that Instasent queues, as of a snapshot."""
    return Upserted(user_id, attributes, instant=False)


def event(user_id: str, event_id: str | Same, /, **parameters: Any) -> Happened:
    """Expect an event."""
    return Happened(user_id, parameters, event_id)


def repeated(times: int, *outcomes: Outcome) -> list[Outcome]:
    """Expect the same outcome for several records."""
    return [*outcomes] * times


# ------------------------------------------------------------------------------------------ kinds

Write: TypeAlias = Callable[[RegistryStore, str], Iterable[SampleRecord]]
"""Writes the records of a kind in one format of `FORMATS`; their schemas go to the store."""


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """One kind of record, or a few that belong together.

    `name` is the operator's word for it, `section` that of debezium-events.md. Each record `becomes` one
    outcome under the topic file `rules`, in each of `formats`, and under each of `shapes`. `otherwise`
    names the formats in which that is different. `left_out` are the values that must be counted as not sent.
    `access` are the ways to ask the registry, where not all of those that the format has. The first `context`
    records are only there to set the scene.
    `note` and `remedy` are for the page: what is not seen from the outcome, and what to set at the source.
    """

    name: str
    section: str
    write: Write
    becomes: Sequence[Outcome]
    rules: Mapping[str, Any] = field(default_factory=lambda: CONTACT)
    formats: Sequence[str] = STRUCTS
    otherwise: Mapping[str, Sequence[Outcome]] = field(default_factory=dict)
    shapes: Sequence[str] = ("auto",)
    left_out: Mapping[str, int] = field(default_factory=dict)
    access: Sequence[Access | None] = ()
    context: int = 0
    note: str = ""
    remedy: str = ""


class Case(NamedTuple):
    """A kind in one format."""

    kind: Kind
    format: str

    @property
    def becomes(self) -> Sequence[Outcome]:
        """The expected result of each record."""
        return self.kind.otherwise.get(self.format, self.kind.becomes)

    @property
    def access(self) -> Sequence[Access | None]:
        """The ways to ask the registry for the schemas of its records."""
        return self.kind.access or ACCESS[self.format]

    def __str__(self) -> str:
        return f"{self.kind.name} [{self.format}]"


def cases_of(kinds: Iterable[Kind]) -> Iterator[Case]:
    """Give each kind in each of its formats."""
    for kind in kinds:
        for name in kind.formats:
            yield Case(kind, name)


# ---------------------------------------------------------------------------------- how to write


def made(
    records: Callable[[], Iterable[ConnectRecord]],
    *transforms: Callable[[], Transform],
    key: str = "",
    header: str = "",
) -> Write:
    """Write the records of a source; `key` and `header` are separate formats, by default the sandbox's."""

    def write(store: RegistryStore, name: str) -> Iterator[SampleRecord]:
        value = FORMATS[name](store)
        options = {"header": FORMATS[header](store)} if header else {}
        writer = Writer(
            value,
            FORMATS[key](store) if key else value,
            transforms=[make() for make in transforms],
            **options,
        )
        return writer.records(records())

    return write


def given(*records: SampleRecord) -> Write:
    """Take records unchanged, whatever the format; their kind names one format only."""
    return lambda _store, _name: records
