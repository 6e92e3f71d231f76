"""Faults of the environment: the service pauses, says why, drops nothing, and goes on by itself (promise 5)."""

from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError

from connector.sandbox.api.faults import FaultKind
from connector.sandbox.broker import ApiKey
from connector.sandbox.sample import CUSTOMERS_TOPIC, DEAD_LETTERS_TOPIC
from tests.integration.shop import contacts, created, customer, deleted, range_of, raw
from tests.integration.stage import Stage
from tests.integration.waiting import wait_for

BREAKAGES: dict[str, tuple[dict[str, Any], str]] = {
    # What breaks at the API, and what the cause must hold.
    "token revoked": ({"tokens": frozenset[str]()}, "401"),
    "project gone": ({"project": "another"}, "404"),
}
SOUND: dict[str, Any] = {"tokens": frozenset({"sandbox-token"}), "project": "sandbox"}


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_a_refusal_of_the_account_pauses_everything_until_it_is_gone(stage: Stage, breakage: str) -> None:
    """The service pauses with the cause, stays in the group, and goes on by itself; nothing is dropped.

    F052, F054, F006: the pause outlasts two session timeouts, and the assignment never changes.
    """
    switches, text = BREAKAGES[breakage]
    service = stage.service(kafka={"session.timeout.ms": 500, "heartbeat.interval.ms": 100})
    service.start()
    stage.produce(created(*range_of(1, 10)))
    stage.await_contacts(contacts(range_of(1, 10)), service)
    service.await_ready()
    stage.api.change(**switches)
    stage.produce([*created(*range_of(11, 20)), *deleted(*range_of(1, 3))])
    assert text in service.await_cause("instasent", text)
    paused = len(stage.api.requests())
    wait_for(lambda: len(stage.api.requests()) > paused + 8, 20, "probes of a paused service", service)
    assert service.status()["state"] == "paused"
    assert set(stage.api.contacts()) == set(contacts(range_of(1, 10)))
    stage.api.change(**SOUND)
    stage.await_contacts(contacts(range_of(4, 20)), service)
    service.await_ready()
    assert [line["event"] for line in service.events()].count("assigned") == 1
    assert service.status()["unaccounted_records"] == 0
    assert service.stop() == 0
    assert stage.dead_letters() == []
    assert stage.committed(CUSTOMERS_TOPIC) == stage.ends(CUSTOMERS_TOPIC)
    stage.assert_in_order()


@pytest.mark.parametrize(
    ("kind", "status"), [(FaultKind.STATUS, 403), (FaultKind.REDIRECT, 302), (FaultKind.STATUS, 418)]
)
def test_a_refusal_that_concerns_no_record_pauses_too(stage: Stage, kind: FaultKind, status: int) -> None:
    """Forbidden, redirected, or refused in a way nobody knows: paused, and delivered afterwards (F053, F060)."""
    stage.api.inject(kind, status=status)
    stage.produce(created(*range_of(1, 3)))
    service = stage.service()
    service.start()
    service.await_cause("instasent", str(status))
    stage.api.heal()
    stage.await_contacts(contacts(range_of(1, 3)), service)
    assert service.stop() == 0
    assert stage.dead_letters() == []


def test_a_token_that_is_replaced_in_its_file_is_used_at_once(stage: Stage) -> None:
    """After a new token has been written to the file, delivery goes on without a restart (F052, F099, S07)."""
    token = Path(stage.folder) / "token"
    token.write_text("old-token\n")

    def with_token_file(document: dict[str, Any]) -> None:
        del document["instasent"]["token"]
        document["instasent"]["token_file"] = str(token)

    stage.produce(created(*range_of(1, 3)))
    # The backoff is far longer than the test: only the new token can wake the service.
    service = stage.service(edit=with_token_file, delivery={"retry_backoff_ms": [600_000, 600_000]})
    service.start()
    service.await_cause("instasent", "401")
    token.write_text("sandbox-token\n")
    stage.await_contacts(contacts(range_of(1, 3)), service)
    assert service.stop() == 0
    assert "sandbox-token" not in service.log


def test_dead_letters_that_cannot_be_written_pause_everything(stage: Stage) -> None:
    """While the dead-letter topic refuses writes, nothing is dropped; then all goes on (F034, F081, F082)."""
    denied = KafkaError.TOPIC_AUTHORIZATION_FAILED
    stage.broker.push_errors(ApiKey.PRODUCE, [denied] * 200)
    stage.broker.clear_errors(ApiKey.PRODUCE)
    service = stage.service()
    service.start()
    service.await_ready()
    bad = raw(b"not json")
    stage.produce([bad], partition=0)
    wait_for(lambda: service.topic(CUSTOMERS_TOPIC).get("dead_lettered"), 20, "the first letter", service)
    stage.produce([bad, *created(*range_of(1, 3))], partition=0)
    stage.broker.push_errors(ApiKey.PRODUCE, [denied] * 200)
    service.await_cause("dead letters", DEAD_LETTERS_TOPIC)
    assert stage.committed(CUSTOMERS_TOPIC)[0] <= 1
    stage.broker.clear_errors(ApiKey.PRODUCE)
    service.await_ready()
    stage.await_contacts(contacts(range_of(1, 3)), service)
    assert service.stop() == 0
    assert [letter.value for letter in stage.dead_letters()] == [bad.value] * 2
    assert stage.committed(CUSTOMERS_TOPIC)[0] == 5


def test_the_service_outlives_its_brokers(stage: Stage) -> None:
    """Brokers that are away are reported; when they are back, delivery goes on where it was (F028, F030)."""
    service = stage.service()
    service.start()
    stage.produce(created(*range_of(1, 3)))
    stage.await_contacts(contacts(range_of(1, 3)), service)
    stage.broker.down()
    service.await_cause("broker")
    stage.broker.up()
    stage.produce(created(*range_of(4, 6)))
    stage.await_contacts(contacts(range_of(1, 6)), service)
    service.await_ready()
    assert service.stop() == 0
    assert stage.committed(CUSTOMERS_TOPIC) == stage.ends(CUSTOMERS_TOPIC)
    stage.assert_in_order()


def test_a_moment_of_refused_commits_is_survived(stage: Stage) -> None:
    """Commits that the coordinator refuses are asked for again (F013, F016)."""
    stage.broker.push_errors(
        ApiKey.OFFSET_COMMIT,
        [KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError.NOT_COORDINATOR, KafkaError.REQUEST_TIMED_OUT],
    )
    stage.produce(created(*range_of(1, 3)))
    stage.run_until_caught_up(stage.service())
    assert stage.committed(CUSTOMERS_TOPIC) == stage.ends(CUSTOMERS_TOPIC)
    assert stage.api.contacts() == contacts(range_of(1, 3))


def test_the_api_is_down_at_the_start(stage: Stage) -> None:
    """The service starts without the API, says so, and delivers once it is there (F059, F064)."""
    stage.api.inject(FaultKind.RESET)
    stage.produce([*created(customer(1))])
    service = stage.service()
    service.start()
    service.await_cause("instasent")
    wait_for(lambda: service.status().get("state") == "paused", 20, "the pause", service)
    stage.api.heal()
    stage.await_contacts(contacts([customer(1)]), service)
    assert service.stop() == 0
