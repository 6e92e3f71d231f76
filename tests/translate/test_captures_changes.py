"""The same changes of the same tables in each wire format, in envelopes and flattened in each mode.

Every connector's records must become the same, except what their form cannot say (`changes.py`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from connector.model import AwaitsSchema, Record, Skip
from connector.translate.formats.schema_store import SchemaStore
from tests.fixtures.captures import schemas, truth
from tests.translate.captured import (
    capture_of,
    connector_of,
    contacts,
    each,
    known,
    records,
    registry_of,
    schema_of,
    subject,
    table_of,
    translated,
)
from tests.translate.changes import CONNECTORS, TOPICS, Outcome, changes, expected, outcome_of
from tests.translate.expected_values import number
from tests.translate.records import translator_with

USER_ID: Mapping[str, Any] = {"customers": "id", "members": {"template": "{tenant}-{no}"}}

AS: Mapping[str, Any] = {
    name: {"from": name, "as": form}
    for name, form in {
        "birth_date": "date",
        "balance": {"decimal": 2},
        "seen_at": {"timestamp": "ms"},
        "created_at": "timestamp",
        "vip": "boolean",
    }.items()
}
"""The `as:` of the customers for bare JSON; a schema needs none."""

TYPED = [topic for topic in TOPICS if CONNECTORS[connector_of(topic)].format != "JSON"]


def rules(topic: str, user_id: Any = None) -> dict[str, Any]:
    """Return a `contact:` for every column that a topic ever had, with each `as:` that JSON needs."""
    columns = truth(capture_of(topic), table_of(topic)).columns
    attributes = {**each(columns), **{name: rule for name, rule in AS.items() if name in columns}}
    return {"user_id": user_id or USER_ID[table_of(topic)], "attributes": attributes}


def expected_with_as(topic: str) -> Iterator[Outcome]:
    """Yield the expected outcome of each record; `as:` makes booleans of MariaDB's numbers."""
    for result in expected(topic):
        if result[0] == "upsert" and "vip" in result[3]:
            yield (*result[:3], {**result[3], "vip": result[3]["vip"] in (True, number(1))})
        else:
            yield result


@pytest.mark.parametrize("topic", TOPICS)
def test_every_form_tells_the_same(topic: str) -> None:
    """One mapping is right for all of them, whatever carries the types (F036, F037, F045)."""
    one = subject(topic, contact=rules(topic))
    assert [outcome_of(result) for result in translated(topic, one)] == list(expected_with_as(topic))
    assert one.formats == {topic: [CONNECTORS[connector_of(topic)].format]}


@pytest.mark.parametrize("topic", TYPED)
def test_a_schema_tells_the_same_without_as(topic: str) -> None:
    """The types come with the record, or with the schema that it names."""
    columns = truth(capture_of(topic), table_of(topic)).columns
    one = contacts(topic, each(columns), user_id=USER_ID[table_of(topic)])
    assert [outcome_of(result) for result in translated(topic, one)] == list(expected(topic))


@pytest.mark.parametrize("topic", TOPICS)
def test_a_format_that_is_said_is_the_one_that_is_met(topic: str) -> None:
    """`format: json` and `format: avro` take what `auto` takes for these, and refuse the other."""
    said = "avro" if CONNECTORS[connector_of(topic)].format.startswith("Avro") else "json"
    one = subject(topic, contact=rules(topic), format=said)
    assert [outcome_of(result) for result in translated(topic, one)] == list(expected_with_as(topic))


@pytest.mark.parametrize(
    ("registry", "connectors"),
    [("confluent", "pj pjs pav"), ("apicurio", "pj pa8 pjs pah pac pxj"), ("confluent", "mj mav")],
)
def test_a_topic_may_change_its_format_at_any_record(registry: Any, connectors: str) -> None:
    """Every record says by itself how it is written: a migration needs no stop."""
    topics = [topic for topic in TOPICS if connector_of(topic) in connectors.split()]
    customers = [topic for topic in topics if table_of(topic) == "customers"]
    contact = rules(customers[0])
    one = translator_with(known(capture_of(customers[0]), registry), topic="mixed", contact=contact)
    wanted = zip(*map(expected_with_as, customers), strict=False)  # as long as the shortest
    for mixed, results in zip(zip(*map(records, customers), strict=False), wanted, strict=True):
        for record, result in zip(mixed, results, strict=True):
            assert outcome_of(one.translate(replace(record, topic="mixed"))) == result
    assert one.formats == {"mixed": sorted({CONNECTORS[connector_of(topic)].format for topic in customers})}


@pytest.mark.parametrize("topic", [topic for topic in TOPICS if table_of(topic) == "members"])
def test_a_key_change_that_keeps_the_contact_deletes_nothing(topic: str) -> None:
    """With the tenant's column outside the id, the old key and the new one mean one contact (F045)."""
    one = subject(topic, contact=rules(topic, user_id="no"))
    results = [result for result in translated(topic, one) if isinstance(result, Skip)]
    renames = {"envelope": 2, "rewrite-with-tombstone": 2, "drop": 0}
    assert results == [Skip("key_change")] * renames.get(CONNECTORS[connector_of(topic)].form, 1)


# ------------------------------------------------------------------------------------------- keys

KEYS: Mapping[str, Any] = {"customers": "__key.id", "members": {"template": "{__key.tenant}-{__key.no}"}}


@pytest.mark.parametrize("topic", TOPICS)
def test_keys_are_read_in_every_format(topic: str) -> None:
    """A mapping that knows nothing but the key gives the same contacts, and sees the key's columns."""
    one = contacts(topic, {"key": "__key"}, user_id=KEYS[table_of(topic)])
    results = [outcome_of(result) for result in translated(topic, one)]
    assert [result[:2] for result in results] == [result[:2] for result in expected(topic)]
    keys = iter(change.key for change in changes(topic) if change.what not in ("delete", "rename"))
    for result in results:
        if result[0] == "upsert":
            assert result[3] == {"key": columns_of_key(table_of(topic), next(keys))}


def columns_of_key(table: str, key: str) -> dict[str, Any]:
    """Return the columns of a key."""
    *tenant, no = key.split(",")
    return {"tenant": tenant[0], "no": number(no)} if table == "members" else {"id": number(key)}


# ---------------------------------------------------------------------------------------- schemas

NAMED = {"customers": 3, "members": 1}
"""How many schemas the values of a topic name: one more for each change of the table's columns."""


@pytest.mark.parametrize(
    "topic", [topic for topic in TOPICS if "Avro" in CONNECTORS[connector_of(topic)].format]
)
def test_each_schema_of_its_writer_is_asked_for_once(topic: str) -> None:
    """Records wait for exactly the schemas of the registry; a new schema in mid-topic is one more (F040)."""
    one = translator_with(SchemaStore(registry_of(topic)), topic=topic, contact=rules(topic))
    asked = []

    def patiently(record: Record) -> Outcome:
        result = one.translate(record)
        while isinstance(result, AwaitsSchema):
            asked.append(result.ref)
            one.learn(result.ref, schemas(capture_of(topic))[schema_of(result.ref)])
            result = one.translate(record)
        return outcome_of(result)

    assert [patiently(record) for record in records(topic)] == list(expected_with_as(topic))
    assert len(asked) == len(set(asked)) == NAMED[table_of(topic)] + 1  # and that of the keys
