"""Faults between us and the API: whatever becomes of requests and answers, the end is exact."""

import time
from typing import Any

import httpx
import pytest

from connector.sandbox.api.faults import FaultKind
from connector.sandbox.sample import CUSTOMERS_TOPIC, make_sample
from tests.integration.shop import at_version, contacts, created, range_of, versions
from tests.integration.stage import Stage
from tests.integration.waiting import wait_for

TROUBLES: dict[str, tuple[FaultKind, dict[str, Any]]] = {
    "server fault": (FaultKind.STATUS, {"status": 500}),
    "unavailable": (FaultKind.STATUS, {"status": 503}),
    "reset": (FaultKind.RESET, {}),
    "answer lost": (FaultKind.LOST, {}),
    "maintenance page": (FaultKind.HTML, {"status": 502}),
    "captive portal": (FaultKind.HTML, {"status": 200}),
    "slow body": (FaultKind.SLOW, {"seconds": 0.02}),
    "cut short": (FaultKind.SHORT, {}),
    "not JSON": (FaultKind.UNREADABLE, {}),
}
REQUEST_SECONDS = {"request_seconds_max": 1, "drain_seconds": 5}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_trouble_changes_nothing_in_the_end(stage: Stage, trouble: str) -> None:
    """Every third request meets the trouble; final state, order and accounts are exact all the same.

    F049, F059, F064, F065, F066, F068, F072: a lost answer is not a failure, and no success is invented.
    """
    kind, details = TROUBLES[trouble]
    people = range_of(1, 30)
    stage.produce([*created(*people), *versions(people, 8)])
    stage.api.inject(kind, probability=0.35, **details)
    stage.api.inject(kind, times=1, endpoint="contacts", **details)
    stage.run_until_caught_up(stage.service(delivery={**REQUEST_SECONDS, "batch_items_max": 7}))
    assert stage.api.contacts() == contacts(at_version(people, 8))
    assert stage.dead_letters() == []
    assert stage.committed(CUSTOMERS_TOPIC) == stage.ends(CUSTOMERS_TOPIC)
    stage.assert_in_order()


def test_an_api_that_never_answers_is_given_up_in_time(stage: Stage) -> None:
    """A request that hangs ends after `request_seconds_max`, and what it carried is sent again (F067)."""
    stage.produce(created(*range_of(1, 3)))
    stage.api.inject(FaultKind.HANG, times=1, endpoint="contacts")
    started = time.monotonic()
    stage.run_until_caught_up(stage.service(delivery=REQUEST_SECONDS))
    assert 1 <= time.monotonic() - started < 8
    assert stage.api.contacts() == contacts(range_of(1, 3))
    assert stage.api.report()["calls"]["contacts"] >= 2
    stage.assert_in_order()


def test_everything_at_once(stage: Stage) -> None:
    """Contacts, deletes, orders and dead letters through all troubles together end as they must (F001-F100)."""
    sample = make_sample(seed=3, customers=80, changes=500, filler_bytes=20)
    stage.produce(sample.records)
    for kind, details in TROUBLES.values():
        stage.api.inject(kind, probability=0.06, **details)
    stage.run_until_caught_up(stage.service(delivery={**REQUEST_SECONDS, "batch_items_max": 20}))
    stage.assert_delivered(sample.expected)
    assert len(stage.dead_letters()) == sum(sample.expected.dead_letters.values())


def test_one_instance_alone_is_never_throttled(stage: Stage) -> None:
    """With five calls per two seconds the requests are paced by the headers, and no 429 comes (F057)."""
    stage.api.change(limit=5, window_seconds=2.0)
    people = range_of(1, 40)
    stage.produce([*created(*people), *versions(people, 5)])
    stage.run_until_caught_up(stage.service(delivery={"batch_items_max": 5}))
    report = stage.api.report()
    assert report["statuses"].get("429", 0) == 0
    assert report["calls"]["contacts"] >= 8
    assert stage.api.contacts() == contacts(at_version(people, 5))
    stage.assert_in_order()


def test_strangers_who_eat_the_budget_cost_a_few_refusals(stage: Stage) -> None:
    """Calls of others that use the limit up lead to some 429, which are waited out and drop nothing (F057)."""
    stage.api.change(limits={"contacts": 4}, window_seconds=1.0)
    people = range_of(1, 20)
    stage.produce(created(*people))
    service = stage.service(delivery={"batch_items_max": 2})
    address = f"{stage.api.base_url}/project/sandbox/datasource/customers/stream/contacts?_dryRun"
    authorization = {"authorization": "Bearer sandbox-token"}
    service.start()
    with httpx.Client(headers=authorization) as stranger:

        def refused() -> bool:
            stranger.post(address, json=[{"_user_id": "stranger"}])
            endpoints = service.status().get("endpoints", ())
            return any(endpoint["limited"] for endpoint in endpoints)

        wait_for(refused, 20, "a 429 for the service", service)
    stage.await_contacts(contacts(people), service)
    assert service.stop() == 0
    assert stage.dead_letters() == []
    stage.assert_in_order()
