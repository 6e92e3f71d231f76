"""Records that can never be delivered are stored byte for byte with their rule; no other record waits."""

from typing import NamedTuple

import orjson
import pytest

from connector.sandbox.sample import CUSTOMERS_TOPIC, ORDERS_TOPIC
from tests.integration.conftest import Running
from tests.integration.shop import Raw, created, raw
from tests.waiting import wait_for


def envelope(after: object, operation: str = "c", before: object = None) -> bytes:
    """Give a change event of PostgreSQL with these rows."""
    source = {"connector": "postgresql", "name": "shop", "db": "shop", "table": "customers", "ts_ms": 1}
    return orjson.dumps(
        {"before": before, "after": after, "source": source, "op": operation, "ts_ms": 1, "transaction": None}
    )


LOGICAL_MESSAGE = orjson.dumps(
    {"op": "m", "ts_ms": 1, "source": {"connector": "postgresql"}, "message": {"prefix": "p", "content": ""}}
)


class Poison(NamedTuple):
    """One record and the expected reason of its dead letter."""

    record: Raw
    rule: str
    says: str


POISON = {
    "not JSON": Poison(raw(b"<row id=1/>"), "decode", "JSON"),
    "empty value": Poison(raw(b""), "decode", ""),
    "not UTF-8": Poison(raw(b'{"id": "\xff\xfe"}'), "decode", "JSON"),
    "NaN": Poison(raw(b'{"op": "c", "after": {"id": NaN}}'), "decode", "JSON"),
    "nested deeply": Poison(raw(b"[" * 100_000 + b"]" * 100_000), "decode", ""),
    "a megabyte": Poison(raw(b"x" * 1_000_000), "decode", "JSON"),
    "no object": Poison(raw(b"[1, 2, 3]"), "decode", ""),
    "unknown operation": Poison(raw(envelope({"id": 1}, "x")), "decode", ""),
    "create without a row": Poison(raw(envelope(None)), "decode", ""),
    "a row that is none": Poison(raw(envelope("text")), "decode", ""),
    "no id": Poison(raw(envelope({"name": "x"})), "contact.user_id", "missing"),
    "null id": Poison(raw(envelope({"id": None})), "contact.user_id", "missing"),
    "blank id": Poison(raw(envelope({"id": "  "})), "contact.user_id", "blank"),
    "id that climbs up": Poison(raw(envelope({"id": ".."})), "contact.user_id", ".."),
    "id with a line break": Poison(raw(envelope({"id": "a\r\nb"})), "contact.user_id", "control"),
    "id that is a list": Poison(raw(envelope({"id": [1]})), "contact.user_id", "neither"),
    "id that is true": Poison(raw(envelope({"id": True})), "contact.user_id", "neither"),
    "id of 10 kB": Poison(raw(envelope({"id": "x" * 10_000})), "contact.user_id", "longer"),
    "a date that is none": Poison(
        raw(envelope({"id": 1, "birth_date": "someday"})), "contact.attributes.birthday", ""
    ),
    "delete without a key": Poison(
        raw(envelope(None, "d", {"id": 1, "name": None}), key=None), "contact.user_id", ""
    ),
    "event of nobody": Poison(
        raw(b'{"status": "paid", "order_id": "o"}', topic=ORDERS_TOPIC), "event.user_id", "missing"
    ),
    "event without an id": Poison(
        raw(b'{"status": "paid", "customer": {"id": 1}}', topic=ORDERS_TOPIC), "event.id", ""
    ),
    "event with a bad date": Poison(
        raw(
            b'{"status": "paid", "order_id": "o", "customer": {"id": 1}, "placed_at": "yesterday"}',
            topic=ORDERS_TOPIC,
        ),
        "event.date",
        "",
    ),
}


@pytest.fixture(scope="module")
def poisoned(shared: Running) -> Running:
    """Produce all poison between good records, and wait until everything is settled."""
    deployment, service = shared
    people = deployment.fresh(2 * len(POISON))
    for number, poison in enumerate(POISON.values()):
        deployment.produce(
            [created(people[2 * number])[0], poison.record, created(people[2 * number + 1])[0]], partition=0
        )
    deployment.await_contacts(people, service)
    deployment.await_committed(service)
    return shared


@pytest.mark.parametrize("name", POISON)
def test_a_poison_record_is_stored_byte_for_byte_with_its_rule(poisoned: Running, name: str) -> None:
    """It is a dead letter with its key, value and headers, the rule and a reason.

    F036, F037, F038, F039, F041, F042, F043.
    """
    record, rule, says = POISON[name]
    letters = [x for x in poisoned.deployment.dead_letters() if x[:2] == (record.key, record.value)]
    (letter,) = letters
    assert letter.headers == record.headers
    assert letter.why["rule"] == rule
    assert letter.why["topic"] == record.topic
    assert letter.why["partition"] == "0"
    assert says in letter.why["reason"]
    assert letter.why["reason"]


def test_poison_stops_nobody_and_is_counted(poisoned: Running) -> None:
    """All records around the poison have arrived, and the status counts the letters by their rules."""
    deployment, service = poisoned
    assert service.causes() == {}
    in_customers = [poison for poison in POISON.values() if poison.record.topic == CUSTOMERS_TOPIC]
    wait_for(
        lambda: service.topic(CUSTOMERS_TOPIC)["dead_lettered"] == len(in_customers),
        20,
        "the counted letters",
        service,
    )
    counts = service.topic(CUSTOMERS_TOPIC)["dead_lettered_by_rule"]
    assert counts["decode"] == sum(poison.rule == "decode" for poison in in_customers)
    assert len(deployment.dead_letters()) == len(POISON)
    assert set(deployment.api.report()["statuses"]) <= {"200", "202"}


def test_harmless_oddities_are_no_poison(poisoned: Running) -> None:
    """Null keys, lone tombstones, messages and truncates are delivered or skipped (F037, F038)."""
    deployment, service = poisoned
    (person,) = deployment.fresh(1)
    (record,) = created(person)
    letters = len(deployment.dead_letters())
    deployment.produce(
        [
            raw(record.value, key=None),
            raw(None, key=None),
            raw(None, key=b"not json"),
            raw(envelope(None, "t")),
            raw(LOGICAL_MESSAGE),
        ]
    )
    deployment.await_contacts([person], service)
    deployment.await_committed(service)
    assert len(deployment.dead_letters()) == letters
