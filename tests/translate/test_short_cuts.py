"""Short cuts for speed change nothing: the fast path, and columns that no rule reads.

The long way decodes everything and asks every question; every record must become the same by either.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.model import Record, RefKind, Rejection, SchemaArtifact, SchemaRef, Skip, Translated
from connector.sandbox.records.columns import DATE, INT32, INT64, STRING, decimal, unscaled
from connector.sandbox.records.connectors import Place
from connector.sandbox.records.schema import ConnectRecord, Row, nullable
from connector.sandbox.records.table import CapturedTable
from connector.sandbox.registry.store import RegistryStore
from connector.sandbox.writer import SampleRecord, Writer
from connector.translate.debezium.shapes import read_shape
from connector.translate.formats import framing
from connector.translate.formats.decoded import Decoded, DecodeError
from connector.translate.formats.payload import PayloadReader
from connector.translate.formats.schema_store import SchemaStore
from connector.translate.mapping import compiler, deliver
from connector.translate.mapping.rules import TopicRules
from connector.translate.mapping.user_id import MappingError
from connector.translate.translate import Translator
from tests.imitation.connectors import CONNECTORS
from tests.imitation.formats import FORMATS
from tests.translate.records import PLACEHOLDER

AT_US = 1_768_467_600_000_000

TEXTS = st.sampled_from(["x", "Ada", "", PLACEHOLDER, "execute-snapshot"])
ALIKE_SIGNALS = {"id": STRING, "type": nullable(STRING), "data": nullable(STRING)}
WIDE = {
    **ALIKE_SIGNALS,
    "a": nullable(STRING),
    "b": nullable(INT32),
    "day": nullable(DATE),
    "amount": nullable(decimal(2, 10)),
    "c": INT64,
    "d": INT64,
    "e": INT64,
}
CELLS: dict[str, st.SearchStrategy[Any]] = {
    "id": TEXTS | st.just("7"),
    **dict.fromkeys(("type", "data", "a"), TEXTS | st.none()),
    "b": st.integers(-(2**31), 2**31 - 1) | st.none(),
    "day": st.integers(-10_000, 3_000_000) | st.none(),
    "amount": st.none() | st.integers(-(10**9), 10**9).map(lambda cents: unscaled(cents, 0)),
    **dict.fromkeys(("c", "d", "e"), st.integers(-(2**63), 2**63 - 1)),
}
USER_IDS = ("id", "c", "a", {"template": "{id}-{c}"}, {"from": "keys(@)[0]"}, "nothing")
ATTRIBUTES = {
    "plain": "a",
    "number": "b",
    "low": {"from": "data", "as": "lowercase"},
    "day": "day",
    "amount": "amount",
    "missing": "nothing",
    "one_of": "a || data",
    "how_many": "length(@)",
    "constant": {"value": 1},
}
EVENTS = (
    {"user_id": "id", "id": "c"},
    {"user_id": "id", "id": "c", "when": "b > `5`", "on": ["update", "delete"]},
    {"user_id": "id", "parameters": {"a": "a"}},
    {"user_id": "__key.id", "id": "c"},
)
RULES = st.fixed_dictionaries(
    {
        "shape": st.sampled_from(["auto", "envelope", "outbox", "event"]),
        "nulls": st.sampled_from(["send", "omit"]),
        "contact": st.none()
        | st.fixed_dictionaries(
            {
                "user_id": st.just("c") | st.sampled_from(USER_IDS),
                "attributes": st.sets(st.sampled_from(sorted(ATTRIBUTES))).map(
                    lambda names: {name: ATTRIBUTES[name] for name in names}
                ),
                "on_delete": st.sampled_from(["delete", "clear"]),
                "before": st.sampled_from(["auto", "full", "key"]),
            }
        ),
        "event": st.none() | st.sampled_from(EVENTS),
    }
).filter(lambda rules: rules["contact"] or rules["event"])


@st.composite
def records(draw: st.DrawFn) -> tuple[str, SchemaStore, list[Record]]:
    """Draw the records of a few changes of one table, in a format that carries the types of its columns."""
    columns = draw(st.sampled_from([ALIKE_SIGNALS, WIDE]))
    connector = CONNECTORS[draw(st.sampled_from(["postgresql", "mysql"]))]
    table = CapturedTable(Place("crm", "shop", "public", "things"), columns, connector=connector)
    rows = st.fixed_dictionaries({name: CELLS[name] for name in columns})
    store = RegistryStore()
    converter = FORMATS[draw(st.sampled_from(["json-embedded", "avro-confluent", "avro-apicurio-8"]))](store)
    writer = Writer(converter, converter)
    changes = [_record(one) for one in writer.records(_changes(table, draw(rows), draw(rows)))]
    return table.topic, _known(store), changes


def _known(store: RegistryStore) -> SchemaStore:
    schemas = SchemaStore("confluent")
    for known in (known for subject in store.subjects() for known in store.versions(subject)):
        artifact = SchemaArtifact(known.text, known.type)
        schemas.learn(SchemaRef(RefKind.ID, str(known.id)), artifact)
        schemas.learn(SchemaRef(RefKind.LONG_ID, str(known.global_id)), artifact)
    return schemas


def _changes(table: CapturedTable, old: Row, new: Row) -> Iterator[ConnectRecord]:
    yield from table.read(old, AT_US)
    yield from table.create(old, AT_US)
    yield from table.update(new, AT_US, before=old)
    yield from table.change_key(old, {**new, "id": f"{old['id']}-2"}, AT_US)
    yield from table.delete(new, AT_US)
    yield from table.truncate(AT_US)


def _record(written: SampleRecord) -> Record:
    return Record(written.topic, 3, 42, written.key, written.value, 7, lambda: written.headers)


def the_long_way(rules: TopicRules, schemas: SchemaStore, record: Record, counts: Counter[str]) -> Translated:
    """Translate a record that is no tombstone by the general path only."""
    value, keys = (
        PayloadReader(framing.VALUE, rules.format, schemas),
        PayloadReader(framing.KEY, "auto", schemas),
    )

    def read_key() -> Decoded:
        return keys.decode_key(record.key, record.read_headers)

    def decode_key(data: bytes) -> Decoded:
        return keys.decode_key(data, lambda: None)

    try:
        decoded = value.decode(record.value, record.read_headers)
        change = read_shape(decoded, rules.shape, read_key, record.read_headers)
        if isinstance(change, Skip):
            return change
        mapping = replace(compiler.compile_topic(rules, change.schema), fast_path=None)
        return deliver.deliver(mapping, change, record, read_key, decode_key, counts)
    except DecodeError as error:
        return Rejection("decode", str(error))
    except MappingError as error:
        return error.rejection


def shown(translated: Translated) -> Any:
    """Write the outcome so that it can be compared; the order of a body's fields means nothing."""
    if not isinstance(translated, list):
        return translated
    return [
        (type(one).__name__, one.user_id, getattr(one, "instant", None), _sorted(getattr(one, "body", None)))
        for one in translated
    ]


def _sorted(body: Any) -> bytes:
    return orjson.dumps(orjson.loads(orjson.dumps(body)), option=orjson.OPT_SORT_KEYS)


@settings(max_examples=400, deadline=None)
@given(sample=records(), rules=RULES)
def test_short_cuts_change_nothing(
    sample: tuple[str, SchemaStore, list[Record]], rules: dict[str, Any]
) -> None:
    """Whatever the mapping reads of whatever row, it gets the same as if all were read (F036, F044)."""
    topic, schemas, changes = sample
    event = {"type": "seen", **rules["event"]} if rules["event"] else None
    model = TopicRules.model_validate({**rules, "topic": topic, "event": event})
    assert compiler.problems(model) == []
    translator = Translator([compiler.compile_topic(model)], schemas)
    counts: Counter[str] = Counter()
    for record in changes:
        got = shown(translator.translate(record))
        if record.value is not None:
            assert got == shown(the_long_way(model, schemas, record, counts))
    assert translator.counts == counts


def test_a_row_of_few_wanted_columns_is_no_signal() -> None:
    """A row with more columns than a signal is none, though a mapping names only those that signals have."""
    store = RegistryStore()
    table = CapturedTable(Place("crm", "shop", "public", "jobs"), WIDE)
    converter = FORMATS["avro-confluent"](store)
    row = {"id": "7", "type": "execute-snapshot", "data": "{}", "c": 1, "d": 2, "e": 3}
    (created,) = Writer(converter, converter).records(table.create(row, AT_US))
    contact = {"user_id": "id", "attributes": {"kind": "type", "data": "data"}}
    model = TopicRules.model_validate({"topic": table.topic, "contact": contact})
    translator = Translator([compiler.compile_topic(model)], _known(store))
    (upsert,) = shown(translator.translate(_record(created)))
    assert orjson.loads(upsert[3]) == {"_user_id": "7", "kind": "execute-snapshot", "data": "{}"}
