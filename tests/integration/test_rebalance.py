"""Partitions move between instances under load; nothing is lost or out of order (promises 1 and 2)."""

from typing import Any

from connector.sandbox.api.faults import FaultKind
from connector.sandbox.sample import CUSTOMERS_TOPIC
from tests.integration.deployment import Deployment
from tests.integration.service import Service
from tests.integration.shop import at_version, created, range_of, versions
from tests.waiting import wait_for

LONGER_SESSION = {"session.timeout.ms": 4_000}
"""The embedded broker waits a second less than this for all members; a busy machine needs more."""

TOKENS = {"a": "token-a", "b": "token-b"}


def only_customers(document: dict[str, Any]) -> None:
    """Leave one topic of two partitions: each instance gets one."""
    document["topics"] = "topics/customers.yaml"


def held(service: Service) -> int:
    """Count the partitions that an instance holds."""
    return len(service.status().get("partitions", ()))


def test_a_second_instance_joins_and_the_first_leaves(deployment: Deployment) -> None:
    """Under load one joins and the other is stopped: the end is exact and in order, all is committed.

    F002, F003, F088. Each instance has its own token: to the ledger it is a run.
    """
    deployment.api.change(tokens=frozenset(TOKENS.values()))
    deployment.api.inject(FaultKind.LATENCY, seconds=0.05)
    delivery = {"batch_items_max": 5, "request_seconds_max": 5, "drain_seconds": 5}
    first, second = (
        deployment.service(name, token=token, delivery=delivery, kafka=LONGER_SESSION, edit=only_customers)
        for name, token in TOKENS.items()
    )
    people = range_of(1, 40)
    deployment.produce(created(*people))
    first.start()
    wait_for(deployment.api.contacts, 20, "progress of the first", first)
    deployment.produce(versions(people, 15))
    second.start()
    wait_for(lambda: held(second) == 1, 20, "the second to get its half", first, second)
    wait_for(lambda: held(first) == 1, 20, "the first to keep its half", first, second)
    deployment.produce(versions(people, 30, first=16))
    wait_for(
        lambda: second.topic(CUSTOMERS_TOPIC).get("deliveries_accepted"), 20, "its progress", first, second
    )
    assert first.stop() == 0
    deployment.await_contacts(at_version(people, 30), second)
    wait_for(lambda: held(second) == 2, 20, "the second to hold everything", second)
    wait_for(
        lambda: deployment.committed(CUSTOMERS_TOPIC) == deployment.ends(CUSTOMERS_TOPIC),
        20,
        "the commits",
        second,
    )
    assert second.status()["unaccounted_records"] == 0
    assert second.stop() == 0
    deployment.assert_in_order()
    assert deployment.dead_letters() == []


def test_an_assignment_that_is_lost_again_and_again_loses_nothing(deployment: Deployment) -> None:
    """With a session shorter than a heartbeat the group removes the member again and again (F005, F011)."""
    people = range_of(1, 20)
    deployment.produce([*created(*people), *versions(people, 5)])
    deployment.api.inject(FaultKind.LATENCY, seconds=0.3)
    service = deployment.service(
        kafka={"session.timeout.ms": 500, "heartbeat.interval.ms": 400}, delivery={"batch_items_max": 4}
    )
    service.start()
    lost = "partitions_lost"
    wait_for(lambda: [x["event"] for x in service.events()].count(lost) >= 2, 30, "lost assignments", service)
    deployment.api.heal()
    deployment.await_contacts(at_version(people, 5), service)
    assert service.status()["unaccounted_records"] == 0
    assert deployment.api.report()["overlaps"] == 0
    assert service.stop() == 0
