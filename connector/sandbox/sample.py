"""A few thousand realistic changes of a shop, and what must have become of them in the end."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from connector.sandbox.customers import Customer, Order, changed, new_customer
from connector.sandbox.debezium import SampleTable
from connector.sandbox.records.schema import Row
from connector.sandbox.registry.store import RegistryStore
from connector.sandbox.sample_streams import (
    CUSTOMERS_TOPIC,
    ORDERS_TOPIC,
    Streams,
    mixed_streams,
    plain_streams,
)
from connector.sandbox.writer import SampleRecord

__all__ = [
    "CUSTOMERS_TOPIC",
    "DEAD_LETTERS_TOPIC",
    "ORDERS_TOPIC",
    "ExpectedContacts",
    "Sample",
    "make_sample",
]

DEAD_LETTERS_TOPIC = "instasent.dead-letters"

_STARTED_US = 1_768_467_600_000_000  # 2026-01-15T09:00:00Z
_STEP_US = 137_000
_PAID = "paid"
_STRANGER = 900_001
_REFUSED = 900_002
_SNAPSHOT_SHARE = 0.6

# The kinds of changes, in percent. Customers with orders are never deleted, and those who came back never
# order. Kafka keeps no order between two topics, so their events might meet a contact that is gone.
_MIX = {"update": 60, "order": 22, "create": 10, "delete": 6, "return": 2}


@dataclass(frozen=True, slots=True)
class ExpectedContacts:
    """The end that every correct delivery of the sample leads to.

    `contacts` and `events` hold the items as the data source keeps them, by their ids. `dead_letters`
    counts by cause: `not json` (the poison), `refused` (a bad e-mail address), `unknown contact`.
    """

    contacts: Mapping[str, dict[str, Any]]
    deleted: frozenset[str]
    events: Mapping[str, dict[str, Any]]
    skipped_orders: int
    dead_letters: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Sample:
    """Records in the order in which they must be produced, and the end they lead to.

    `formats` says of each topic how its records are written.
    """

    records: tuple[SampleRecord, ...]
    expected: ExpectedContacts
    formats: Mapping[str, str]


def make_sample(
    *,
    seed: int = 1,
    customers: int = 500,
    changes: int = 2500,
    filler_bytes: int = 250,
    store: RegistryStore | None = None,
) -> Sample:
    """Make the sample: a snapshot of some customers, then changes and orders, troublemakers among them.

    Ids run from 1 to at most `customers`; one seed gives the same bytes always. With a store for their
    schemas the records come in several formats and shapes, else all in bare JSON.
    """
    streams = plain_streams() if store is None else mixed_streams(store)
    shop = _Shop(random.Random(seed), filler_bytes, streams)  # noqa: S311 - one seed must give the same bytes
    records = tuple(shop.records(customers, changes))
    return Sample(records, shop.expected(), streams.formats)


@dataclass(slots=True)
class _Shop:
    """The database and the order service that the sample comes from."""

    draw: random.Random
    filler_bytes: int
    streams: Streams
    now_us: int = _STARTED_US
    next_id: int = 1
    customers: dict[int, Customer] = field(default_factory=dict)
    deleted: list[int] = field(default_factory=list)
    returned: set[int] = field(default_factory=set)
    orders_of: Counter[int] = field(default_factory=Counter)
    orders: list[Order] = field(default_factory=list)

    def records(self, customers: int, changes: int) -> Iterator[SampleRecord]:
        """Let the shop run and give what it writes."""
        while self.next_id <= max(2, int(customers * _SNAPSHOT_SHARE)):
            yield self._insert(self._new_id(), SampleTable.snapshot)
        for _ in range(changes // 4):
            yield from self._change(customers)
        yield self._strangers_order()
        yield SampleRecord(CUSTOMERS_TOPIC, b'{"id":900003}', b"<row id=900003/>")
        yield self._refused()
        for _ in range(changes - changes // 4):
            yield from self._change(customers)

    def expected(self) -> ExpectedContacts:
        """Sum up where everything must end."""
        paid = [order for order in self.orders if order.status == _PAID]
        return ExpectedContacts(
            contacts={str(customer.id): customer.contact() for customer in self.customers.values()},
            deleted=frozenset(map(str, self.deleted)),
            events={order.id: order.event() for order in paid},
            skipped_orders=len(self.orders) - len(paid),
            dead_letters={"not json": 1, "refused": 1, "unknown contact": 1},
        )

    def _change(self, customers: int) -> Iterator[SampleRecord]:
        self.now_us += _STEP_US
        kind = self.draw.choices(list(_MIX), list(_MIX.values()))[0]
        customer = self.customers[self.draw.choice(list(self.customers))]
        if kind == "create" and self.next_id <= customers:
            yield self._insert(self._new_id(), SampleTable.create)
        elif kind == "return" and self.deleted:
            self.returned.add(self.deleted[-1])
            yield self._insert(self.deleted.pop(), SampleTable.create)
        elif kind == "delete" and not self.orders_of[customer.id] and len(self.customers) > 1:
            yield from self._delete(customer)
        elif kind == "order" and customer.id not in self.returned:
            yield self._order(customer)
        else:
            self.customers[customer.id] = changed(customer, self.draw)
            table = self.streams.table(customer.id)
            yield table.update(self.customers[customer.id].row(self.now_us), self.now_us)

    def _new_id(self) -> int:
        self.next_id += 1
        return self.next_id - 1

    def _insert(
        self, customer_id: int, write: Callable[[SampleTable, Row, int], SampleRecord]
    ) -> SampleRecord:
        customer = self.customers[customer_id] = new_customer(customer_id, self.draw, self.filler_bytes)
        return write(self.streams.table(customer_id), customer.row(self.now_us), self.now_us)

    def _delete(self, customer: Customer) -> tuple[SampleRecord, ...]:
        del self.customers[customer.id]
        self.deleted.append(customer.id)
        return self.streams.table(customer.id).delete(customer.row(self.now_us), self.now_us)

    def _order(self, customer: Customer) -> SampleRecord:
        self.orders_of[customer.id] += 1
        order = Order(
            id=f"order-{len(self.orders) + 1:06}",
            customer_id=customer.id,
            status=self.draw.choice((_PAID, _PAID, _PAID, "open")),
            cents=self.draw.randrange(500, 25_000),
            sequence=self.orders_of[customer.id],
            placed_us=self.now_us,
        )
        self.orders.append(order)
        return self.streams.order(order)

    def _strangers_order(self) -> SampleRecord:
        """Give a paid order of a contact that never exists; the API refuses it."""
        return self.streams.order(Order("order-stranger", _STRANGER, _PAID, 1_000, 1, self.now_us))

    def _refused(self) -> SampleRecord:
        """Give a new customer whose e-mail address the API refuses."""
        customer = replace(new_customer(_REFUSED, self.draw, self.filler_bytes), email="no-address")
        return self.streams.table(customer.id).create(customer.row(self.now_us), self.now_us)
