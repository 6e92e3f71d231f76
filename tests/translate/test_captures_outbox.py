"""The same four events of real Debezium's outbox router, under each converter and option that is captured."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

from connector.model import Event, Rejection, Skip
from tests.fixtures.captures import POSTGRES, truth
from tests.translate.captured import sent_body, subject, translated
from tests.translate.expected_values import exactly
from tests.translate.records import deliveries

OBJECT, LIST, TEXT, NOTHING = "42", "43", "44", "45"
"""Aggregates, named after the payload of their event."""


class Router(NamedTuple):
    """A router's options, and their effect on its events.

    `beside` are columns that it puts beside the payload, `headers` those that it puts into headers. A
    payload that it has `expanded` lacks nulls and empty arrays. `bare_text` says that nothing distinguishes
    text of JSON from other text.
    """

    format: str
    beside: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    expanded: bool = False
    bare_text: bool = False
    lists: bool = True


ROUTERS: Mapping[str, Router] = {
    "outbox.event.order": Router("JSON", bare_text=True),
    "pos.order": Router("JSON with schema"),
    "pot.order": Router("JSON"),
    "poe.order": Router("JSON", headers={"eventType": "type"}, expanded=True, bare_text=True, lists=False),
    "pon.order": Router("JSON", {"eventType": "type", "tenant": "tenant"}, bare_text=True, lists=False),
    "poa.order": Router("Avro (Confluent framing)"),
    "pox.order": Router(
        "Avro (Confluent framing)", {"tenant": "tenant"}, {"type": "type"}, expanded=True, lists=False
    ),
}

ROWS = [
    version.row
    for table in ("outbox", "outbox_lists")
    for version in truth(POSTGRES, table).versions
    if version.row and version.row["aggregatetype"] == "order"
]


def aggregates(router: Router) -> list[str]:
    """Return the aggregates whose events a router wrote: a list is more than its own expansion can take."""
    return [OBJECT, *([LIST] if router.lists else []), TEXT, NOTHING]


def row_of(aggregate: str) -> Mapping[str, Any]:
    """Return the row of the outbox table that an event came from."""
    (row,) = (row for row in ROWS if row["aggregateid"] == aggregate)
    return row


def payload_of(aggregate: str, router: Router) -> Any:
    """Return the payload as it must be sent."""
    text = row_of(aggregate)["payload"]
    if text is None or (aggregate == TEXT and router.bare_text):
        return text
    payload = exactly(text)
    if router.expanded and aggregate == OBJECT:
        assert (payload.pop("none"), payload["customer"].pop("name")) == ([], None)
    return payload


def body_of(aggregate: str, router: Router) -> dict[str, Any]:
    """Return the body of an event: its payload if that is an object and nothing is beside it."""
    payload = payload_of(aggregate, router)
    if router.beside:
        columns = {name: row_of(aggregate)[column] for name, column in router.beside.items()}
        return {**columns, "payload": payload}
    if aggregate == OBJECT:
        assert isinstance(payload, dict)
        return payload
    return {} if payload is None else {"payload": payload}


def event_of(result: Any) -> Event:
    """Return the only delivery, an event."""
    (event,) = deliveries(result)
    assert isinstance(event, Event)
    return event


@pytest.mark.parametrize("topic", ROUTERS)
def test_each_form_of_an_event_is_the_same_event(topic: str) -> None:
    """Its id, aggregate and complete payload, and the parts that the router puts elsewhere (F037, F079)."""
    router = ROUTERS[topic]
    columns = ("payload", "total", "customer", "lines", "none", "tenant", "eventType")
    headers = {f"header_{name}": f"__headers.{name}" for name in router.headers}
    rules = {
        "type": "order",
        "user_id": "__key",
        "parameters": {**{name: name for name in columns}, **headers},
    }
    one = subject(topic, shape="outbox", event=rules)
    for aggregate, result in zip(aggregates(router), translated(topic, one), strict=True):
        event = event_of(result)
        placed = {f"header_{name}": row_of(aggregate)[column] for name, column in router.headers.items()}
        body = sent_body(event)
        assert event.user_id == aggregate
        assert body["_event_id"] == row_of(aggregate)["id"]
        assert body["_event_parameters"] == {**body_of(aggregate, router), **placed}
    assert one.formats == {topic: [router.format]}


@pytest.mark.parametrize("topic", ROUTERS)
def test_an_event_without_the_id_it_needs_is_a_dead_letter(topic: str) -> None:
    """The customer is inside the payload; where there is none, the event is not lost silently.

    A record without any value says nothing at all then.
    """
    router = ROUTERS[topic]
    inside = "payload.customer.id" if router.beside else "customer.id"
    first, *others, last = translated(
        topic, subject(topic, shape="outbox", event={"type": "order", "user_id": inside})
    )
    assert event_of(first).user_id == "7"
    lost = Rejection("event.user_id", "the user id is missing or null")
    assert others == [lost] * len(others)
    assert last == (lost if router.beside else Skip("tombstone"))


@pytest.mark.parametrize("topic", ROUTERS)
def test_no_record_of_an_outbox_deletes_a_contact(topic: str) -> None:
    """A record without a value is an empty payload."""
    router = ROUTERS[topic]
    one = subject(topic, shape="outbox", contact={"user_id": "__key", "attributes": {"total": "total"}})
    results = translated(topic, one)
    assert [delivery.user_id for result in results[:-1] for delivery in deliveries(result)] == aggregates(
        router
    )[:-1]
    if router.beside:
        assert [delivery.user_id for delivery in deliveries(results[-1])] == [NOTHING]
    else:
        assert results[-1] == Skip("tombstone")
