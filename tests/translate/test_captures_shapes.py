"""Everything that real Debezium wrote besides plain changes of a keyed table, by name."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest

from connector.model import Delete, Event, Rejection, Skip, Upsert
from tests.fixtures.captures import MARIADB, POSTGRES, topics
from tests.translate import changes, expected_columns
from tests.translate.captured import (
    body,
    connector_of,
    contacts,
    deleted,
    each,
    sent_body,
    subject,
    table_of,
    translated,
)
from tests.translate.expected_values import number
from tests.translate.records import deliveries

SERVICE_MESSAGES: Mapping[str, str] = {
    "pj.message": "logical_message",
    "pjs.message": "logical_message",
    "pav.message": "logical_message",
    "pfr.message": "logical_message",
    "outbox.message": "logical_message",
    "pj.transaction": "transaction",
    "pav.transaction": "transaction",
    "mj.transaction": "transaction",
    "mav.transaction": "transaction",
    "__debezium-heartbeat.pj": "heartbeat",
    "__debezium-heartbeat.pav": "heartbeat",
    "__debezium-heartbeat.mj": "heartbeat",
    "__debezium-heartbeat.mav": "heartbeat",
    "mj": "schema_change",
    "mav": "schema_change",
    "pj.public.signals": "signal",
    "pav.public.signals": "signal",
    "mj.shop.signals": "signal",
    "mav.shop.signals": "signal",
}

ROWS = frozenset({"emptied", "full_rows", "index_rows", "nokey", "orders"})
"""The tables of the tests below."""

PLAIN = ("pj", "pav")
"""Bare JSON and Avro: the only two formats in which these tables are captured, besides flattened rows."""


@pytest.mark.parametrize("shape", ["auto", "envelope", "flattened", "outbox"])
@pytest.mark.parametrize(("topic", "rule"), SERVICE_MESSAGES.items())
def test_what_is_no_row_is_skipped_by_its_name(topic: str, rule: str, shape: str) -> None:
    """Heartbeats, transactions, schema changes, messages and signals, bare and with schemas (F038)."""
    one = subject(topic, shape=shape, contact={"user_id": "id"}, event={"type": "x", "user_id": "id"})
    results = translated(topic, one)
    assert results
    assert set(results) == {Skip(rule)}


@pytest.mark.parametrize(
    "topic", ["pj.public.emptied", "pav.public.emptied", "mj.shop.emptied", "mav.shop.emptied"]
)
def test_a_truncated_table_deletes_no_contact(topic: str) -> None:
    """The record concerns no row and has no key (F038)."""
    one, two, emptied, three = translated(topic, contacts(topic, {"name": "name"}))
    assert [body(result) for result in (one, two, three)] == [
        {"name": name} for name in ("one", "two", "three")
    ]
    assert emptied == Skip("truncate")


@pytest.mark.parametrize("topic", ["pj.public.nokey", "pav.public.nokey"])
def test_a_table_without_a_key_upserts(topic: str) -> None:
    """PostgreSQL writes only inserts; a row without an id is a dead letter (F037, F039)."""
    read, created, empty = translated(topic, contacts(topic, {"b": "b"}, user_id="a"))
    assert [body(result) for result in (read, created)] == [{"b": "x"}, {"b": "y"}]
    assert empty == Rejection("contact.user_id", "the user id is missing or null")


@pytest.mark.parametrize("topic", ["mj.shop.nokey", "mav.shop.nokey"])
def test_a_table_without_a_key_deletes_by_its_before_image(topic: str) -> None:
    """MariaDB's is whole; the tombstone, which has no key at all, says nothing more (F037)."""
    results = translated(topic, contacts(topic, {"b": "b"}, user_id="a"))
    read, created, empty, changed, gone, tombstone = results
    assert [body(result) for result in (read, created, changed)] == [{"b": "x"}, {"b": "y"}, {"b": "z"}]
    assert empty == Rejection("contact.user_id", "the user id is missing or null")
    assert deleted(gone) == ("1", False)
    assert tombstone == Skip("tombstone_without_user_id")


KEY_LACKS_IT = (
    "the primary key changed, and its new value lacks a column that the user id needs."
    " So it is unknown whether the contact still exists"
)


@pytest.mark.parametrize("connector", PLAIN)
def test_whole_before_images_resolve_ids_outside_the_key(connector: str) -> None:
    """With REPLICA IDENTITY FULL an e-mail as id survives its change and its delete (F045)."""
    topic = f"{connector}.public.full_rows"
    one = contacts(topic, {"score": "score"}, user_id="email", before="full")
    created, changed, renamed, its_tombstone, again, gone, tombstone = translated(topic, one)
    assert body(created) == body(again) == {"score": number(10)}
    assert [delivery.user_id for delivery in deliveries(changed)] == ["a@b.c", "z@b.c"]
    assert renamed == Rejection("contact.user_id", KEY_LACKS_IT)
    assert its_tombstone == Skip("key_change")
    assert deleted(gone) == ("z@b.c", False)
    assert tombstone == Skip("tombstone_without_user_id")
    assert one.counts == {}  # a whole image has the large column, changed or not (F044)


@pytest.mark.parametrize(
    ("topic", "before", "changed"),
    [
        ("mj.shop.customers", "auto", [("ADA@Example.com", False)]),
        ("mav.shop.customers", "auto", [("ADA@Example.com", False)]),
        ("mfr.shop.customers", "full", []),  # a flattened update has no before-image
        ("mfa.shop.customers", "full", []),
    ],
)
def test_before_images_of_mariadb_are_whole(topic: str, before: str, changed: list[tuple[str, bool]]) -> None:
    """An e-mail as id needs no option; flattened rows do not say of which database they are (F045)."""
    results = translated(topic, contacts(topic, {}, user_id="email", before=before))
    gone = [
        (delivery.user_id, delivery.tombstone)
        for result in results
        if isinstance(result, list)
        for delivery in result
        if isinstance(delivery, Delete)
    ]
    assert gone == [*changed, ("nulls@example.com", False), ("tx2@example.com", False)]
    assert [result for result in results if isinstance(result, Rejection)] == [
        Rejection("contact.user_id", KEY_LACKS_IT)
    ]


def test_a_flattened_delete_of_a_whole_row_resolves_its_contact() -> None:
    """With REPLICA IDENTITY FULL the row that says it was deleted is the whole one."""
    topic = "pfr.public.full_rows"
    one = contacts(topic, {"score": "score"}, user_id="email", before="full")
    created, changed, renamed, again, gone = translated(topic, one)
    assert [delivery.user_id for result in (created, changed, again) for delivery in deliveries(result)] == [
        "a@b.c",
        "z@b.c",
        "z@b.c",
    ]
    assert renamed == Rejection("contact.user_id", KEY_LACKS_IT)
    assert deleted(gone) == ("z@b.c", False)


@pytest.mark.parametrize("connector", PLAIN)
def test_keys_by_another_index_hold_filler(connector: str) -> None:
    """With REPLICA IDENTITY USING INDEX the key of a delete has zeros for the primary key.

    The record looks like one with an id of 0: docs/mapping.md warns. The index's own columns are right.
    """
    topic = f"{connector}.public.index_rows"
    by_key = translated(topic, contacts(topic, {}))
    assert [deleted(by_key[place]) for place in (1, 4, 5)] == [("0", False), ("0", False), ("0", True)]
    by_index = contacts(topic, {"name": "name"}, user_id="email", before="full")
    created, renamed, its_tombstone, changed, gone, tombstone = translated(topic, by_index)
    assert body(created) == body(changed) == {"name": "Ida"}
    assert renamed == Rejection("contact.user_id", KEY_LACKS_IT)
    assert its_tombstone == Skip("key_change")
    assert deleted(gone) == ("j@b.c", False)
    assert tombstone == Skip("tombstone_without_user_id")


@pytest.mark.parametrize("connector", PLAIN)
def test_default_before_images_resolve_no_ids_outside_the_key(connector: str) -> None:
    """PostgreSQL's are filler, and nothing is deleted by it."""
    topic = f"{connector}.public.customers"
    results = translated(topic, contacts(topic, {}, user_id="email"))
    assert [result.rule for result in results if isinstance(result, Rejection)] == ["contact.user_id"] * 3
    assert [result for result in results if isinstance(result, Skip)] == [
        Skip("key_change"),
        Skip("tombstone_without_user_id"),
        Skip("tombstone_without_user_id"),
    ]


# ----------------------------------------------------------------------------------------- events


def the_event(result: Any) -> Event:
    """Return the only delivery, an event."""
    (event,) = deliveries(result)
    assert isinstance(event, Event)
    return event


@pytest.mark.parametrize("connector", PLAIN)
def test_orders_become_events(connector: str) -> None:
    """Exact amounts, their own ids and dates; what does not hold `when`, or is not in `on`, is skipped."""
    topic = f"{connector}.public.orders"
    amount = {"from": "total", "as": {"decimal": 2}}
    rules = {
        "type": "purchase",
        "user_id": "customer_id",
        "id": "order_id",
        "date": "placed_at",
        "parameters": {"amount": amount, "currency": "currency"},
        "when": "status == 'paid'",
    }
    paid, cart, _, empty = translated(topic, subject(topic, event=rules))
    assert sent_body(the_event(paid)) == {
        "_event_id": "1",
        "_event_type": "purchase",
        "_event_date": "2026-11-23T11:00:00.000Z",
        "_event_parameters": {"amount": number("99.90"), "currency": "EUR"},
    }
    assert the_event(paid).user_id == "101"
    assert cart == empty == Skip("when")
    results = translated(topic, subject(topic, event={**rules, "on": ["update"]}))
    assert [result for result in results if result != Skip("on")] == [results[2]]
    assert the_event(results[2]).body["_event_date"] == "2026-11-23T19:16:31.185Z"


@pytest.mark.parametrize("topic", [topic for topic in changes.TOPICS if table_of(topic) == "customers"])
def test_every_event_has_an_id_of_its_own(topic: str) -> None:
    """By its position in the log, or a snapshot's by its offset; the same when it is read again (F079).

    A key that changes is no deletion, and a tombstone makes no event.
    """
    rules = {"type": "x", "user_id": "id", "on": ["create", "update", "delete", "read"]}
    first, second = (
        [
            the_event(result).body["_event_id"]
            for result in translated(topic, subject(topic, event=rules))
            if not isinstance(result, Skip)
        ]
        for _ in range(2)
    )
    assert first == second
    assert len(first) == len(set(first)) == sum(map(partial(is_told, topic), changes.changes(topic)))


def is_told(topic: str, change: changes.Change) -> bool:
    """Whether a change is one for an event, and has a record that is not just a tombstone."""
    form = changes.CONNECTORS[connector_of(topic)].form
    return change.what != "rename" and (
        change.what != "delete" or "row" in changes.DELETED[form][change.what]
    )


@pytest.mark.parametrize("topic", ["pfr.public.customers", "pfa.public.customers", "mfr.shop.customers"])
def test_added_fields_of_flattened_rows_are_columns(topic: str) -> None:
    """`on` chooses by `__op`, and whatever was added can be mapped."""
    rules = {"type": "x", "user_id": "id", "parameters": {"table": "__table", "at": "__source_ts_ms"}}
    results = translated(topic, subject(topic, event=rules))
    events = [the_event(result) for result in results if result != Skip("on")]
    assert [event.user_id for event in events] == ["7", "8", "70", "101", "102", "103"]
    for event in events:
        parameters = event.body["_event_parameters"]
        assert parameters["table"] == "customers"
        assert parameters["at"] > 1_700_000_000_000


@pytest.mark.parametrize("topic", [topic for topic in changes.TOPICS if table_of(topic) == "customers"])
def test_an_added_column_is_sent_from_its_first_record_on(topic: str) -> None:
    """A column that a row does not have is left out, and never cleared."""
    results = translated(topic, contacts(topic, each(["loyalty", "first_name"])))
    sent = [sent_body(d) for r in results if isinstance(r, list) for d in r if isinstance(d, Upsert)]
    columns = [tuple(one) for one in sent]
    assert list(dict.fromkeys(map(frozenset, columns))) == [
        frozenset({"first_name"}),
        frozenset({"first_name", "loyalty"}),
        frozenset({"loyalty"}),
    ]


def test_no_captured_topic_is_left_out() -> None:
    """Every topic of both captures is in one of these tests."""
    outbox = {topic for topic in topics(POSTGRES) if topic.endswith(".order")}
    tested = {*expected_columns.value_topics(bare=True), *expected_columns.value_topics(bare=False)}
    tested |= {*changes.TOPICS, *SERVICE_MESSAGES, *outbox}
    others = {topic for name in (POSTGRES, MARIADB) for topic in topics(name)} - tested
    assert {table_of(topic) for topic in others} == ROWS
