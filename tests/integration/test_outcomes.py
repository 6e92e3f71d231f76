"""What becomes of each item: both answer shapes, refused items, refused batches."""

from typing import Any

import pytest

from connector.sandbox.api.behaviour import Shape
from connector.sandbox.sample import CUSTOMERS_TOPIC
from tests.integration.shop import contacts, created, customer, deleted, order, range_of
from tests.integration.stage import Stage
from tests.integration.waiting import wait_for

BAD_EMAIL = {"email": "no-address"}


@pytest.mark.parametrize(("shape", "base"), [(Shape.RECEIPT, 0), (Shape.RECEIPT, 1), (Shape.ENTITY, 0)])
def test_only_the_refused_item_becomes_a_dead_letter(stage: Stage, shape: Shape, base: int) -> None:
    """In both answer shapes and position bases the bad item is stored with its reason, the rest arrives.

    F047, F048, F055.
    """
    stage.api.change(shape=shape, position_base=base)
    good = [*range_of(1, 20), *range_of(22, 40)]
    bad = created(customer(21, **BAD_EMAIL))
    stage.produce([*created(*good[:20]), *bad, *created(*good[20:])], partition=0)
    stage.run_until_caught_up(stage.service())
    assert stage.api.contacts() == contacts(good)
    (letter,) = stage.dead_letters()
    assert letter[:3] == (bad[0].key, bad[0].value, bad[0].headers)
    assert letter.why["rule"] == "instasent.contacts"
    assert "_email" in letter.why["reason"]
    assert "no-address" not in letter.why["reason"]
    assert (letter.why["topic"], letter.why["partition"], letter.why["offset"]) == (
        CUSTOMERS_TOPIC,
        "0",
        "20",
    )
    assert int(letter.why["timestamp"]) > 0
    assert stage.committed(CUSTOMERS_TOPIC) == stage.ends(CUSTOMERS_TOPIC)
    stage.assert_in_order()


def test_a_batch_that_is_refused_whole_is_halved_down_to_its_culprit(stage: Stage) -> None:
    """One bad item of a hundred costs few requests; the other 99 arrive, and it alone is stored (F051)."""
    stage.api.change(poison_attribute="poison")
    mapping = "topic: shop.public.customers\ncontact:\n  user_id: id\n  attributes: {poison: poison}\n"
    text = mapping + "  on_delete: delete\n"
    records = [record for one in range_of(1, 100) for record in created(one)]
    culprit = records[62]._replace(
        value=(records[62].value or b"").replace(b'"id":63', b'"id":63,"poison":1')
    )
    records[62] = culprit
    stage.produce(records, partition=1)
    stage.run_until_caught_up(
        stage.service(
            delivery={"linger_ms": 500, "requests_in_flight_max": 2}, topics={"customers.yaml": text}
        )
    )
    assert set(stage.api.contacts()) == {str(n) for n in range(1, 101) if n != 63}
    (letter,) = stage.dead_letters()
    assert letter[:3] == (culprit.key, culprit.value, culprit.headers)
    assert "400" in letter.why["reason"]
    assert letter.why["offset"] == "62"
    assert stage.api.report()["calls"]["contacts"] <= 1 + 2 * 7  # 2·log₂100, rounded up


@pytest.mark.parametrize("status", [422, 200])
def test_a_batch_whose_items_are_all_refused_is_stored_item_by_item(stage: Stage, status: int) -> None:
    """All refused, said by a 422 or by a success: every item has its own dead letter (F055, F083)."""
    stage.api.change(all_rejected_status=status)
    bad = [customer(n, **BAD_EMAIL) for n in range(1, 6)]
    stage.produce(created(*bad))
    stage.run_until_caught_up(stage.service())
    assert stage.api.contacts() == {}
    assert sorted(letter.key or b"" for letter in stage.dead_letters()) == [
        b'{"id":%d}' % n for n in range(1, 6)
    ]
    assert stage.committed(CUSTOMERS_TOPIC) == stage.ends(CUSTOMERS_TOPIC)


def test_the_refused_part_of_a_fold_is_found(stage: Stage) -> None:
    """Records of one contact that travelled as one upsert are sent one by one when it is refused (F076)."""
    stage.api.change(refuse=lambda item: item.get("plan") == "forbidden")
    states = [customer(1, version=version, plan=f"plan {version}") for version in range(1, 6)]
    records = created(*states, customer(1, version=6, plan="forbidden"))
    stage.produce(records)
    stage.run_until_caught_up(stage.service(delivery={"linger_ms": 300}))
    assert stage.api.contacts() == contacts(states[-1:])
    assert [letter.value for letter in stage.dead_letters()] == [records[-1].value]
    stage.assert_in_order()


def test_a_contact_that_is_gone_already_counts_as_deleted(stage: Stage) -> None:
    """A 404 on a delete is a success when the data source answers the probe (F054, F063)."""
    stage.api.change(unknown_delete_status=404)
    stage.produce(deleted(customer(7)))
    stage.run_until_caught_up(stage.service())
    assert stage.dead_letters() == []
    assert stage.api.report()["deletes_of_unknown"] == 1
    assert stage.committed(CUSTOMERS_TOPIC) == stage.ends(CUSTOMERS_TOPIC)


def test_an_event_waits_for_its_contact(stage: Stage) -> None:
    """An event whose contact arrives later is delivered then, and none is dead-lettered."""
    service = stage.service(contact_wait_seconds=20)
    service.start()
    stage.produce([order("o-1", 5)])
    wait_for(lambda: stage.api.report()["rejected_items"], 20, "the event to be refused once", service)
    stage.produce(created(customer(5)))
    wait_for(lambda: set(stage.api.events()) == {"o-1"}, 20, "the event", service)
    assert service.stop() == 0
    assert stage.dead_letters() == []


def test_an_event_of_a_stranger_becomes_a_dead_letter(stage: Stage) -> None:
    """Once the wait is over, the event is stored with the reason, and later ones have gone on meanwhile."""
    stranger = order("o-stranger", 99)
    stage.produce([*created(customer(1)), stranger, order("o-1", 1)])
    stage.run_until_caught_up(stage.service(contact_wait_seconds=2))
    (letter,) = stage.dead_letters()
    assert letter[:2] == (stranger.key, stranger.value)
    assert letter.why["rule"] == "instasent.events"
    assert set(stage.api.events()) == {"o-1"}


BOTH = """
topic: shop.public.customers
contact:
  user_id: id
  attributes: {plan: plan, row_version: row_version}
  on_delete: delete
event:
  type: changed
  user_id: id
  on: [create, update]
  parameters: {plan: plan, sequence: row_version}
"""


def test_a_topic_may_be_contact_and_event_at_once(stage: Stage) -> None:
    """One record leads to an upsert and the event behind it, in the order of the records (F076, F077)."""
    people = range_of(1, 5)
    stage.produce([record for one in people for record in created(one, customer(one.id, version=2))])
    stage.run_until_caught_up(stage.service(topics={"customers.yaml": BOTH}))
    assert {c["row_version"] for c in stage.api.contacts().values()} == {2}
    events: list[dict[str, Any]] = list(stage.api.events().values())
    assert sorted(event["_event_parameters"]["sequence"] for event in events) == [1] * 5 + [2] * 5
    assert stage.dead_letters() == []
    stage.assert_in_order()
