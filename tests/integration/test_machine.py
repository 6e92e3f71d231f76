"""The machine under the process: names, clocks, disks, descriptors, and records that kill it."""

import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from connector.sandbox.api.faults import FaultKind
from connector.sandbox.sample import CUSTOMERS_TOPIC
from tests.integration.deployment import Deployment
from tests.integration.service import Service
from tests.integration.shop import created, range_of, raw
from tests.stack.processes import free_port
from tests.waiting import wait_for

DAY_SECONDS = 86_400
DEATHS = 2
DEATH_SECONDS = 60


def possess(service: Service, folder: Path) -> None:
    """Let a service run with the faults that the files of `folder` choose."""
    service.program = (sys.executable, "-m", "tests.integration.tampered_main", folder)


def at(port: int) -> Callable[[dict[str, Any]], None]:
    """Have the admin server at a known port, for a service whose log cannot be read."""

    def listen(document: dict[str, Any]) -> None:
        document["admin"]["listen"] = f"127.0.0.1:{port}"

    return listen


def test_brokers_whose_name_nobody_knows(deployment: Deployment) -> None:
    """A name that does not resolve at the start is the cause; the process lives and can be stopped (F031)."""
    service = deployment.service(kafka={"bootstrap.servers": "kafka.invalid:9092"})
    service.start()
    service.await_cause("broker", "resolve", "kafka.invalid")
    assert service.stop() == 0


def test_a_token_service_that_is_away(deployment: Deployment) -> None:
    """Without a token for the brokers it says so, lives, and can be stopped (F033, S12)."""
    oauth = {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "OAUTHBEARER",
        "sasl.oauthbearer.method": "oidc",
        "sasl.oauthbearer.client.id": "connector",
        "sasl.oauthbearer.client.secret": "canary-secret",
        "sasl.oauthbearer.token.endpoint.url": f"http://127.0.0.1:{free_port()}/token",
    }
    service = deployment.service(kafka=oauth)
    service.start()
    service.await_cause("broker", "token")
    assert service.stop() == 0
    assert "canary-secret" not in service.log


def test_an_api_whose_name_is_gone(deployment: Deployment) -> None:
    """Without an answer of the resolver nothing is lost; each attempt asks again, so it heals (F069)."""

    def by_name(document: dict[str, Any]) -> None:
        address = document["instasent"]["base_url"]
        document["instasent"]["base_url"] = address.replace("127.0.0.1", "localhost")

    before, after = range_of(1, 3), range_of(4, 6)
    service = deployment.service(edit=by_name)
    possess(service, deployment.folder)
    service.start()
    deployment.produce(created(*before))
    deployment.await_contacts(before, service)
    (deployment.folder / "no-dns").touch()
    deployment.api.inject(FaultKind.RESET)  # no connection of before may serve
    deployment.produce(created(*after))
    service.await_cause("instasent", "Name or service not known")
    deployment.api.heal()
    assert len(deployment.api.contacts()) == len(before)
    (deployment.folder / "no-dns").unlink()
    deployment.await_contacts([*before, *after], service)
    service.await_ready()
    assert service.stop() == 0


def test_a_wall_clock_that_jumps(deployment: Deployment) -> None:
    """A day forward, two back: no window is waited for too long, none is overrun, and all arrives (F096)."""
    deployment.api.change(limit=3, window_seconds=1.0)
    clock = deployment.folder / "clock"
    service = deployment.service(delivery={"batch_items_max": 1})
    possess(service, deployment.folder)
    service.start()
    people = range_of(1, 8)
    for number, seconds in enumerate((0, DAY_SECONDS, -DAY_SECONDS, 0)):
        clock.write_text(str(seconds))
        share = people[number::4]
        deployment.produce(created(*share))
        deployment.await_contacts(share, service)
    deployment.await_committed(service, topics=[CUSTOMERS_TOPIC])
    assert service.status()["state"] == "running"
    assert sum(endpoint["limited"] for endpoint in service.status()["endpoints"]) == 0
    assert service.stop() == 0
    deployment.assert_in_order()


def test_no_state_but_kafkas(deployment: Deployment) -> None:
    """It delivers and stops without writing one byte to a file, and continues on any machine (F084, F085).

    The kernel refuses every write to a file. Another folder plays another machine. All state is in
    Kafka, so no disk can be full and no state can be corrupt or of another version.
    """
    for name, people in (("here", range_of(1, 5)), ("there", range_of(6, 9))):
        port = free_port()
        service = deployment.service(name, edit=at(port))
        service.program = ("prlimit", "--fsize=0", *service.program)
        service.output = Path(os.devnull)
        before = set(service.config.parent.rglob("*"))
        service.start()
        service._admin = f"http://127.0.0.1:{port}"
        deployment.produce(created(*people))
        deployment.await_contacts(people, service)
        deployment.await_committed(service)
        assert service.stop() == 0
        assert set(service.config.parent.rglob("*")) == before
    assert deployment.api.report()["items"]["contacts"] == 9
    deployment.assert_in_order()


def test_a_log_that_cannot_be_written(deployment: Deployment) -> None:
    """With the disk of its log full it keeps delivering, and stops in good order (F084)."""
    port = free_port()
    service = deployment.service(edit=at(port))
    service.output = Path("/dev/full")
    service.start()
    service._admin = f"http://127.0.0.1:{port}"
    people = range_of(1, 3)
    deployment.produce([*created(*people), raw(b"not json")])
    deployment.await_contacts(people, service)
    deployment.await_committed(service)
    assert len(deployment.dead_letters()) == 1
    assert service.status()["unaccounted_records"] == 0
    assert service.stop() == 0


def test_descriptors_that_run_out(deployment: Deployment) -> None:
    """Without one for a connection it waits and says so; nothing is dropped, and it heals (F087)."""
    service = deployment.service()
    service.start()
    before, after = range_of(1, 3), range_of(4, 6)
    deployment.produce(created(*before))
    deployment.await_contacts(before, service)
    process, (soft, hard) = service.process.pid, resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.prlimit(process, resource.RLIMIT_NOFILE, (0, hard))
    deployment.api.inject(FaultKind.RESET, times=1)  # it needs another connection
    deployment.produce(created(*after))
    wait_for(lambda: "Too many open files" in service.log, 30, "the cause in the log", service)
    assert len(deployment.api.contacts()) == len(before)
    resource.prlimit(process, resource.RLIMIT_NOFILE, (soft, hard))
    deployment.await_contacts([*before, *after], service)
    service.await_ready()
    assert deployment.dead_letters() == []
    assert service.stop() == 0


def test_a_record_that_kills_the_process(deployment: Deployment) -> None:
    """It is never passed: each start dies at it, with a trace and without its bytes in the log (F046, P26).

    Records that were acknowledged before stay committed. When the operator has moved the group past it, the
    rest follows.
    """
    before, after = range_of(1, 3), range_of(4, 6)
    service = deployment.service()
    possess(service, deployment.folder)
    service.start()
    deployment.produce(created(*before), partition=0)
    deployment.await_contacts(before, service)
    deployment.await_committed(service)
    (deployment.folder / "deadly").write_bytes(b"deadly-value")
    deployment.produce([raw(b"deadly-value"), *created(*after)], partition=0)
    assert service.ended(DEATH_SECONDS) == -signal.SIGABRT
    for _ in range(DEATHS):
        service.start()
        assert service.ended(DEATH_SECONDS) == -signal.SIGABRT
        assert "Fatal Python error: Aborted" in service.log
        assert "deadly-value" not in service.log
    assert deployment.committed(CUSTOMERS_TOPIC)[0] == 3
    deployment.move_group(CUSTOMERS_TOPIC, 0, 4)
    service.start()
    deployment.await_contacts([*before, *after], service)
    assert deployment.dead_letters() == []
    assert service.stop() == 0


def test_a_contact_in_two_partitions(deployment: Deployment) -> None:
    """A topic that is not keyed by the contact: no two requests hold it at the same time (F078).

    Each partition keeps its order; between partitions there is none, which docs/scaling.md says.
    """
    people = range_of(1, 5)
    deployment.api.inject(FaultKind.LATENCY, seconds=0.05)
    deployment.api.change(version_attribute="no such attribute")
    service = deployment.service(delivery={"batch_items_max": 2, "linger_ms": 0})
    service.start()
    for _ in range(10):
        for partition in (0, 1):
            deployment.produce(created(*people), partition=partition)
    deployment.await_contacts(people, service)
    deployment.await_committed(service)
    report = deployment.api.report()
    assert report["overlaps"] == 0
    assert service.stop() == 0
