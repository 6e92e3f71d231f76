"""`ExtractNewRecordState` and `ExtractNewDocumentState` in every delete mode (debezium-events.md 4)."""

import json
from typing import Any

import pytest

from connector.sandbox.records.connectors import Place
from connector.sandbox.records.flatten import FLATTENED, DeleteMode, Flatten
from connector.sandbox.records.table import NEW_KEY
from connector.sandbox.registry.store import RegistryStore
from connector.sandbox.writer import Writer
from tests.imitation import service_messages
from tests.imitation.extended_json import Date, Decimal128, Long, ObjectId
from tests.imitation.flatten_document import FlattenDocument
from tests.imitation.formats import FORMATS
from tests.imitation.mongodb import Collection
from tests.sandbox.formats.read_back import read_avro, schema_of
from tests.sandbox.records.events import AT_US, ROW, own_headers, table, values, write

DELETED = {"id": 7, "email": "", "vip": False, "plan": None, "__deleted": "true"}
WRITTEN: dict[DeleteMode, list[bytes | None]] = {
    # what a created row, a delete and its tombstone become
    "drop": [],
    "tombstone": [b"null"],
    "rewrite": [json.dumps(DELETED, separators=(",", ":")).encode()],
    "rewrite-with-tombstone": [json.dumps(DELETED, separators=(",", ":")).encode(), None],
    "delete-to-tombstone": [None],
}
IDENTIFIER = "65a1f0c2e4b0a1b2c3d4e5f6"


@pytest.mark.parametrize("mode", WRITTEN)
def test_deletes_in_each_mode(mode: DeleteMode) -> None:
    """Rows stay rows; a delete is nothing, `null`, a marked row or Kafka's null."""
    source = table()
    created, *deleted = write([*source.create(ROW, AT_US), *source.delete(ROW, AT_US)], Flatten(mode))
    mark = {"__deleted": "false"} if mode.startswith("rewrite") else {}
    assert json.loads(created.value or b"") == {**ROW, **mark}
    assert [record.value for record in deleted] == WRITTEN[mode]
    assert {record.key for record in deleted} <= {b'{"id":7}'}
    assert FLATTENED[f"flattened-{mode}"] == mode


def test_added_fields_and_headers() -> None:
    """Names, prefix, alias, members of source and transaction; what is not there is left out."""
    flatten = Flatten(
        "rewrite-with-tombstone",
        add_fields=(
            "op",
            "table",
            "source.ts_ms",
            "lsn:position",
            "nowhere",
            "total_order",
            "source.snapshot",
        ),
        add_headers=("op", "source.lsn", "nowhere"),
    )
    source = table()
    created, deleted, tombstone = write([*source.create(ROW, AT_US), *source.delete(ROW, AT_US)], flatten)
    assert json.loads(created.value or b"") == {
        **ROW,
        "__deleted": "false",
        "__op": "c",
        "__table": "customers",
        "__source_ts_ms": AT_US // 1000,
        "__position": 26_746_256,
        "__total_order": None,
        "__source_snapshot": None,
    }
    assert [own_headers(record) for record in (created, deleted, tombstone)] == [
        [("__op", b"c"), ("__source_lsn", b"26746256")],
        [("__op", b"d"), ("__source_lsn", b"26746568")],
        [("__op", b"d")],
    ]
    (row,) = values(table().create(ROW, AT_US), Flatten(add_fields=("op",), prefix=""))
    assert row == {**ROW, "op": "c"}


def test_truncates_are_dropped_and_other_records_pass() -> None:
    """Of records about no row only those with an envelope are touched; key changes keep their headers."""
    heartbeat = service_messages.heartbeat("crm", 1)
    records = write([*table().truncate(AT_US), heartbeat], Flatten())
    assert [record.topic for record in records] == ["__debezium-heartbeat.crm"]
    renamed, _created = write(table().change_key(ROW, {**ROW, "id": 8}, AT_US), Flatten())
    assert own_headers(renamed) == [(NEW_KEY, b'{"id":8}')]


def test_an_untouched_row_is_optional_in_avro() -> None:
    """The row's schema is that of `after`: a union; with added fields it is a record of its own."""
    for flatten, optional in ((Flatten(), True), (Flatten(add_fields=("op",)), False)):
        store = RegistryStore()
        writer = Writer(FORMATS["avro-confluent"](store), transforms=[flatten])
        (record,) = writer.records(table().create(ROW, AT_US))
        known, body = schema_of(store, record.value or b"", record.headers, "value")
        assert isinstance(json.loads(known.text), list) == optional
        assert read_avro(store, known, body)["email"] == "a@b.io"


def collection() -> Collection:
    """Give a collection of contacts."""
    return Collection(Place("crm", "shop", "", "contacts"))


def contact() -> dict[str, Any]:
    """Give a document."""
    return {
        "_id": ObjectId(IDENTIFIER),
        "visits": Long(12),
        "balance": Decimal128("1.50"),
        "born": Date(1_700_000_000_000),
        "address": {"city": "Vic", "floor": None},
        "tags": ["vip"],
        "none": [],
    }


ROW_OF_CONTACT = {
    "_id": IDENTIFIER,
    "visits": 12,
    "balance": "1.50",
    "born": 1_700_000_000_000,
    "address": {"city": "Vic", "floor": None},
    "tags": ["vip"],
    "none": [],
}


@pytest.mark.parametrize(
    ("mode", "deleted"),
    [
        ("drop", []),
        ("tombstone", [None]),
        ("rewrite", [{"__deleted": True}]),
        ("rewrite-with-tombstone", [{"__deleted": True}, None]),
        ("delete-to-tombstone", [None]),
    ],
)
def test_documents_become_typed_rows(mode: DeleteMode, deleted: list[Any]) -> None:
    """Ids, dates and decimals lose their Extended JSON; `__deleted` is a boolean, alone in its row."""
    source = collection()
    records = [
        *source.create(contact(), AT_US),
        *source.update(ObjectId(IDENTIFIER), AT_US, updated={"address.city": "Berga"}, removed=["tags"]),
        *source.delete(ObjectId(IDENTIFIER), AT_US),
    ]
    created, updated, *rest = values(records, FlattenDocument(mode))
    mark = {"__deleted": False} if mode.startswith("rewrite") else {}
    assert created == {**ROW_OF_CONTACT, **mark}
    assert updated == {"address.city": "Berga", "_id": IDENTIFIER, **mark}
    assert rest == deleted
    assert write(records, FlattenDocument(mode))[0].key == b'{"id":"65a1f0c2e4b0a1b2c3d4e5f6"}'


def test_documents_with_added_fields_share_a_schema() -> None:
    """Two documents of one form are one schema in the registry; added members follow their own."""
    store = RegistryStore()
    converter = FORMATS["avro-confluent"](store)
    writer = Writer(converter, transforms=[FlattenDocument("rewrite", ("op", "source.ord"))])
    source = collection()
    records = list(writer.records([*source.create(contact(), AT_US), *source.create(contact(), AT_US)]))
    assert len(store.versions("crm.shop.contacts-value")) == 1
    known, body = schema_of(store, records[1].value or b"", (), "value")
    row = read_avro(store, known, body)
    assert row == {**ROW_OF_CONTACT, "__deleted": False, "__op": "c", "__source_ord": 2}
    assert write([service_messages.heartbeat("crm", 1)._replace(key=None)], FlattenDocument())
