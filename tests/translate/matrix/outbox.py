"""Outbox records: eight encodings of one payload, and each option of the router (debezium-events.md 5)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import orjson

from connector.model import Skip
from connector.sandbox.records.columns import BYTES, INT64, JSON, STRING
from connector.sandbox.records.outbox_router import Route, outbox_columns
from connector.sandbox.records.schema import ConnectRecord, ConnectSchemaNode, nullable, struct
from connector.sandbox.records.table import CapturedTable
from connector.sandbox.registry.store import RegistryStore
from connector.sandbox.writer import SampleRecord, Writer
from tests.imitation.extended_json import Date, Long, ObjectId
from tests.imitation.extended_json import write as extended
from tests.imitation.formats import FORMATS
from tests.imitation.outbox_forms import OUTBOX_FORMS, OutboxForm
from tests.translate.matrix.case import Kind, Refused, Write, event, made
from tests.translate.matrix.registry import CONFLUENT
from tests.translate.matrix.shop import AT_US, PLACE

ID = "0b5b1c1e-0000-4000-8000-000000000001"
ORDER = {"order_id": "o-1", "customer": {"id": 7}, "total": 12.5}
ORDER_SCHEMA = struct("Order", {"order_id": STRING, "customer": struct("Customer", {"id": INT64})})
TEXT_OF_JSON = nullable(JSON)
TEXT = orjson.dumps(ORDER).decode()

RULES: Mapping[str, Any] = {
    "shape": "outbox",
    "event": {"type": "ordered", "user_id": "customer.id", "parameters": {"order": "order_id"}},
}
BESIDE = {
    "shape": "outbox",
    "event": {
        "type": "ordered",
        "user_id": "payload.customer.id",
        "parameters": {"order": "payload.order_id", "kind": "eventType || type"},
    },
}
BY_KEY = {"shape": "outbox", "event": {"type": "left", "user_id": "__key", "parameters": {"was": "payload"}}}

ORDERED = event("7", ID, order="o-1")
TOLD = event("7", ID, order="o-1", kind="OrderPlaced")


def outbox(payload: ConnectSchemaNode = TEXT_OF_JSON) -> CapturedTable:
    """Give the outbox table with this type of payload."""
    columns = {**outbox_columns(), "payload": payload}
    return CapturedTable(PLACE._replace(table="outbox"), columns, tombstones=False)


def row(payload: Any) -> dict[str, Any]:
    """Give a row of it."""
    return {
        "id": ID,
        "aggregatetype": "order",
        "aggregateid": "42",
        "type": "OrderPlaced",
        "payload": payload,
    }


def inserted(payload: Any, column: ConnectSchemaNode = TEXT_OF_JSON) -> Callable[[], Iterable[ConnectRecord]]:
    """Give the INSERT of a row."""
    return lambda: outbox(column).create(row(payload), AT_US)


def routed(payload: Any, column: ConnectSchemaNode = TEXT_OF_JSON, **options: Any) -> Write:
    """Write a row as the router passes it on."""
    return made(inserted(payload, column), lambda: Route(**options))


def every_change() -> Iterator[ConnectRecord]:
    """Give every operation on an outbox table that no router reads."""
    rows = outbox()
    yield from rows.create(row(TEXT), AT_US)
    yield from rows.read(row(TEXT), AT_US)
    yield from rows.update(row(TEXT), AT_US)
    yield from rows.delete(row(TEXT), AT_US)
    yield from rows.truncate(AT_US)


def framed_payload(store: RegistryStore, _name: str) -> Iterator[SampleRecord]:
    """Write a column of bytes that holds framed Avro, verbatim."""
    body = FORMATS["avro-confluent"](store)("orders", "value", ORDER_SCHEMA)(ORDER).data
    route = Writer(FORMATS["bytes"](store), FORMATS["string"](store), transforms=[Route()])
    return route.records(inserted(body, nullable(BYTES))())


def _encoded(name: str, form: OutboxForm) -> Kind:
    return Kind(
        f"outbox event: {name}",
        "5",
        made(
            inserted(form.cell(ORDER), nullable(form.payload)),
            form.route,
            key="string" if form.value_format == "bytes" else "",
        ),
        [ORDERED],
        RULES,
        formats=(form.value_format,),
    )


KINDS = (
    *(_encoded(name, form) for name, form in OUTBOX_FORMS.items()),
    Kind(
        "outbox event: bytes that hold framed Avro",
        "5",
        framed_payload,
        [ORDERED],
        RULES,
        ("bytes",),
        access=(CONFLUENT,),
    ),
    Kind(
        "outbox event: MongoDB's document, as text",
        "5",
        routed(
            extended(
                {
                    "_id": ObjectId("65a1f0c2e4b0a1b2c3d4e5f6"),
                    **ORDER,
                    "customer": {"id": Long(7)},
                    "at": Date(0),
                },
                "strict",
            )
        ),
        [ORDERED],
        RULES,
    ),
    Kind(
        "outbox event with columns beside it (`…:envelope`): `payload` as text",
        "5",
        routed(TEXT, placed=(("type", "envelope", "eventType"),)),
        [TOLD],
        BESIDE,
    ),
    Kind(
        "outbox event with columns beside it (`…:envelope`): `payload` expanded",
        "5",
        routed(TEXT, expand_json=True, placed=(("type", "envelope", "eventType"),)),
        [TOLD],
        BESIDE,
    ),
    Kind(
        "outbox event that is no object: an array, mapped as `payload`",
        "5",
        routed("[1,2]"),
        [event("42", ID, was=[1, 2])],
        BY_KEY,
    ),
    Kind(
        "outbox event that is no object: text, mapped as `payload`",
        "5",
        routed("hello", nullable(STRING)),
        [event("42", ID, was="hello")],
        BY_KEY,
    ),
    Kind(
        "outbox event without a payload (`route.tombstone.on.empty.payload`): the key holds `user_id`",
        "5",
        routed(None, tombstone_on_empty=True),
        [event("42", ID)],
        BY_KEY,
    ),
    Kind(
        "outbox event without a payload (`route.tombstone.on.empty.payload`): the key lacks it",
        "5",
        routed(None, tombstone_on_empty=True),
        [Skip("tombstone")],
        RULES,
    ),
    Kind(
        "outbox table without a router: INSERT, read, UPDATE, DELETE, TRUNCATE",
        "5",
        made(every_change),
        [
            event("7", ID, order="o-1", kind="OrderPlaced"),
            event("7", ID, order="o-1", kind="OrderPlaced"),
            Skip("outbox_row"),
            Skip("outbox_row"),
            Skip("truncate"),
        ],
        BESIDE,
    ),
    Kind(
        "outbox payload that should be JSON and is not",
        "5",
        routed("{"),
        [Refused("decode", "not JSON")],
        RULES,
        remedy="correct the service that writes the row",
    ),
    Kind(
        "outbox event in a topic file without `shape: outbox`",
        "5",
        routed(TEXT),
        [Refused("decode", "for an outbox topic write `shape: outbox`")],
        {"event": RULES["event"]},
        remedy="write `shape: outbox` in the topic file",
    ),
)
