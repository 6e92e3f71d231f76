"""Records of the sample shop, one by one, for tests that need particular ones."""

from collections.abc import Iterable
from dataclasses import replace
from random import Random
from typing import Any, NamedTuple

import orjson

from connector.sandbox.customers import Customer, new_customer
from connector.sandbox.debezium import SampleTable
from connector.sandbox.sample import CUSTOMERS_TOPIC, ORDERS_TOPIC, Sample
from connector.sandbox.writer import SampleRecord

STRANGERS_ORDER = b"order-stranger"
AT_US = 1_768_467_600_000_000  # 2026-01-15T09:00:00Z
CUSTOMERS = SampleTable("customers")


def customer(customer_id: int, **columns: Any) -> Customer:
    """Return one customer, always the same for one id except for the named columns."""
    draw = Random(customer_id)  # noqa: S311 - the same customer every time
    return replace(new_customer(customer_id, draw, filler_bytes=20), **columns)


def created(*customers: Customer, table: SampleTable = CUSTOMERS) -> list[SampleRecord]:
    """Give the records of INSERTs."""
    return [table.create(one.row(AT_US), AT_US) for one in customers]


def updated(*customers: Customer, table: SampleTable = CUSTOMERS) -> list[SampleRecord]:
    """Give the records of UPDATEs."""
    return [table.update(one.row(AT_US), AT_US) for one in customers]


def deleted(*customers: Customer, table: SampleTable = CUSTOMERS) -> list[SampleRecord]:
    """Give the records of DELETEs, each with its tombstone."""
    return [record for one in customers for record in table.delete(one.row(AT_US), AT_US)]


def without_strangers(sample: Sample) -> list[SampleRecord]:
    """Give a sample without the order of a contact that never exists: it would be waited for."""
    return [record for record in sample.records if STRANGERS_ORDER not in (record.value or b"")]


def range_of(first: int, last: int) -> list[Customer]:
    """Give the customers with these ids, both included."""
    return [customer(customer_id) for customer_id in range(first, last + 1)]


def contacts(customers: Iterable[Customer]) -> dict[str, dict[str, Any]]:
    """Return these customers as the data source must hold them."""
    return {str(one.id): one.contact() for one in customers}


def versions(
    customers: Iterable[Customer], last: int, first: int = 2, table: SampleTable = CUSTOMERS
) -> list[SampleRecord]:
    """Give updates to each version from `first` to `last` of every customer, round by round."""
    known = list(customers)
    return [
        record
        for version in range(first, last + 1)
        for record in updated(*at_version(known, version), table=table)
    ]


def at_version(customers: Iterable[Customer], version: int) -> list[Customer]:
    """Give the customers as they are at this version of their rows."""
    return [replace(one, version=version, plan=f"plan {version}") for one in customers]


def order(order_id: str, customer_id: int, sequence: int = 1) -> SampleRecord:
    """Give a paid order."""
    body = {
        "order_id": order_id,
        "status": "paid",
        "customer": {"id": customer_id},
        "placed_at": "2026-01-15T09:00:00.000Z",
        "total": "12.50",
        "currency": "EUR",
        "sequence": sequence,
    }
    return SampleRecord(ORDERS_TOPIC, str(customer_id).encode(), orjson.dumps(body))


class Raw(NamedTuple):
    """A record that no table would write."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


def raw(value: bytes | None, key: bytes | None = b'{"id":1}', topic: str = CUSTOMERS_TOPIC) -> Raw:
    """Return a record as bytes; its dead letter carries its header."""
    return Raw(topic, key, value, (("trace", b"\x00\xff"),))
