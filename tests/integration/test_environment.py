"""Faults of the environment: paused with the cause, nothing dropped, and on again by itself (promise 5)."""

from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError

from connector.sandbox.api.faults import FaultKind
from connector.sandbox.broker import ApiKey
from connector.sandbox.sample import CUSTOMERS_TOPIC, DEAD_LETTERS_TOPIC
from tests.integration.conftest import Running
from tests.integration.deployment import Deployment
from tests.integration.shop import contacts, created, deleted, range_of, raw
from tests.waiting import wait_for

SWITCHED: dict[str, dict[str, Any]] = {
    # What the cause must hold → what is switched at the API.
    "401": {"tokens": frozenset[str]()},
    "404": {"project": "another"},
}
SPOILED: dict[str, tuple[FaultKind, int]] = {
    # What the cause must hold → what the API answers to everything.
    "403": (FaultKind.STATUS, 403),
    "302": (FaultKind.REDIRECT, 302),
}


@pytest.mark.parametrize("text", [*SWITCHED, *SPOILED])
def test_a_refusal_that_concerns_no_record_pauses_everything(running: Running, text: str) -> None:
    """The service pauses with the cause, stays in the group, and goes on by itself; nothing is dropped.

    F052, F053, F054 (a 404 is not taken for deleted contacts), F060, I7, F006: the assignment stays.
    """
    stage, service = running
    before, leaving, after = stage.fresh(3), stage.fresh(3), stage.fresh(3)
    stage.produce(created(*before, *leaving))
    stage.await_contacts([*before, *leaving], service)
    if text in SPOILED:
        kind, status = SPOILED[text]
        stage.api.inject(kind, status=status)
    else:
        stage.api.change(**SWITCHED[text])
    stage.produce([*deleted(*leaving), *created(*after)])
    service.await_cause("instasent", text)
    answered = len(stage.api.requests())
    wait_for(lambda: len(stage.api.requests()) > answered + 3, 20, "probes of a paused service", service)
    assert service.status()["state"] == "paused"
    assert not contacts(after).keys() & stage.api.contacts().keys()
    stage.api.heal()
    stage.api.change(tokens=frozenset({"sandbox-token"}), project="sandbox")
    stage.await_contacts([*before, *after], service)
    stage.await_gone(leaving, service)
    service.await_ready()
    assert [line["event"] for line in service.events()].count("partitions_assigned") == 1
    assert stage.dead_letters() == []


def test_the_service_outlives_its_brokers(running: Running) -> None:
    """Brokers that are away are reported; when they are back, delivery goes on where it was (F028, F030)."""
    stage, service = running
    stage.broker.down()
    service.await_cause("broker")
    stage.broker.up()
    people = stage.fresh(3)
    stage.produce(created(*people))
    stage.await_contacts(people, service)
    service.await_ready()
    stage.await_committed(service)


def test_commits_that_are_refused_for_a_while_are_asked_for_again(running: Running) -> None:
    """Commits are repeated until the coordinator takes them (F013, F016)."""
    stage, service = running
    stage.broker.push_errors(
        ApiKey.OFFSET_COMMIT, [KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError.REQUEST_TIMED_OUT]
    )
    people = stage.fresh(3)
    stage.produce(created(*people))
    stage.await_contacts(people, service)
    stage.await_committed(service)


def test_dead_letters_that_cannot_be_written_pause_everything(stage: Deployment) -> None:
    """While the dead-letter topic refuses writes, nothing is dropped; then all goes on (F034, F081, F082)."""
    service = stage.service()
    service.start()
    service.await_ready()
    bad = raw(b"not json")
    people = range_of(1, 3)
    stage.produce([bad, *created(*people)], partition=0)
    stage.await_contacts(people, service)
    stage.await_committed(service)
    stage.produce([bad, *created(*people)], partition=0)
    stage.broker.push_errors(ApiKey.PRODUCE, [KafkaError.TOPIC_AUTHORIZATION_FAILED] * 1000)
    service.await_cause("dead letters", DEAD_LETTERS_TOPIC)
    assert service.status()["state"] == "paused"
    assert stage.committed(CUSTOMERS_TOPIC)[0] == 4
    stage.broker.clear_errors(ApiKey.PRODUCE)
    service.await_ready()
    stage.await_committed(service)
    assert [letter.value for letter in stage.dead_letters()] == [bad.value] * 2
    assert service.stop() == 0


def test_a_token_that_is_replaced_in_its_file_is_used_at_once(stage: Deployment) -> None:
    """Once a new token is in the file, delivery goes on without a restart (F052, F099, S07)."""
    token = Path(stage.folder) / "token"
    token.write_text("old-token\n")

    def with_token_file(document: dict[str, Any]) -> None:
        del document["instasent"]["token"]
        document["instasent"]["token_file"] = str(token)

    people = range_of(1, 3)
    stage.produce(created(*people))
    # The backoff is far longer than the test: only the new token can wake the service.
    service = stage.service(edit=with_token_file, delivery={"retry_backoff_ms": [600_000, 600_000]})
    service.start()
    service.await_cause("instasent", "401")
    token.write_text("sandbox-token\n")
    stage.await_contacts(people, service)
    assert service.stop() == 0
    assert "sandbox-token" not in service.log


def test_files_of_the_registry_are_read_again(stage: Deployment) -> None:
    """A changed password is used and hidden from then on; one that cannot be used is said once (S06, S07)."""
    password = Path(stage.folder) / "password"
    password.write_text("canary-old\n")

    def with_registry(document: dict[str, Any]) -> None:
        registry = {"url": "http://127.0.0.1:1", "username": "u", "password_file": str(password)}
        document["schema_registry"] = registry

    service = stage.service(edit=with_registry)
    service.start()
    service.await_ready()
    password.write_text("")
    not_used = "registry_credentials_rejected"
    wait_for(lambda: not_used in service.log, 10, not_used, service)
    password.write_text("canary-new\n")
    used = "registry_credentials_replaced"
    wait_for(lambda: used in service.log, 10, used, service)
    assert service.stop() == 0
    assert service.log.count(not_used) == 1
    assert "canary" not in service.log
