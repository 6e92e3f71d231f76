"""The cost of translating a record in each wire format, beside the bare decode of the same bytes.

`python -m tests.bench.formats`, or the scenario `formats` of `make bench`; no broker is needed. Both sides
take turns with small batches, so that a slower moment of the machine hits both. The ratio is the median over
the pairs, in CPU time of the thread.
"""

import argparse
import gc
import io
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from statistics import median
from typing import Any, Literal, NamedTuple

import click
import fastavro
import orjson

from connector.model import AwaitsSchema, Record, SchemaArtifact, Translated
from connector.sandbox.formats.avro import without_logical_types
from connector.sandbox.registry.store import RegistryStore
from connector.sandbox.writer import SampleRecord
from connector.shell.service import GC_THRESHOLDS
from connector.translate.formats.json.connect_schema_text import read_connect_schema
from connector.translate.formats.schema_store import SchemaStore
from connector.translate.mapping.compiler import compile_topic
from connector.translate.mapping.rules import TopicRules
from connector.translate.translate import Translator
from tests.bench.encoded import Encoder
from tests.bench.workload import TOPIC, chosen_contacts

BATCH_RECORDS = 100
UPDATES_PER_CONTACT = 2
JSON_GOAL, AVRO_GOAL = 2.2, 1.5

PLAIN: dict[str, Any] = {
    "_first_name": "first_name",
    "_last_name": "last_name",
    "_email": "email",
    "_phone_mobile": "phone",
    "plan": "plan",
    "city": "city",
    "visits": "visits",
    "version": "version",
}
RICH: dict[str, Any] = {
    **PLAIN,
    "_email": {"from": "email", "as": "lowercase"},
    "_phone_mobile": {"from": "phone", "as": "e164"},
    "birthday": {"from": "birth_date", "as": "date"},
    "spent": {"from": "spent", "as": {"decimal": 2}},
}
MAPPINGS = {"8 plain fields": PLAIN, "lowercase, e164, date, decimal": RICH}


class Format(NamedTuple):
    """One wire format: its name in the sandbox, whose registry it needs and where the body begins."""

    label: str
    name: str
    registry: Literal["confluent", "apicurio"] | None = None
    body: int = 0


FORMATS = (
    Format("JSON", "json"),
    Format("JSON with schema", "json-embedded"),
    Format("Avro, Confluent", "avro-confluent", "confluent", 5),
    Format("Avro, Apicurio", "avro-apicurio-8", "apicurio", 9),
    Format("Avro, id in headers", "avro-confluent-header", "confluent"),
    Format("JSON Schema", "json-schema-confluent", "confluent", 5),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """Records of one format, the schema that wrote them, and what a plain program decodes them with."""

    wire: Format
    records: Sequence[Record]
    schema: SchemaArtifact | None
    decode: Callable[[bytes], Any]

    @property
    def bodies(self) -> list[bytes]:
        """The bytes to decode: the values without their framing."""
        return [(record.value or b"")[self.wire.body :] for record in self.records]


class Cost(NamedTuple):
    """CPU seconds per 100,000 records of either side, and the median ratio."""

    ours: float
    bare: float
    ratio: float


def sample(wire: Format, count: int) -> Sample:
    """Write updates of many contacts, of which each has several: phones repeat as real ones do."""
    store = RegistryStore()
    encoder = Encoder(wire.name, store)
    contacts = [*islice(chosen_contacts(count), count // UPDATES_PER_CONTACT)] * UPDATES_PER_CONTACT
    records = [_record(encoder.record(contact, version)) for version, contact in enumerate(contacts)]
    versions = store.versions(f"{TOPIC}-value")
    schema = SchemaArtifact(versions[-1].text, versions[-1].type) if versions else None
    return Sample(wire, records, schema, _bare_decode(schema))


def _record(written: SampleRecord) -> Record:
    """Make a record whose headers are made again when they are asked for, as those of a message are."""
    raw = [(name.encode(), value) for name, value in written.headers]

    def read_headers() -> list[tuple[str, bytes | None]]:
        return [(name.decode(), value) for name, value in raw]

    return Record(written.topic, 0, 0, written.key, written.value, 0, read_headers)


def _bare_decode(schema: SchemaArtifact | None) -> Callable[[bytes], Any]:
    if schema is None or schema.type != "AVRO":
        return orjson.loads
    parsed = fastavro.parse_schema(without_logical_types(orjson.loads(schema.text)))
    return lambda body: fastavro.schemaless_reader(io.BytesIO(body), parsed)


def translate_by(attributes: dict[str, Any], taken: Sample) -> Callable[[Record], Translated]:
    """Compile a mapping that has learned the sample's schema."""
    contact = {"user_id": "id", "attributes": attributes}
    rules = TopicRules.model_validate({"topic": TOPIC, "contact": contact})
    translator = Translator([compile_topic(rules)], SchemaStore(taken.wire.registry))
    awaited = translator.translate(taken.records[0])
    if isinstance(awaited, AwaitsSchema) and taken.schema is not None:
        translator.learn(awaited.ref, taken.schema)
    return translator.translate


def decode_naively(data: bytes) -> Any:
    """Decode JSON with its schema as it comes: all of it is parsed and its schema read, every time."""
    value = orjson.loads(data)
    return value["payload"], read_connect_schema(value["schema"])


def compare(
    ours: Callable[[Any], object],
    our_items: Sequence[Any],
    bare: Callable[[Any], object],
    bare_items: Sequence[Any],
    passes: int,
) -> Cost:
    """Measure both sides batch by batch; the first pass is not counted."""
    starts = range(0, len(our_items), BATCH_RECORDS)
    _consume(map(ours, our_items))
    pairs = [
        (
            _cpu(ours, our_items[start : start + BATCH_RECORDS]),
            _cpu(bare, bare_items[start : start + BATCH_RECORDS]),
        )
        for _ in range(passes)
        for start in starts
    ]
    mine, theirs = (median(side) * 100_000 for side in zip(*pairs, strict=True))
    return Cost(mine, theirs, median(our / other for our, other in pairs))


def _cpu(work: Callable[[Any], object], items: Sequence[Any]) -> float:
    """CPU seconds per item."""
    began = time.thread_time()
    _consume(map(work, items))
    return (time.thread_time() - began) / len(items)


def _consume(results: Iterable[object]) -> None:
    deque(results, maxlen=0)


def run(count: int, passes: int) -> None:
    """Print the table."""
    click.echo(f"\n{'':<22}{'mapping':<32}{'ours s/100k':>12}{'bare s/100k':>12}{'ratio':>8}{'goal':>15}")
    for wire in FORMATS:
        taken = sample(wire, count)
        bodies = taken.bodies
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        for name, attributes in MAPPINGS.items():
            measure = partial(compare, translate_by(attributes, taken), taken.records, passes=passes)
            cost = measure(taken.decode, bodies)
            click.echo(f"{wire.label:<22}{name:<32}{_cells(cost)}{_goal(wire, name, cost.ratio)}")
            if wire.name == "json-embedded":
                click.echo(f"{'  beside reading all':<54}{_cells(measure(decode_naively, bodies))}")


def _cells(cost: Cost) -> str:
    return f"{cost.ours:>12.2f}{cost.bare:>12.2f}{cost.ratio:>8.2f}"


def _goal(wire: Format, mapping: str, ratio: float) -> str:
    if MAPPINGS[mapping] is not PLAIN:
        return ""
    goal = AVRO_GOAL if wire.name.startswith("avro") else JSON_GOAL
    return f"{goal:>7} {'met' if ratio <= goal else 'missed':<7}"


def main() -> None:
    """Measure all formats."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.formats", description=__doc__)
    parser.add_argument("--records", type=int, default=4_000)
    parser.add_argument("--passes", type=int, default=10)
    told = parser.parse_args()
    run(told.records, told.passes)


if __name__ == "__main__":
    main()
