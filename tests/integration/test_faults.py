"""Faults between us and the API: whatever becomes of requests and answers, the end is exact."""

import time
from typing import Any

import httpx
import pytest

from connector.sandbox.api.faults import FaultKind
from connector.sandbox.customers import Customer
from connector.sandbox.sample import make_sample
from tests.integration.conftest import Running
from tests.integration.deployment import Deployment
from tests.integration.shop import at_version, created, range_of, updated, versions, without_strangers
from tests.waiting import wait_for

TROUBLES: dict[str, tuple[FaultKind, dict[str, Any]]] = {
    "server fault": (FaultKind.STATUS, {"status": 500}),
    "unavailable": (FaultKind.STATUS, {"status": 503}),
    "reset": (FaultKind.RESET, {}),
    "answer lost": (FaultKind.LOST, {}),
    "maintenance page": (FaultKind.HTML, {"status": 502}),
    "captive portal": (FaultKind.HTML, {"status": 200}),
    "slow body": (FaultKind.SLOW, {"seconds": 0.02, "times": 1}),
    "cut short": (FaultKind.SHORT, {}),
    "not JSON": (FaultKind.UNREADABLE, {}),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_trouble_changes_nothing_in_the_end(running: Running, trouble: str) -> None:
    """The next five writes meet the trouble; contacts, order and accounts are exact all the same.

    F049, F059, F064, F065, F066, F068, F072: a lost answer is no failure, and no success is invented.
    """
    deployment, service = running
    kind, details = TROUBLES[trouble]
    people = deployment.fresh(30)
    deployment.api.inject(kind, endpoint="contacts", **{"times": 5, **details})
    deployment.produce([*created(*people), *versions(people, 4)])
    deployment.await_contacts(at_version(people, 4), service)
    service.await_ready()
    assert service.status()["unaccounted_records"] == 0
    assert deployment.dead_letters() == []
    deployment.assert_in_order()


def test_an_api_that_never_answers_is_given_up_in_time(running: Running) -> None:
    """A request that hangs ends after `request_seconds_max`, and its items are sent again (F067)."""
    deployment, service = running
    people = deployment.fresh(3)
    deployment.api.inject(FaultKind.HANG, times=1, endpoint="contacts")
    calls = deployment.api.report()["calls"]["contacts"]
    started = time.monotonic()
    deployment.produce(created(*people))
    wait_for(
        lambda: deployment.api.report()["calls"]["contacts"] >= calls + 2, 20, "the second request", service
    )
    assert time.monotonic() - started >= 1
    deployment.produce(updated(*at_version(people, 2)))
    deployment.await_contacts(at_version(people, 2), service)
    deployment.assert_in_order()


def test_everything_at_once(deployment: Deployment) -> None:
    """Contacts, deletes, orders and bad records through all troubles together end as they must.

    F047, F049, F055, F059, F063, F064, F065, F066, F073, F076, F077, I1, I3.
    """
    sample = make_sample(seed=3, customers=80, changes=500, filler_bytes=20)
    deployment.produce(without_strangers(sample))
    for kind, details in TROUBLES.values():
        deployment.api.inject(kind, probability=0.06, **details)
    deployment.run_until_caught_up(
        deployment.service(
            delivery={"request_seconds_max": 1, "drain_seconds": 5, "batch_items_max": 20},
            contact_wait_seconds=30,
        )
    )
    deployment.assert_delivered(sample.expected)


def test_one_instance_alone_is_never_throttled(deployment: Deployment) -> None:
    """With five calls in a second the requests are paced by the headers, and no 429 comes (F057)."""
    deployment.api.change(limit=5, window_seconds=1.0)
    people = range_of(1, 40)
    deployment.produce([*created(*people), *updated(*at_version(people, 2))])
    deployment.run_until_caught_up(deployment.service(delivery={"batch_items_max": 5}))
    report = deployment.api.report()
    assert report["statuses"].get("429", 0) == 0
    assert report["calls"]["contacts"] >= 8
    deployment.await_contacts(at_version(people, 2))
    deployment.assert_in_order()


def test_strangers_who_eat_the_budget_cost_a_few_refusals(deployment: Deployment) -> None:
    """Calls of others use the limit up: the 429 are waited out, and nothing is dropped (F057)."""
    limit = 4
    deployment.api.change(limits={"contacts": limit}, window_seconds=2.0)
    service = deployment.service()
    address = f"{deployment.api.base_url}/project/sandbox/datasource/customers/stream/contacts?_dryRun"
    authorization = {"authorization": "Bearer sandbox-token"}
    people: list[Customer] = []
    service.start()
    with httpx.Client(headers=authorization) as stranger:

        def refused() -> bool:
            for _ in range(limit):  # a whole window, however slow the machine is
                stranger.post(address, json=[{"_user_id": "stranger"}])
            people.extend(deployment.fresh(1))
            deployment.produce(created(people[-1]))
            endpoints = service.status().get("endpoints", ())
            return any(endpoint["limited"] for endpoint in endpoints)

        wait_for(refused, 20, "a 429 for the service", service)
    deployment.await_contacts(people, service)
    assert service.stop() == 0
    assert deployment.dead_letters() == []
    deployment.assert_in_order()
