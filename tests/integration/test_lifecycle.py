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


def produced(stage: Deployment, people: list[Customer]) -> dict[int, list[str]]:
    """Produce one record of each person, round robin; return the ids by partition in the log's order."""
    logs: dict[int, list[str]] = {}
    for partition in range(PARTITIONS):
        mine = people[partition::PARTITIONS]
        stage.produce(created(*mine), partition)
        logs[partition] = [str(one.id) for one in mine]
    return logs


def acknowledged(stage: Deployment, logs: dict[int, list[str]]) -> dict[int, int]:
    """Return by partition how many records from the start of its log the API has accepted without a gap."""
    present = stage.api.contacts()
    return {
        partition: next((at for at, user_id in enumerate(ids) if user_id not in present), len(ids))
        for partition, ids in logs.items()
    }


def await_requests(stage: Deployment, count: int, service: Service) -> None:
    """Wait until the API has answered so many requests in all."""
    wait_for(lambda: len(stage.api.requests()) >= count, 20, "progress", service)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_the_middle_commits_what_was_acknowledged_and_no_more(
    stage: Deployment, number: signal.Signals
) -> None:
    """It finishes what travels, commits exactly behind it and exits 0; the rest follows (F088).

    No handler raises into a poll, SIGINT's neither: no record is skipped (F092, P03).
    """
    people = range_of(1, 200)
    logs = produced(stage, people)
    stage.api.inject(FaultKind.LATENCY, seconds=0.1)
    service = stage.service(delivery=SMALL_BATCHES)
    service.start()
    wait_for(lambda: len(stage.api.contacts()) >= 40, 20, "some progress", service)
    started = time.monotonic()
    service.process.send_signal(number)
    assert service.ended() == 0
    assert time.monotonic() - started < 5
    assert 40 <= len(stage.api.contacts()) < 200
    assert stage.committed(CUSTOMERS_TOPIC) == acknowledged(stage, logs)
    stage.api.heal()
    stage.api.new_run()
    stage.run_until_caught_up(service)
    stage.await_contacts(people)
    assert stage.committed(CUSTOMERS_TOPIC) == stage.ends(CUSTOMERS_TOPIC)
    stage.assert_in_order()


def test_a_stop_does_not_wait_longer_than_the_drain(stage: Deployment) -> None:
    """With an API that never answers it exits 0 after `drain_seconds`, and commits nothing of it (F004)."""
    logs = produced(stage, range_of(1, 3))
    service = stage.service(delivery={"request_seconds_max": 1, "drain_seconds": 1})
    stage.api.inject(FaultKind.LATENCY, seconds=60, endpoint="contacts")
    service.start()
    wait_for(lambda: service.status().get("in_flight_records") == 3, 20, "records in flight", service)
    started = time.monotonic()
    assert service.stop() == 0
    assert time.monotonic() - started < 10
    assert set(stage.committed(CUSTOMERS_TOPIC).values()) == {0}
    assert acknowledged(stage, logs) == {0: 0, 1: 0}


def test_a_second_sigterm_ends_it_at_once(stage: Deployment) -> None:
    """The second signal does not wait for the drain, and commits nothing unacknowledged (F090)."""
    produced(stage, range_of(1, 4))
    stage.api.inject(FaultKind.LATENCY, seconds=60, endpoint="contacts")
    service = stage.service(delivery={"request_seconds_max": 30, "drain_seconds": 30})
    service.start()
    wait_for(lambda: service.status().get("in_flight_records") == 4, 20, "records in flight", service)
    service.terminate()
    wait_for(lambda: service.status().get("state") == "draining", 20, "the drain", service)
    service.terminate()
    assert service.ended(10) == 1
    assert "delivered again" in service.log
    assert set(stage.committed(CUSTOMERS_TOPIC).values()) == {0}


def test_sigterm_while_no_broker_is_there(stage: Deployment) -> None:
    """A service that still waits for its brokers exits 0, and soon (F031, F091)."""
    stage.broker.down()
    service = stage.service()
    service.start()
    service.await_cause("broker")
    health = service.get("/healthz")
    assert health is not None
    assert health.status_code == 200
    assert service.stop() == 0


def test_kills_at_random_moments_lose_nothing(stage: Deployment) -> None:
    """SIGKILL after drawn amounts of progress, then caught up: the end is exact (F073, F089, I1)."""
    sample = make_sample(seed=5, customers=100, changes=700, filler_bytes=20)
    stage.produce(without_strangers(sample))
    draw = Random(8)  # noqa: S311 - the same moments every time
    stage.api.inject(FaultKind.LATENCY, seconds=0.03)
    kafka = {"session.timeout.ms": 1000, "heartbeat.interval.ms": 200}
    service = stage.service(delivery=SMALL_BATCHES, kafka=kafka, contact_wait_seconds=30)
    for _ in range(KILLS):
        answered = len(stage.api.requests()) + draw.randrange(3, 25)
        service.start()
        await_requests(stage, answered, service)
        service.kill()
        stage.api.new_run()
    stage.api.heal()
    stage.run_until_caught_up(service)
    stage.assert_delivered(sample.expected)
    assert stage.committed(CUSTOMERS_TOPIC) == stage.ends(CUSTOMERS_TOPIC)


def test_a_second_run_finds_nothing_to_do(stage: Deployment) -> None:
    """Until caught up: with empty topics it ends with 0, and what was delivered is not delivered twice."""
    service = stage.service()
    stage.run_until_caught_up(service)
    people = range_of(1, 10)
    stage.produce([*created(*people), *updated(*at_version(people, 2))])
    stage.run_until_caught_up(service)
    items = stage.api.report()["items"]
    stage.run_until_caught_up(service)
    stage.await_contacts(at_version(people, 2))
    assert stage.api.report()["items"]["contacts"] == items["contacts"]
