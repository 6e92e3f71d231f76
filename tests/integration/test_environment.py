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
    # A part of the cause → the change at the API.
    "401": {"tokens": frozenset[str]()},
    "404": {"project": "another"},
}
SPOILED: dict[str, tuple[FaultKind, int]] = {
    # A part of the cause → the answer of the API to every request.
    "403": (FaultKind.STATUS, 403),
    "302": (FaultKind.REDIRECT, 302),
}


@pytest.mark.parametrize("text", [*SWITCHED, *SPOILED])
def test_a_refusal_that_concerns_no_record_pauses_everything(running: Running, text: str) -> None:
    """The service pauses with the cause, stays in the group, and continues without help; nothing is dropped.

    F052, F053, F054 (a 404 is not taken for deleted contacts), F060, I7, F006: the assignment stays.
    """
    deployment, service = running
    before, leaving, after = deployment.fresh(3), deployment.fresh(3), deployment.fresh(3)
    deployment.produce(created(*before, *leaving))
    deployment.await_contacts([*before, *leaving], service)
    if text in SPOILED:
        kind, status = SPOILED[text]
        deployment.api.inject(kind, status=status)
    else:
        deployment.api.change(**SWITCHED[text])
    deployment.produce([*deleted(*leaving), *created(*after)])
    service.await_cause("instasent", text)
    answered = len(deployment.api.requests())
    wait_for(lambda: len(deployment.api.requests()) > answered + 3, 20, "probes of a paused service", service)
    assert service.status()["state"] == "paused"
    assert not contacts(after).keys() & deployment.api.contacts().keys()
    deployment.api.heal()
    deployment.api.change(tokens=frozenset({"sandbox-token"}), project="sandbox")
    deployment.await_contacts([*before, *after], service)
    deployment.await_gone(leaving, service)
    service.await_ready()
    assert [line["event"] for line in service.events()].count("partitions_assigned") == 1
    assert deployment.dead_letters() == []


def test_the_service_outlives_its_brokers(running: Running) -> None:
    """Brokers that are away are reported; delivery continues when they are back (F028, F030)."""
    deployment, service = running
    deployment.broker.down()
    service.await_cause("broker")
    deployment.broker.up()
    people = deployment.fresh(3)
    deployment.produce(created(*people))
    deployment.await_contacts(people, service)
    service.await_ready()
    deployment.await_committed(service)


def test_commits_that_are_refused_for_a_while_are_asked_for_again(running: Running) -> None:
    """Commits are repeated until the coordinator takes them (F013, F016)."""
    deployment, service = running
    deployment.broker.push_errors(
        ApiKey.OFFSET_COMMIT, [KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError.REQUEST_TIMED_OUT]
    )
    people = deployment.fresh(3)
    deployment.produce(created(*people))
    deployment.await_contacts(people, service)
    deployment.await_committed(service)


def test_dead_letters_that_cannot_be_written_pause_everything(deployment: Deployment) -> None:
    """While the dead-letter topic refuses writes, nothing is dropped (F034, F081, F082)."""
    service = deployment.service()
    service.start()
    service.await_ready()
    bad = raw(b"not json")
    people = range_of(1, 3)
    deployment.produce([bad, *created(*people)], partition=0)
    deployment.await_contacts(people, service)
    deployment.await_committed(service)
    deployment.produce([bad, *created(*people)], partition=0)
    deployment.broker.push_errors(ApiKey.PRODUCE, [KafkaError.TOPIC_AUTHORIZATION_FAILED] * 1000)
    service.await_cause("dead letters", DEAD_LETTERS_TOPIC)
    assert service.status()["state"] == "paused"
    assert deployment.committed(CUSTOMERS_TOPIC)[0] == 4
    deployment.broker.clear_errors(ApiKey.PRODUCE)
    service.await_ready()
    deployment.await_committed(service)
    assert [letter.value for letter in deployment.dead_letters()] == [bad.value] * 2
    assert service.stop() == 0


def test_a_token_that_is_replaced_in_its_file_is_used_at_once(deployment: Deployment) -> None:
    """Once a new token is in the file, delivery continues without a restart (F052, F099, S07)."""
    token = Path(deployment.folder) / "token"
    token.write_text("old-token\n")

    def with_token_file(document: dict[str, Any]) -> None:
        del document["instasent"]["token"]
        document["instasent"]["token_file"] = str(token)

    people = range_of(1, 3)
    deployment.produce(created(*people))
    # The backoff is far longer than the test: only the new token can wake the service.
    service = deployment.service(edit=with_token_file, delivery={"retry_backoff_ms": [600_000, 600_000]})
    service.start()
    service.await_cause("instasent", "401")
    token.write_text("sandbox-token\n")
    deployment.await_contacts(people, service)
    assert service.stop() == 0
    assert "sandbox-token" not in service.log


def test_files_of_the_registry_are_read_again(deployment: Deployment) -> None:
    """A changed password is used and hidden from then on; an unusable one is logged once (S06, S07)."""
    password = Path(deployment.folder) / "password"
    password.write_text("canary-old\n")

    def with_registry(document: dict[str, Any]) -> None:
        registry = {"url": "http://127.0.0.1:1", "username": "u", "password_file": str(password)}
        document["schema_registry"] = registry

    service = deployment.service(edit=with_registry)
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
