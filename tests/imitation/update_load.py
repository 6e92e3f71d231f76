"""Many updates quickly: the load of the benchmarks."""

from collections.abc import Iterator

from connector.sandbox.customers import Customer
from connector.sandbox.debezium import SampleTable
from connector.sandbox.writer import Writer

_UPDATED_US = 1_768_467_600_000_000
# Numbers that occur nowhere else in the record; each becomes a place in the template.
_ID, _VERSION, _MOBILE = 987_654_321, 123_456_789, 612_345_678
_FIRST_MOBILE = 600_000_000
# Coprime to any number of contacts that it does not divide: neighbours in time are strangers.
_STRIDE = 7_919


def updates(count: int, contacts: int, *, filler_bytes: int = 340) -> Iterator[tuple[bytes, bytes]]:
    """Give key and value of updates of about 1 KB, all contacts in turn, in an order without neighbours.

    Contacts count from 0; the version of each begins at 1 and grows by one with every round.
    """
    key, value = _templates(filler_bytes)
    for number in range(count):
        contact = number * _STRIDE % contacts
        mobile = _FIRST_MOBILE + contact
        version = number // contacts + 1
        yield key % contact, value % {b"id": contact, b"version": version, b"mobile": mobile}


def updates_by(
    writer: Writer, count: int, contacts: int, *, filler_bytes: int = 340
) -> Iterator[tuple[bytes | None, bytes | None]]:
    """Give the same updates in any format and shape, at about 20,000 records a second and core."""
    table = SampleTable("customers", writer=writer)
    row = _customer(filler_bytes).row(_UPDATED_US)
    for number in range(count):
        contact = number * _STRIDE % contacts
        changed = {
            "id": contact,
            "phone": str(_FIRST_MOBILE + contact),
            "row_version": number // contacts + 1,
        }
        record = table.update({**row, "email": f"Customer.{contact}@Example.com", **changed}, _UPDATED_US)
        yield record.key, record.value


def _templates(filler_bytes: int) -> tuple[bytes, bytes]:
    """Make key and value with places for the numbers, out of a record as Debezium writes it."""
    row = {**_customer(filler_bytes).row(_UPDATED_US), "phone": f"{_MOBILE}"}
    value = SampleTable("customers").update(row, _UPDATED_US).value or b""
    for number, place in ((_ID, b"id"), (_VERSION, b"version"), (_MOBILE, b"mobile")):
        value = value.replace(str(number).encode(), b"%(" + place + b")d")
    return b'{"id":%d}', value


def _customer(filler_bytes: int) -> Customer:
    return Customer(
        id=_ID,
        first_name="Martina",
        last_name="Fernández",
        email=f"Customer.{_ID}@Example.com",
        mobile=_MOBILE,
        birth_day=7_300,
        plan="silver",
        notes="n" * filler_bytes,
        version=_VERSION,
    )
