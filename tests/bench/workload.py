"""The work that all contenders do: one topic of Debezium updates, and its eight mapped fields."""

import random
from base64 import b64encode
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

TOPIC = "bench.public.customers"
PARTITIONS = 8
CONTACTS = 100_000
SEED = 20_260_101
EPOCH = date(1970, 1, 1)
SPENT_CENTS_MAX = 8_000_000

# About 1 KB as Debezium 3.6 writes an update of a table with twenty columns (debezium-events.md 1.1).
RECORD = (
    '{"before":null,"after":{"id":%(id)d,"first_name":"Ada%(id)d","last_name":"Lovelace",'
    '"email":"Ada.%(id)d@Example.com","phone":"+34600%(id)06d","birth_date":%(born)d,"plan":"premium",'
    '"city":"Barcelona","street":"Carrer de Mallorca 401, 2n 1a","postal_code":"08013","country":"ES",'
    '"vip":false,"locale":"ca_ES","source":"shop","notes":"prefers to be called in the morning",'
    '"spent":"%(spent)s","visits":42,"version":%(version)d,"created_at":1700000000123456,'
    '"updated_at":1700000000654321},"source":{"version":"3.6.1.Final","connector":"postgresql",'
    '"name":"bench","ts_ms":1700000000123,"snapshot":"false","db":"shop",'
    '"sequence":"[\\"%(lsn)d\\",\\"%(lsn)d\\"]","ts_us":1700000000123456,"ts_ns":1700000000123456000,'
    '"schema":"public","table":"customers","txId":%(version)d,"lsn":%(lsn)d,"xmin":null},'
    '"transaction":null,"op":"u","ts_ms":1700000000200,"ts_us":1700000000200100,'
    '"ts_ns":1700000000200100300}'
)

# The same mapping as `map_by_hand`, in the connector's own words.
MAPPING = """
shape: envelope
contact:
  user_id: id
  attributes:
    _first_name: first_name
    _last_name: last_name
    _email: {from: email, as: lowercase}
    _phone_mobile: phone
    birthday: {from: birth_date, as: date}
    plan: plan
    city: city
    version: version
"""


def map_by_hand(after: dict[str, Any]) -> dict[str, Any]:
    """Return the item for one row, as a programmer would write it without a mapping language."""
    return {
        "_user_id": str(after["id"]),
        "_first_name": after["first_name"],
        "_last_name": after["last_name"],
        "_email": after["email"].lower(),
        "_phone_mobile": after["phone"],
        "birthday": (EPOCH + timedelta(days=after["birth_date"])).isoformat(),
        "plan": after["plan"],
        "city": after["city"],
        "version": after["version"],
    }


def record(contact: int, version: int) -> tuple[bytes, bytes]:
    """Return key and value of one update."""
    fields = {
        "id": contact,
        "born": contact % 20_000,
        "spent": b64encode((contact * 37 % SPENT_CENTS_MAX).to_bytes(3, "big")).decode(),
        "version": version,
        "lsn": 24_000_000 + version * 56,
    }
    return b'{"id":%d}' % contact, (RECORD % fields).encode()


def chosen_contacts(count: int) -> Iterator[int]:
    """Give the contacts of `count` updates, the same ones every time."""
    chosen = random.Random(SEED)  # noqa: S311 — nothing secret
    return (chosen.randrange(CONTACTS) for _ in range(count))
