"""Every JSON record without schema that a real Debezium 3.6.1 wrote for PostgreSQL, flattened ones too."""

import json
from typing import Any

import orjson
import pytest

from connector.model import Delete, Delivery, Event, Skip, Translated, Upsert
from tests.translate.records import captured, translator

ADA = {
    "_user_id": "7",
    "_first_name": "Ada",
    "_last_name": "Lovelace",
    "_email": "ada@example.com",
    "_phone_mobile": "+34600112233",
    "birthday": "1815-12-10",
    "seen_at": "2026-11-23T10:20:30.123Z",
    "seen_us": "2026-11-23T10:20:30.123Z",
    "seen_tz": "2026-11-23T08:20:30.123Z",
    "balance": -12345.67,
    "score": 1.5,
    "n": -7,
    "flag": True,
    "doc": {"a": [1, 2]},
    "tags": ["vip", "nueva"],
    "nums": [1, None, 3],
    "big": "x" * 20,
    "money": 1234.56,
    "point_x": 1.5,
    "origin": "crm",
}

CUSTOMERS = {
    "_first_name": "first_name",
    "_last_name": "last_name",
    "_email": {"from": "email", "as": "lowercase"},
    "_phone_mobile": {"from": "phone", "as": "e164"},
    "birthday": {"from": "birth_date", "as": "date"},
    "seen_at": {"from": "seen_at", "as": {"timestamp": "ms"}},
    "seen_us": {"from": "seen_us", "as": {"timestamp": "us"}},
    "seen_tz": {"from": "seen_tz", "as": "timestamp"},
    "balance": {"from": "balance", "as": {"decimal": 2}},
    "free": {"from": "free", "as": "decimal"},
    "score": "score",
    "n": "n",
    "flag": "flag",
    "doc": {"from": "doc", "as": "json"},
    "tags": "tags",
    "nums": "nums",
    "big": "big",
    "money": {"from": "money_", "as": {"decimal": 2}},
    "point_x": "pt.x",
    "full_name": {"template": "{first_name} {last_name}"},
    "loyalty": "loyalty",
    "origin": {"value": "crm"},
}


def deliveries(translated: Translated) -> list[Delivery]:
    """Return the deliveries, failing on anything else."""
    assert isinstance(translated, list), translated
    return translated


def upsert(translated: Translated) -> dict[str, Any]:
    """Return the body of the only delivery, an instant upsert."""
    (delivery,) = deliveries(translated)
    assert isinstance(delivery, Upsert)
    assert delivery.instant
    assert delivery.body["_user_id"] == delivery.user_id
    return delivery.body


def deleted(translated: Translated) -> tuple[str, bool]:
    """Return whom the only delivery deletes, and whether a tombstone asked for it."""
    (delivery,) = deliveries(translated)
    assert isinstance(delivery, Delete)
    return delivery.user_id, delivery.tombstone


def sparse(user_id: str, first_name: str, **more: object) -> dict[str, object]:
    """Return the body of a row of nulls; templates over null columns and missing columns are absent."""
    nulls = dict.fromkeys(
        name for name in CUSTOMERS if name not in ("point_x", "full_name", "loyalty", "big")
    )
    return {**nulls, "_user_id": user_id, "_first_name": first_name, "origin": "crm", **more}


def test_customers_arrive_with_the_values_the_database_holds() -> None:
    """Each of the 17 records gives the expected deliveries, value by value (F036, F037, F044, F045)."""
    subject = translator(
        topic="pj.public.customers", contact={"user_id": "id", "attributes": CUSTOMERS, "before": "auto"}
    )
    results = [subject.translate(record) for record in captured("pj.public.customers")]
    assert len(results) == 17

    ada = upsert(results[0])
    assert b'"free":3.14159265358979323846264338327950288' in orjson.dumps(ada)
    assert json.loads(orjson.dumps(ada)) == {
        **ADA,
        "free": 3.141592653589793,
        "full_name": "Ada Lovelace",
    }
    assert upsert(results[1]) == sparse("8", "Nulls", big=None)
    assert upsert(results[2])["big"][:20] == "c4ca4238a0b923820dcc"
    changed = json.loads(orjson.dumps(upsert(results[3])))
    assert changed["_email"] == "ada@new.example"
    assert changed["balance"] == 0
    assert upsert(results[4]) == sparse("9", "Toasty")
    assert deleted(results[5]) == ("7", False)
    assert results[6] == Skip("key_change")
    assert upsert(results[7])["_user_id"] == "70"
    assert deleted(results[8]) == ("8", False)
    assert deleted(results[9]) == ("8", True)
    assert upsert(results[10]) == sparse("9", "Toasty", loyalty=6)
    assert upsert(results[11]) == sparse("101", "tx1", loyalty=5, big=None)
    assert upsert(results[12]) == sparse("102", "tx2", loyalty=5, big=None)
    assert upsert(results[13]) == sparse("101", "tx1b", loyalty=5, big=None)
    full = upsert(results[14])
    assert (full["_email"], len(full["big"])) == ("full@x.es", 12800)
    assert deleted(results[15]) == ("102", False)
    assert deleted(results[16]) == ("102", True)
    assert subject.counts == {"unavailable_values": 2}


def test_composite_keys_identify_members() -> None:
    """A template over two key columns is evaluated on the key, also when one of them changes (F045)."""
    subject = translator(
        topic="pj.public.members",
        contact={"user_id": {"template": "{tenant}-{no}"}, "attributes": {"name": "name"}},
    )
    results = [subject.translate(record) for record in captured("pj.public.members")]
    assert upsert(results[0]) == {"_user_id": "acme-1", "name": "uno"}
    assert upsert(results[1]) == {"_user_id": "acme-2", "name": "dos"}
    assert deleted(results[2]) == ("acme-2", False)
    assert deleted(results[3]) == ("acme-2", True)
    assert deleted(results[4]) == ("acme-1", False)
    assert results[5] == Skip("key_change")
    assert upsert(results[6]) == {"_user_id": "beta-1", "name": "uno"}


def test_a_key_change_that_keeps_the_contact_deletes_nothing() -> None:
    """With the tenant's column outside the id, the old and new key mean one contact (F045)."""
    subject = translator(topic="pj.public.members", contact={"user_id": "no"})
    results = [subject.translate(record) for record in captured("pj.public.members")]
    assert results[4:6] == [Skip("key_change"), Skip("key_change")]


def test_whole_before_images_resolve_ids_outside_the_key() -> None:
    """With REPLICA IDENTITY FULL an e-mail as id survives its change and its delete."""
    subject = translator(topic="pj.public.full_rows", contact={"user_id": "email", "before": "full"})
    created, changed, removed, tombstone = map(subject.translate, captured("pj.public.full_rows"))
    assert upsert(created)["_user_id"] == "a@b.c"
    old, new = deliveries(changed)
    assert isinstance(old, Delete)
    assert isinstance(new, Upsert)
    assert (old.user_id, new.user_id) == ("a@b.c", "z@b.c")
    assert deleted(removed) == ("z@b.c", False)
    assert tombstone == Skip("tombstone_without_user_id")


def test_orders_become_events() -> None:
    """Created orders are events with exact amounts and their own dates; updates are not listed in `on`."""
    subject = translator(
        topic="pj.public.orders",
        event={
            "type": "purchase",
            "user_id": "customer_id",
            "id": "order_id",
            "date": "placed_at",
            "parameters": {"amount": {"from": "total", "as": {"decimal": 2}}, "currency": "currency"},
            "when": "status == 'paid'",
        },
    )
    paid, unpaid, updated, last = map(subject.translate, captured("pj.public.orders"))
    (event,) = deliveries(paid)
    assert isinstance(event, Event)
    assert event.contact_wait_ms == 60_000
    assert event.body == {
        "_user_id": "7",
        "_event_id": "1",
        "_event_type": "purchase",
        "_event_date": "2026-11-23T11:00:00.000Z",
        "_event_parameters": {"amount": 99.9, "currency": "EUR"},
    }
    assert unpaid == Skip("when")
    assert updated == Skip("on")
    (event,) = deliveries(last)
    assert isinstance(event, Event)
    assert event.body["_event_date"] == "2026-11-23T19:16:31.185Z"
    assert event.body["_event_parameters"] == {"amount": 5.0}


@pytest.mark.parametrize(
    ("topic", "rule"), [("pj.transaction", "transaction"), ("pj.message", "logical_message")]
)
def test_topics_without_rows_are_skipped_by_name(topic: str, rule: str) -> None:
    """Transaction metadata and logical messages are known by their shape (F038)."""
    subject = translator(topic=topic, contact={"user_id": "id"})
    results = [subject.translate(record) for record in captured(topic)]
    assert results
    assert set(results) == {Skip(rule)}


def test_a_table_without_a_key_upserts() -> None:
    """Rows of a table without a key are upserts like any other (F037)."""
    subject = translator(topic="pj.public.nokey", contact={"user_id": "a"})
    results = [subject.translate(record) for record in captured("pj.public.nokey")]
    assert [upsert(result) for result in results] == [{"_user_id": "1"}, {"_user_id": "5"}]


# --------------------------------------------------------------------------------- flattened topics


def test_flattened_customers_arrive_with_the_same_values() -> None:
    """The mode `rewrite` changes nothing but how a delete looks (F037, F044, F045)."""
    subject = translator(topic="pfl.public.customers", contact={"user_id": "id", "attributes": CUSTOMERS})
    results = [subject.translate(record) for record in captured("pfl.public.customers")]
    assert len(results) == 14
    enveloped = translator(topic="pj.public.customers", contact={"user_id": "id", "attributes": CUSTOMERS})
    same = [
        result
        for record in captured("pj.public.customers")
        if record.value is not None
        for result in [enveloped.translate(record)]
    ]
    for flat, whole in zip(results, same, strict=True):
        (one,), (other,) = deliveries(flat), deliveries(whole)
        assert type(one) is type(other)
        if isinstance(one, Upsert) and isinstance(other, Upsert):
            assert orjson.dumps(one.body) == orjson.dumps(other.body)
            assert one.instant is other.instant
        else:
            assert one.user_id == other.user_id
    assert subject.counts == enveloped.counts


def test_flattened_composite_keys_change_their_contact() -> None:
    """The header of a changed key is on the row that says it was deleted (F045)."""
    members = captured("pfl.public.members")
    subject = translator(topic="pfl.public.members", contact={"user_id": {"template": "{tenant}-{no}"}})
    results = [subject.translate(record) for record in members]
    assert [deleted(result)[0] for result in results[2:4]] == ["acme-2", "acme-1"]
    assert upsert(results[4]) == {"_user_id": "beta-1"}
    by_number = translator(topic="pfl.public.members", contact={"user_id": "no"})
    assert [by_number.translate(record) for record in members][3] == Skip("key_change")


def test_a_flattened_delete_of_a_whole_row_resolves_its_contact() -> None:
    """With REPLICA IDENTITY FULL the row that says it was deleted is the whole one."""
    subject = translator(topic="pfl.public.full_rows", contact={"user_id": "email", "before": "full"})
    created, changed, removed = map(subject.translate, captured("pfl.public.full_rows"))
    assert (upsert(created)["_user_id"], upsert(changed)["_user_id"]) == ("a@b.c", "z@b.c")
    assert deleted(removed) == ("z@b.c", False)


def test_flattened_orders_are_events_by_their_added_operation() -> None:
    """`on` chooses by `__op`; an id rule is not needed where a position was added (F079)."""
    subject = translator(
        topic="pfl.public.orders",
        event={"type": "purchase", "user_id": "customer_id", "parameters": {"lsn": "__source_lsn"}},
    )
    results = [subject.translate(record) for record in captured("pfl.public.orders")]
    assert results[2] == Skip("on")
    events = [delivery for result in results if isinstance(result, list) for delivery in result]
    assert [event.body["_event_parameters"]["lsn"] for event in events if isinstance(event, Event)] == [
        26762472,
        26762728,
        26809048,
    ]
    assert len({event.body["_event_id"] for event in events if isinstance(event, Event)}) == 3


def test_flattened_topics_have_messages_and_tables_without_a_key() -> None:
    """A message passes the transformation as it is; rows without a key are upserts (F037, F038)."""
    message = translator(topic="pfl.message", contact={"user_id": "id"})
    assert [message.translate(record) for record in captured("pfl.message")] == [Skip("logical_message")]
    subject = translator(topic="pfl.public.nokey", contact={"user_id": "a"})
    rows = [upsert(subject.translate(record)) for record in captured("pfl.public.nokey")]
    assert rows == [{"_user_id": "1"}, {"_user_id": "5"}]
