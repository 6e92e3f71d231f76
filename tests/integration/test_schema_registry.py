"""A registry that is away: the partitions that need it wait, and nothing else does (F040)."""

from pathlib import Path
from typing import Any

import pytest

from connector.sandbox.api.faults import FaultKind
from connector.sandbox.registry.registry_server import SandboxRegistry, basic
from connector.sandbox.sample import CUSTOMERS_TOPIC
from tests.integration.shop import at_version, created, versions
from tests.integration.stores import STORES_TOPIC, Stores
from tests.waiting import wait_for


def test_a_registry_that_is_down_pauses_what_needs_it_and_nothing_else(stores: Stores) -> None:
    """From the start: one partition waits, says so and commits nothing; the others flow; then it heals.

    F040: its topic's other partition holds bare JSON and flows too. The order of each contact holds.
    """
    deployment, registry = stores.deployment, stores.registry
    waiting, same_topic, others = deployment.fresh(20), deployment.fresh(20), deployment.fresh(20)
    stores_table = stores.table()
    registry.down()
    deployment.produce([*created(*waiting, table=stores_table), *versions(waiting, 3, table=stores_table)], 0)
    deployment.produce(created(*same_topic, table=stores.bare), 1)
    deployment.produce(created(*others))
    service = stores.service()
    service.start()
    cause = service.await_cause("schema registry", "cannot be reached")
    assert registry.url.removeprefix("http://") in cause
    stores.await_waiting(service, 0)
    deployment.await_contacts([*same_topic, *others], service)
    deployment.produce(versions(waiting, 6, first=4, table=stores_table), 0)
    deployment.produce(versions(same_topic, 3, table=stores.bare), 1)
    deployment.produce(versions(others, 3))
    deployment.await_contacts(at_version([*same_topic, *others], 3), service)
    deployment.await_committed(service, topics=[CUSTOMERS_TOPIC])
    assert service.status()["state"] == "running"
    paused = service.partition(STORES_TOPIC, 0)
    assert paused["paused"].startswith("waits for schema id ")
    assert (paused["committed"], paused["parked"] >= len(waiting)) == (0, True)
    assert f'partition_paused{{partition="0",topic="{STORES_TOPIC}"}} 1.0' in service.metrics()
    assert f'partition_paused{{partition="1",topic="{STORES_TOPIC}"}} 0.0' in service.metrics()
    assert "ready 0.0" in service.metrics()
    registry.up()
    deployment.await_contacts(at_version(waiting, 6), service)
    service.await_ready()
    deployment.await_committed(service)
    status = service.status()
    assert status["schema_registry"]["known"] == 1
    assert status["schema_registry"]["unavailable"] > 0
    assert status["unaccounted_records"] == 0
    assert 'schema_registry_requests_total{outcome="known"} 1.0' in service.metrics()
    assert f'partition_parked_records{{partition="0",topic="{STORES_TOPIC}"}} 0.0' in service.metrics()
    assert service.stop() == 0
    assert deployment.dead_letters() == []
    deployment.assert_in_order()


def test_until_caught_up_waits_for_the_registry(stores: Stores) -> None:
    """Records without a schema are delivered; the run ends with 0 only after the others (F040)."""
    deployment = stores.deployment
    waiting, others = deployment.fresh(5), deployment.fresh(5)
    deployment.produce(created(*waiting, table=stores.table()))
    deployment.produce(created(*others))
    stores.registry.down()
    service = stores.service()
    service.start("--until-caught-up")
    service.await_cause("schema registry")
    deployment.await_contacts(others, service)
    deployment.await_committed(service, topics=[CUSTOMERS_TOPIC])
    service.check_alive()
    stores.registry.up()
    assert service.ended() == 0
    deployment.await_contacts(waiting)
    deployment.await_committed()


@pytest.mark.parametrize("registry", ["down", "silent"])
def test_a_stop_does_not_wait_for_the_registry(stores: Stores, registry: str) -> None:
    """It exits 0 and commits nothing past what waits, which the next start delivers (F017, F088, F040)."""
    deployment = stores.deployment
    before, waiting, behind = deployment.fresh(5), deployment.fresh(5), deployment.fresh(5)
    deployment.produce(created(*before, table=stores.bare), 0)
    deployment.produce(created(*waiting, table=stores.table()), 0)
    deployment.produce(created(*behind, table=stores.bare), 0)
    if registry == "down":
        stores.registry.down()
    else:
        stores.registry.inject(FaultKind.HANG)
    service = stores.service(delivery={"drain_seconds": 5, "request_seconds_max": 5})
    service.start()
    stores.await_waiting(service, 0)
    wait_for(lambda: service.partition(STORES_TOPIC, 0)["parked"] == 10, 20, "all to be read", service)
    deployment.await_contacts(before, service)
    service.terminate()
    assert service.ended(5) == 0
    assert deployment.committed(STORES_TOPIC) == {0: 5, 1: 0}
    stores.registry.heal()
    stores.registry.up()
    deployment.api.new_run()
    deployment.run_until_caught_up(service)
    deployment.await_contacts([*before, *waiting, *behind])
    assert deployment.committed(STORES_TOPIC) == {0: 15, 1: 0}
    deployment.assert_in_order()


def test_a_killed_instance_has_committed_nothing_of_what_waits(stores: Stores) -> None:
    """After SIGKILL the next one finds every record that waited, and delivers them in order (F073, F089)."""
    deployment, people = stores.deployment, stores.deployment.fresh(20)
    table = stores.table()
    deployment.produce([*created(*people, table=table), *versions(people, 4, table=table)])
    stores.registry.down()
    service = stores.service()
    service.start()
    stores.await_waiting(service, 0, 1)
    service.kill()
    assert not any(deployment.committed(STORES_TOPIC).values())
    stores.registry.up()
    deployment.api.new_run()
    deployment.run_until_caught_up(service)
    deployment.await_contacts(at_version(people, 4))
    deployment.assert_in_order()


def test_partitions_that_wait_can_move(stores: Stores) -> None:
    """A second instance gets one immediately; its waiting records stay in the log (F002, F040)."""
    deployment, people = stores.deployment, stores.deployment.fresh(20)
    tokens = {"a": "token-a", "b": "token-b"}
    deployment.api.change(tokens=frozenset(tokens.values()))
    table = stores.table()
    deployment.produce([*created(*people, table=table), *versions(people, 4, table=table)])
    stores.registry.down()

    def only_stores(document: dict[str, Any]) -> None:
        document["topics"] = "topics/stores.yaml"

    first, second = (stores.service(name, token=token, edit=only_stores) for name, token in tokens.items())
    first.start()
    stores.await_waiting(first, 0, 1)
    second.start()
    second.await_cause("schema registry")
    wait_for(lambda: len(first.status()["partitions"]) == 1, 20, "the first to keep one", first, second)
    stores.registry.up()
    deployment.await_contacts(at_version(people, 4), first, second)
    deployment.await_committed(first, second, topics=[STORES_TOPIC])
    assert [service.status()["unaccounted_records"] for service in (first, second)] == [0, 0]
    assert [service.stop() for service in (first, second)] == [0, 0]
    deployment.assert_in_order()


def test_addresses_stand_in_for_each_other(stores: Stores) -> None:
    """With one of two down no record waits; either of them may fail at any time (F040)."""
    deployment, one = stores.deployment, stores.registry
    first, second = deployment.fresh(3), deployment.fresh(3)
    with SandboxRegistry(one.store) as two:
        one.down()
        service = stores.service(url=[one.url, two.url])
        service.start()
        deployment.produce(created(*first, table=stores.table()))
        deployment.await_contacts(first, service)
        one.up()
        two.down()
        deployment.produce(created(*second, table=stores.table("more")))
        deployment.await_contacts(second, service)
        counts = {"known": 2, "unknown": 0, "unavailable": 0}
        wait_for(lambda: service.status()["schema_registry"] == counts, 20, f"the counts {counts}", service)
        assert service.stop() == 0


def test_a_password_that_is_replaced_in_its_file_is_used_at_once(stores: Stores) -> None:
    """`/readyz` reports the registry's 401; a new file heals it without a restart (F099, S06, S07)."""
    deployment, people = stores.deployment, stores.deployment.fresh(3)
    password = Path(deployment.folder) / "password"
    password.write_text("canary-old\n")
    stores.registry.demand(basic("connector", "canary-new"))
    deployment.produce(created(*people, table=stores.table()))
    # The backoff is far longer than the test: only the new password can wake the service.
    service = stores.service(
        registry={"username": "connector", "password_file": str(password)},
        delivery={"retry_backoff_ms": [600_000, 600_000]},
    )
    service.start()
    service.await_cause("schema registry", "401", "password")
    password.write_text("canary-new\n")
    deployment.await_contacts(people, service)
    service.await_ready()
    assert service.stop() == 0
    assert "canary" not in service.log
