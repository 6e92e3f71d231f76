"""Every shape in every wire format: what tests iterate over, and seeds of fuzzers (debezium-events.md 11)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from connector.sandbox.customers import COLUMNS
from connector.sandbox.records.columns import INT64, STRING
from connector.sandbox.records.connectors import Connector, Place
from connector.sandbox.records.flatten import FLATTENED, Flatten
from connector.sandbox.records.outbox_router import outbox_columns
from connector.sandbox.records.schema import ConnectRecord, Data, Row, nullable, struct
from connector.sandbox.records.table import CapturedTable
from connector.sandbox.registry.store import RegistryStore
from connector.sandbox.writer import SampleRecord, Transform, Writer
from tests.imitation import service_messages
from tests.imitation.connectors import CONNECTORS, MONGODB, MYSQL
from tests.imitation.extended_json import Date, Long, ObjectId
from tests.imitation.flatten_document import FlattenDocument
from tests.imitation.formats import FORMATS
from tests.imitation.mongodb import Collection
from tests.imitation.outbox_forms import OUTBOX_FORMS

AT_US = 1_768_467_600_000_000  # 2026-01-15T09:00:00Z

_PLACE = Place("crm", "shop", "public", "customers")
_ROW: Row = {
    "id": 7,
    "first_name": "Ada",
    "last_name": "Núñez",
    "email": "ADA@Example.com",
    "phone": "600 111 222",
    "birth_date": 17_422,
    "plan": "gold",
    "notes": None,
    "row_version": 1,
    "updated_at": AT_US,
}
_DOCUMENT = {
    "_id": ObjectId("65a1f0c2e4b0a1b2c3d4e5f6"),
    "email": "ADA@Example.com",
    "visits": Long(12),
    "born": Date(1_700_000_000_000),
    "address": {"city": "Vic"},
    "tags": ["vip"],
}
_ORDER = {"order_id": "o-1", "customer": {"id": 7}, "total": "12.50", "placed_at": "2026-01-15T09:00:00Z"}
_ORDER_SCHEMA = struct(
    "shop.orders.Placed",
    {
        "order_id": STRING,
        "customer": struct("shop.orders.Customer", {"id": INT64}),
        "total": nullable(STRING),
        "placed_at": nullable(STRING),
    },
)


class RecordShape(NamedTuple):
    """One shape: its records before any transform, and the transforms."""

    records: Callable[[], Iterable[ConnectRecord]]
    transforms: tuple[Transform, ...] = ()


class MatrixSample(NamedTuple):
    """One record and what it is: names of `SHAPES` and `FORMATS`."""

    shape: str
    format: str
    record: SampleRecord


def _table(connector: Connector) -> Callable[[], Iterable[ConnectRecord]]:
    """Give all operations of one table."""

    def records() -> Iterator[ConnectRecord]:
        table = CapturedTable(_PLACE, COLUMNS, connector=connector)
        yield from table.read(_ROW, AT_US)
        yield from table.create(_ROW, AT_US)
        yield from table.update({**_ROW, "plan": "free"}, AT_US, before=_ROW)
        yield from table.change_key(_ROW, {**_ROW, "id": 8}, AT_US)
        yield from table.delete({**_ROW, "id": 8}, AT_US)
        yield from table.truncate(AT_US)

    return records


def _collection() -> Iterator[ConnectRecord]:
    collection, identifier = Collection(_PLACE._replace(schema="")), _DOCUMENT["_id"]
    yield from collection.read(_DOCUMENT, AT_US)
    yield from collection.create(_DOCUMENT, AT_US)
    yield from collection.update(identifier, AT_US, after=_DOCUMENT, updated={"visits": Long(13)})
    yield from collection.update(identifier, AT_US, updated={"address.city": "Berga"}, removed=["tags"])
    yield from collection.delete(identifier, AT_US)


def _notices() -> Iterator[ConnectRecord]:
    yield service_messages.heartbeat("crm", AT_US // 1000)
    yield service_messages.transaction("crm", "750:26746640", AT_US // 1000)
    yield service_messages.transaction("crm", "750:26746640", AT_US // 1000, {"public.customers": 1})
    yield service_messages.schema_change(MYSQL, _PLACE, "ALTER TABLE customers ADD plan TEXT", AT_US)
    yield service_messages.notification(
        "crm-notices", "n-1", "COMPLETED", AT_US // 1000, connector_name="crm"
    )
    yield service_messages.logical_message(_PLACE, "app", b"hello", AT_US)


def _signals() -> Iterator[ConnectRecord]:
    yield service_messages.signal("crm", "execute-snapshot", type="INCREMENTAL")
    signals = CapturedTable(_PLACE._replace(table="signals"), service_messages.SIGNAL_COLUMNS)
    yield from signals.create(service_messages.signal_row("s-1", "snapshot-window-open"), AT_US)


def _outbox(name: str) -> RecordShape:
    form = OUTBOX_FORMS[name]
    place = {"id": "0b5b1c1e-0000-4000-8000-000000000001", "aggregatetype": "order", "aggregateid": "7"}
    row = {**place, "type": "OrderPlaced", "payload": form.cell(_ORDER)}

    def records() -> Iterator[ConnectRecord]:
        table = CapturedTable(_PLACE._replace(table="outbox"), outbox_columns(form.payload))
        yield from table.create(row, AT_US)
        yield from table.delete(row, AT_US)

    return RecordShape(records, (form.route(),))


def _events() -> Iterator[ConnectRecord]:
    yield ConnectRecord("shop.orders", Data(STRING, "7"), Data(_ORDER_SCHEMA, _ORDER))


SHAPES: Mapping[str, RecordShape] = {
    **{
        f"envelope, {name}": RecordShape(_table(connector))
        for name, connector in CONNECTORS.items()
        if connector is not MONGODB
    },
    "envelope, mongodb": RecordShape(_collection),
    **{
        name: RecordShape(_table(CONNECTORS["postgresql"]), (Flatten(mode, ("op", "source.ts_ms"), ("op",)),))
        for name, mode in FLATTENED.items()
    },
    **{
        f"{name}, mongodb": RecordShape(_collection, (FlattenDocument(mode, ("op",)),))
        for name, mode in FLATTENED.items()
    },
    **{f"outbox, {name}": _outbox(name) for name in OUTBOX_FORMS},
    "event": RecordShape(_events),
    "notices": RecordShape(_notices),
    "signals": RecordShape(_signals),
}
"""Name → shape. An outbox form is about the column and the router; its own converter is one of many here."""


def matrix(
    store: RegistryStore, shapes: Iterable[str] = SHAPES, formats: Iterable[str] = FORMATS
) -> Iterator[MatrixSample]:
    """Give the records of shapes in formats; what a format cannot write is missing.

    Keys are in the same format, except `bytes`, where they are text.
    """
    for shape in shapes:
        for name in formats:
            value = FORMATS[name](store)
            key = FORMATS["string"](store) if name == "bytes" else value
            writer = Writer(value, key, transforms=SHAPES[shape].transforms)
            for record in SHAPES[shape].records():
                written = _written(writer, record)
                if written is not None:
                    yield MatrixSample(shape, name, written)


def _written(writer: Writer, record: ConnectRecord) -> SampleRecord | None:
    try:
        return writer.record(record)
    except TypeError:
        return None
