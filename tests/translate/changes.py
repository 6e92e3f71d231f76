"""The changes of two captured tables, by name, and the expected result in each form of record.

All connectors write the same changes; their rows are those of the database.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from connector.model import Delete, Skip, Translated, Upsert
from tests.fixtures.captures import MARIADB, POSTGRES, topics, truth
from tests.translate.captured import capture_of, connector_of, sent_body, table_of
from tests.translate.expected_values import sent
from tests.translate.records import deliveries

Form: TypeAlias = Literal[
    "envelope", "drop", "tombstone", "delete-to-tombstone", "rewrite", "rewrite-with-tombstone"
]
"""An envelope, or how `ExtractNewRecordState` writes a delete."""


class Change(NamedTuple):
    """One change to a row: its kind, its key, and the version of the row that it made."""

    what: Literal["read", "create", "update", "delete", "rename"]
    key: str
    version: int = 0


CHANGES: Mapping[str, list[Change]] = {
    "customers": [
        Change("read", "1"),
        Change("read", "2"),
        Change("create", "7"),
        Change("create", "8"),
        Change("update", "7", 1),
        Change("update", "7", 2),
        Change("rename", "7"),
        Change("create", "70"),
        Change("delete", "8"),
        Change("update", "70", 1),  # from here on with one column more, under a new schema
        Change("create", "101"),
        Change("create", "102"),
        Change("update", "101", 1),
        Change("delete", "102"),  # from here on with one column less
        Change("create", "103"),
    ],
    "members": [
        Change("read", "acme,1"),
        Change("create", "acme,2"),
        Change("delete", "acme,2"),
        Change("rename", "acme,1"),
        Change("create", "beta,1"),
    ],
}

NEVER_HAPPENED = {(MARIADB, Change("update", "101", 1))}

INCREMENTAL_READS = [Change("read", key, -1) for key in ("1", "2", "70", "101", "103")]
"""The rows of `customers` that the incremental snapshot reads at the end."""

ADDED, DROPPED = {"loyalty": "5"}, "first_name"
"""The column that rows got with its default, and the one that they lost; neither is a change of a row."""

UNCHANGED = {(POSTGRES, Change("update", "7", 1)): {"notes"}}
"""Columns of an update that Debezium did not get because they did not change (F044)."""


class ConnectorForm(NamedTuple):
    """How a connector writes changes.

    `format` is the wire format as the status page names it. `operations` says whether records distinguish a
    read from a create.
    """

    form: Form
    format: str
    incremental: bool = False
    operations: bool = True


CONNECTORS: Mapping[str, ConnectorForm] = {
    "pj": ConnectorForm("envelope", "JSON", incremental=True),
    "pjs": ConnectorForm("envelope", "JSON with schema"),
    "pav": ConnectorForm("envelope", "Avro (Confluent framing)", incremental=True),
    "pa8": ConnectorForm("envelope", "Avro (Apicurio framing)"),
    "pah": ConnectorForm("envelope", "Avro (Apicurio headers)"),
    "pac": ConnectorForm("envelope", "Avro (Apicurio headers)"),
    "pxj": ConnectorForm("envelope", "JSON (Apicurio schema id)"),
    "pfd": ConnectorForm("drop", "JSON"),
    "pft": ConnectorForm("tombstone", "JSON"),
    "pfr": ConnectorForm("rewrite", "JSON"),
    "pfw": ConnectorForm("rewrite-with-tombstone", "JSON"),
    "pfz": ConnectorForm("delete-to-tombstone", "JSON"),
    "pfs": ConnectorForm("tombstone", "JSON with schema", operations=False),
    "pfa": ConnectorForm("rewrite", "Avro (Confluent framing)"),
    "pfn": ConnectorForm("tombstone", "Avro (Confluent framing)", operations=False),
    "mj": ConnectorForm("envelope", "JSON", incremental=True),
    "mjs": ConnectorForm("envelope", "JSON with schema"),
    "mav": ConnectorForm("envelope", "Avro (Confluent framing)", incremental=True),
    "mfr": ConnectorForm("rewrite", "JSON"),
    "mfa": ConnectorForm("rewrite", "Avro (Confluent framing)"),
}

TOPICS = [topic for name in (POSTGRES, MARIADB) for topic in topics(name) if table_of(topic) in CHANGES]

Outcome: TypeAlias = tuple[Any, ...]
"""The result of one record, for comparison: an upsert, a delete or a skip."""

DELETED: Mapping[Form, Mapping[str, list[str]]] = {
    # the outcome of each record of a delete or of a changed key: a delete, a delete by a tombstone, or a skip
    "envelope": {"delete": ["row", "tombstone"], "rename": ["row", "key_change"]},
    "drop": {"delete": [], "rename": []},
    "tombstone": {"delete": ["tombstone"], "rename": ["tombstone"]},
    "delete-to-tombstone": {"delete": ["tombstone"], "rename": ["tombstone"]},
    "rewrite": {"delete": ["row"], "rename": ["row"]},
    "rewrite-with-tombstone": {"delete": ["row", "tombstone"], "rename": ["row", "tombstone"]},
}


def outcome_of(result: Translated) -> Outcome:
    """Return the outcome of a record in a form that can be compared."""
    if isinstance(result, Skip):
        return ("skip", result.rule)
    (delivery,) = deliveries(result)
    if isinstance(delivery, Delete):
        return ("delete", delivery.user_id, delivery.tombstone)
    assert isinstance(delivery, Upsert)
    return ("upsert", delivery.user_id, delivery.instant, sent_body(delivery))


def user_id(table: str, key: str) -> str:
    """Return the id of the contact of a row: a member's is made of both columns of its key."""
    return key.replace(",", "-") if table == "members" else key


def changes(topic: str) -> Iterator[Change]:
    """Yield the changes of a topic, in order."""
    capture, table = capture_of(topic), table_of(topic)
    yield from (change for change in CHANGES[table] if (capture, change) not in NEVER_HAPPENED)
    if table == "customers" and CONNECTORS[connector_of(topic)].incremental:
        yield from INCREMENTAL_READS


def expected(topic: str) -> Iterator[Outcome]:
    """Yield the expected result of each record of a topic, where each row is a separate contact."""
    connector = CONNECTORS[connector_of(topic)]
    for change in changes(topic):
        contact = user_id(table_of(topic), change.key)
        if change.what in ("delete", "rename"):
            for record in DELETED[connector.form][change.what]:
                gone = ("delete", contact, record == "tombstone")
                yield ("skip", record) if record == "key_change" else gone
        else:
            instant = change.what != "read" or not connector.operations
            yield ("upsert", contact, instant, row(topic, change))


def row(topic: str, change: Change) -> dict[str, Any]:
    """Return the row that a change made, each column as it must be sent."""
    capture = capture_of(topic)
    columns, versions = truth(capture, table_of(topic))
    rows = [version.row for version in versions if version.key == change.key and version.row]
    made, absent = rows[change.version], UNCHANGED.get((capture, change), set())
    if change in INCREMENTAL_READS:
        made, absent = {**ADDED, **made}, {DROPPED}
    return {name: sent(capture, columns[name], text) for name, text in made.items() if name not in absent}
