"""The outcome of each item: both answer shapes, refused items and batches, events and their contacts."""

import pytest

from connector.sandbox.api.behaviour import AnswerShape
from connector.sandbox.sample import CUSTOMERS_TOPIC
from tests.integration.conftest import Running
from tests.integration.deployment import Deployment
from tests.integration.shop import at_version, created, customer, deleted, order, range_of, updated
from tests.waiting import wait_for

BAD_EMAIL = "no-address"


@pytest.mark.parametrize(
    ("shape", "base"), [(AnswerShape.RECEIPT, 0), (AnswerShape.RECEIPT, 1), (AnswerShape.ENTITY, 0)]
)
def test_only_the_refused_item_becomes_a_dead_letter(running: Running, shape: AnswerShape, base: int) -> None:
    """In both answer shapes the bad item is stored byte for byte with its reason; the rest arrives.

    F047, F048, F055, S08: the reason names the field, and holds no value.
    """
    deployment, service = running
    deployment.api.change(shape=shape, position_base=base)
    first, (bad,), rest = deployment.fresh(20), deployment.fresh(1, email=BAD_EMAIL), deployment.fresh(20)
    offset = deployment.ends(CUSTOMERS_TOPIC)[0] + 20
    (record,) = created(bad)
    deployment.produce([*created(*first), record, *created(*rest)], partition=0)
    deployment.await_contacts([*first, *rest], service)
    (letter,) = deployment.dead_letters_of([bad], service)
    assert letter[:3] == (record.key, record.value, record.headers)
    assert letter.why["rule"] == "instasent.contacts"
    assert "_email" in letter.why["reason"]
    assert BAD_EMAIL not in letter.why["reason"]
    where = (letter.why["topic"], letter.why["partition"], letter.why["offset"])
    assert where == (CUSTOMERS_TOPIC, "0", str(offset))
    assert int(letter.why["timestamp"]) > 0
    assert str(bad.id) not in deployment.api.contacts()


@pytest.mark.parametrize("status", [422, 200])
def test_a_batch_whose_items_are_all_refused_is_stored_item_by_item(running: Running, status: int) -> None:
    """All refused, said by a 422 or by a success: every item has its own dead letter (F055, F083)."""
    deployment, service = running
    deployment.api.change(all_rejected_status=status)
    bad = deployment.fresh(5, email=BAD_EMAIL)
    deployment.produce(created(*bad))
    assert len(deployment.dead_letters_of(bad, service)) == 5
    assert not {str(one.id) for one in bad} & deployment.api.contacts().keys()
    deployment.await_committed(service)


def test_a_contact_that_is_gone_already_counts_as_deleted(running: Running) -> None:
    """A 404 on a delete is a success when the data source answers the probe (F054, F063)."""
    deployment, service = running
    deployment.api.change(unknown_delete_status=404)
    letters = len(deployment.dead_letters())
    deployment.produce(deleted(*deployment.fresh(1)))
    deployment.await_committed(service)
    assert deployment.api.report()["deletes_of_unknown"] == 1
    assert len(deployment.dead_letters()) == letters


def test_an_event_waits_for_its_contact(running: Running) -> None:
    """An event whose contact arrives later is delivered then."""
    deployment, service = running
    (person,) = deployment.fresh(1)
    refused = deployment.api.report()["rejected_items"]
    deployment.produce([order("waits", person.id)])
    wait_for(lambda: deployment.api.report()["rejected_items"] > refused, 20, "a first refusal", service)
    deployment.produce(created(person))
    wait_for(lambda: "waits" in deployment.api.events(), 20, "the event", service)


def test_an_event_of_a_stranger_becomes_a_dead_letter(running: Running) -> None:
    """Once the wait is over the event is stored with its reason; others have gone on meanwhile."""
    deployment, service = running
    stranger, known = deployment.fresh(2)
    record = order("stranger's", stranger.id)
    deployment.produce(created(known))
    deployment.await_contacts([known], service)
    deployment.produce([record, order("known's", known.id)], partition=0)
    wait_for(lambda: "known's" in deployment.api.events(), 20, "the event behind it", service)
    assert record.value not in [letter.value for letter in deployment.dead_letters()]
    deployment.await_committed(service)
    (letter,) = [letter for letter in deployment.dead_letters() if letter.key == record.key]
    assert letter.value == record.value
    assert letter.why["rule"] == "instasent.events"
    assert "stranger's" not in deployment.api.events()


CULPRIT = """
topic: shop.public.customers
contact:
  user_id: id
  attributes: {culprit: culprit}
  on_delete: delete
"""


def test_a_batch_that_is_refused_whole_is_halved_down_to_its_culprit(deployment: Deployment) -> None:
    """One bad item of a hundred costs few requests; the other 99 arrive, and it alone is stored (F051)."""
    deployment.api.change(poison_attribute="culprit")
    records = created(*range_of(1, 100))
    value = records[62].value or b""
    records[62] = records[62]._replace(value=value.replace(b'"id":63', b'"id":63,"culprit":1'))
    deployment.produce(records, partition=1)
    delivery = {"linger_ms": 500, "requests_in_flight_max": 2}
    deployment.run_until_caught_up(deployment.service(delivery=delivery, topics={"customers.yaml": CULPRIT}))
    assert set(deployment.api.contacts()) == {str(n) for n in range(1, 101) if n != 63}
    (letter,) = deployment.dead_letters()
    assert letter[:3] == (records[62].key, records[62].value, records[62].headers)
    assert "400" in letter.why["reason"]
    assert letter.why["offset"] == "62"
    assert deployment.api.report()["calls"]["contacts"] <= 1 + 2 * 7  # 2·log₂100, rounded up
    assert deployment.committed(CUSTOMERS_TOPIC) == deployment.ends(CUSTOMERS_TOPIC)


def test_the_refused_part_of_a_fold_is_found(deployment: Deployment) -> None:
    """Records of one contact that travelled as one upsert are sent one by one when it is refused (F076)."""
    deployment.api.change(refuse=lambda item: item.get("plan") == "forbidden")
    states = [one for version in range(2, 6) for one in at_version([customer(1)], version)]
    records = updated(*states, customer(1, version=6, plan="forbidden"))
    deployment.produce(records)
    deployment.run_until_caught_up(deployment.service(delivery={"linger_ms": 100}))
    deployment.await_contacts(states[-1:])
    assert [letter.value for letter in deployment.dead_letters()] == [records[-1].value]
    deployment.assert_in_order()


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


def test_a_topic_may_be_contact_and_event_at_once(deployment: Deployment) -> None:
    """One record leads to an upsert and then an event, in the order of the records (F076, F077)."""
    people = range_of(1, 5)
    deployment.produce([*created(*people), *updated(*at_version(people, 2))])
    deployment.run_until_caught_up(deployment.service(topics={"customers.yaml": BOTH}))
    assert [contact["row_version"] for contact in deployment.api.contacts().values()] == [2] * 5
    sequences = [event["_event_parameters"]["sequence"] for event in deployment.api.events().values()]
    assert sorted(sequences) == [1] * 5 + [2] * 5
    assert deployment.dead_letters() == []
    deployment.assert_in_order()
