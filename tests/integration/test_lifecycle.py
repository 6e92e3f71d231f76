"""Stops, kills and restarts: nothing is lost or committed without acknowledgement (promise 1)."""

import signal
import time
from random import Random
from typing import Any

import pytest

from connector.sandbox.api.faults import FaultKind
from connector.sandbox.customers import Customer
from connector.sandbox.sample import CUSTOMERS_TOPIC, make_sample
from tests.integration.deployment import Deployment
from tests.integration.service import Service
from tests.integration.shop import at_version, created, range_of, updated, without_strangers
from tests.waiting import wait_for

SMALL_BATCHES: dict[str, Any] = {"batch_items_max": 5, "request_seconds_max": 5, "drain_seconds": 5}
PARTITIONS = 2
KILLS = 3


def produced(deployment: Deployment, people: list[Customer]) -> dict[int, list[str]]:
    """Produce one record of each person, round robin; return the ids by partition in the log's order."""
    logs: dict[int, list[str]] = {}
    for partition in range(PARTITIONS):
        mine = people[partition::PARTITIONS]
        deployment.produce(created(*mine), partition)
        logs[partition] = [str(one.id) for one in mine]
    return logs


def acknowledged(deployment: Deployment, logs: dict[int, list[str]]) -> dict[int, int]:
    """Return by partition how many records from the start of its log the API has accepted without a gap."""
    present = deployment.api.contacts()
    return {
        partition: next((at for at, user_id in enumerate(ids) if user_id not in present), len(ids))
        for partition, ids in logs.items()
    }


def await_requests(deployment: Deployment, count: int, service: Service) -> None:
    """Wait until the API has answered this many requests in total."""
    wait_for(lambda: len(deployment.api.requests()) >= count, 20, "progress", service)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_the_middle_commits_what_was_acknowledged_and_no_more(
    deployment: Deployment, number: signal.Signals
) -> None:
    """It finishes the requests in flight, commits exactly their records and exits 0 (F088).

    The rest follows later. No signal handler raises into a poll, so no record is skipped (F092, P03).
    """
    people = range_of(1, 200)
    logs = produced(deployment, people)
    deployment.api.inject(FaultKind.LATENCY, seconds=0.1)
    service = deployment.service(delivery=SMALL_BATCHES)
    service.start()
    wait_for(lambda: len(deployment.api.contacts()) >= 40, 20, "some progress", service)
    started = time.monotonic()
    service.process.send_signal(number)
    assert service.ended() == 0
    assert time.monotonic() - started < 5
    assert 40 <= len(deployment.api.contacts()) < 200
    assert deployment.committed(CUSTOMERS_TOPIC) == acknowledged(deployment, logs)
    deployment.api.heal()
    deployment.api.new_run()
    deployment.run_until_caught_up(service)
    deployment.await_contacts(people)
    assert deployment.committed(CUSTOMERS_TOPIC) == deployment.ends(CUSTOMERS_TOPIC)
    deployment.assert_in_order()


def test_a_stop_does_not_wait_longer_than_the_drain(deployment: Deployment) -> None:
    """With an API that never answers it exits 0 after `drain_seconds`, and commits nothing of it (F004)."""
    logs = produced(deployment, range_of(1, 3))
    service = deployment.service(delivery={"request_seconds_max": 1, "drain_seconds": 1})
    deployment.api.inject(FaultKind.LATENCY, seconds=60, endpoint="contacts")
    service.start()
    wait_for(lambda: service.status().get("in_flight_records") == 3, 20, "records in flight", service)
    started = time.monotonic()
    assert service.stop() == 0
    assert time.monotonic() - started < 10
    assert set(deployment.committed(CUSTOMERS_TOPIC).values()) == {0}
    assert acknowledged(deployment, logs) == {0: 0, 1: 0}


def test_a_second_sigterm_ends_it_at_once(deployment: Deployment) -> None:
    """The second signal does not wait for the drain, and commits nothing unacknowledged (F090)."""
    produced(deployment, range_of(1, 4))
    deployment.api.inject(FaultKind.LATENCY, seconds=60, endpoint="contacts")
    service = deployment.service(delivery={"request_seconds_max": 30, "drain_seconds": 30})
    service.start()
    wait_for(lambda: service.status().get("in_flight_records") == 4, 20, "records in flight", service)
    service.terminate()
    wait_for(lambda: service.status().get("state") == "draining", 20, "the drain", service)
    service.terminate()
    assert service.ended(10) == 1
    assert [x["reason"] for x in service.events() if x["event"] == "service_aborted"] == ["second_signal"]
    assert set(deployment.committed(CUSTOMERS_TOPIC).values()) == {0}


def test_sigterm_while_no_broker_is_there(deployment: Deployment) -> None:
    """A service that still waits for its brokers exits 0, and soon (F031, F091)."""
    deployment.broker.down()
    service = deployment.service()
    service.start()
    service.await_cause("broker")
    health = service.get("/healthz")
    assert health is not None
    assert health.status_code == 200
    assert service.stop() == 0


def test_kills_at_random_moments_lose_nothing(deployment: Deployment) -> None:
    """SIGKILL after drawn amounts of progress, then caught up: the end is exact (F073, F089, I1)."""
    sample = make_sample(seed=5, customers=100, changes=700, filler_bytes=20)
    deployment.produce(without_strangers(sample))
    draw = Random(8)  # noqa: S311 - the same moments every time
    deployment.api.inject(FaultKind.LATENCY, seconds=0.03)
    kafka = {"session.timeout.ms": 1000, "heartbeat.interval.ms": 200}
    service = deployment.service(delivery=SMALL_BATCHES, kafka=kafka, contact_wait_seconds=30)
    for _ in range(KILLS):
        answered = len(deployment.api.requests()) + draw.randrange(3, 25)
        service.start()
        await_requests(deployment, answered, service)
        service.kill()
        deployment.api.new_run()
    deployment.api.heal()
    deployment.run_until_caught_up(service)
    deployment.assert_delivered(sample.expected)
    assert deployment.committed(CUSTOMERS_TOPIC) == deployment.ends(CUSTOMERS_TOPIC)


def test_a_second_run_finds_nothing_to_do(deployment: Deployment) -> None:
    """Until caught up: with empty topics it ends with 0, and delivers no record a second time."""
    service = deployment.service()
    deployment.run_until_caught_up(service)
    people = range_of(1, 10)
    deployment.produce([*created(*people), *updated(*at_version(people, 2))])
    deployment.run_until_caught_up(service)
    items = deployment.api.report()["items"]
    deployment.run_until_caught_up(service)
    deployment.await_contacts(at_version(people, 2))
    assert deployment.api.report()["items"]["contacts"] == items["contacts"]
