"""The topics of the sample: how each is written, and which customers' records it carries.

There is no order between topics, so each customer has one topic of rows and one of orders.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

import orjson

from connector.sandbox.customers import Order
from connector.sandbox.debezium import SERVER, SampleTable
from connector.sandbox.formats.avro import AvroConverter
from connector.sandbox.formats.connect_json import JsonConverter
from connector.sandbox.records.flatten import Flatten
from connector.sandbox.records.outbox_router import Route, outbox_columns
from connector.sandbox.records.schema import Row
from connector.sandbox.registry.store import RegistryStore
from connector.sandbox.writer import SampleRecord, Writer

CUSTOMERS_TOPIC = "shop.public.customers"
STORES_TOPIC = "stores.public.customers"
APP_TOPIC = "app.public.customers"
ORDERS_TOPIC = "shop.orders.placed"
OUTBOX_TOPIC = "outbox.event.order"


@dataclass(frozen=True, slots=True)
class Streams:
    """Where the records of each customer go. `formats` says of each topic how it is written."""

    tables: tuple[SampleTable, ...]
    outbox: SampleTable | None
    formats: Mapping[str, str]

    def table(self, customer_id: int) -> SampleTable:
        """Give the table that holds a customer."""
        return self.tables[customer_id % len(self.tables)]

    def order(self, order: Order) -> SampleRecord:
        """Give an order's record; the customer is its key, so that one customer's orders keep their order."""
        if self.outbox is None or order.customer_id % 3:
            return SampleRecord(ORDERS_TOPIC, str(order.customer_id).encode(), orjson.dumps(order.body()))
        return self.outbox.create(_outbox_row(order), order.placed_us)


def plain_streams() -> Streams:
    """Everything in bare JSON: one topic of change events, one of domain events."""
    return Streams((SampleTable("customers"),), None, {CUSTOMERS_TOPIC: "JSON", ORDERS_TOPIC: "JSON, events"})


def mixed_streams(store: RegistryStore) -> Streams:
    """Three databases and two order services, each with converters and transforms of its own.

    Half of the customers are in the shop's own table.
    """
    avro, embedded = AvroConverter(store, "confluent"), JsonConverter(schemas=True)
    flatten = Flatten("rewrite", add_fields=("op", "source.ts_ms"))
    shop = SampleTable("customers")
    stores = SampleTable("customers", server="stores", writer=Writer(avro, avro))
    app = SampleTable("customers", server="app", writer=Writer(embedded, embedded, transforms=[flatten]))
    route = Writer(JsonConverter(), transforms=[Route()])
    outbox = SampleTable("outbox", columns=outbox_columns(), server=SERVER, writer=route)
    formats = {
        CUSTOMERS_TOPIC: "JSON",
        STORES_TOPIC: "Avro",
        APP_TOPIC: "JSON with schema, flattened",
        ORDERS_TOPIC: "JSON, events",
        OUTBOX_TOPIC: "JSON, outbox",
    }
    return Streams((shop, stores, shop, app), outbox, formats)


def _outbox_row(order: Order) -> Row:
    return {
        "id": str(uuid5(NAMESPACE_URL, order.id)),
        "aggregatetype": "order",
        "aggregateid": str(order.customer_id),
        "type": "OrderPlaced",
        "payload": orjson.dumps(order.body()).decode(),
    }
