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
    stage, registry = stores.stage, stores.registry
    waiting, same_topic, others = stage.fresh(20), stage.fresh(20), stage.fresh(20)
    stores_table = stores.table()
    registry.down()
    stage.produce([*created(*waiting, table=stores_table), *versions(waiting, 3, table=stores_table)], 0)
    stage.produce(created(*same_topic, table=stores.bare), 1)
    stage.produce(created(*others))
    service = stores.service()
    service.start()
    cause = service.await_cause("schema registry", "cannot be reached")
    assert registry.url.removeprefix("http://") in cause
    stores.await_waiting(service, 0)
    stage.await_contacts([*same_topic, *others], service)
    stage.produce(versions(waiting, 6, first=4, table=stores_table), 0)
    stage.produce(versions(same_topic, 3, table=stores.bare), 1)
    stage.produce(versions(others, 3))
    stage.await_contacts(at_version([*same_topic, *others], 3), service)
    stage.await_committed(service, topics=[CUSTOMERS_TOPIC])
    assert service.status()["state"] == "running"
    paused = service.partition(STORES_TOPIC, 0)
    assert paused["paused"].startswith("waits for schema id ")
    assert (paused["committed"], paused["parked"] >= len(waiting)) == (0, True)
    assert f'partition_paused{{partition="0",topic="{STORES_TOPIC}"}} 1.0' in service.metrics()
    assert f'partition_paused{{partition="1",topic="{STORES_TOPIC}"}} 0.0' in service.metrics()
    assert "ready 0.0" in service.metrics()
    registry.up()
    stage.await_contacts(at_version(waiting, 6), service)
    service.await_ready()
    stage.await_committed(service)
    status = service.status()
    assert status["schema_registry"]["known"] == 1
    assert status["schema_registry"]["unavailable"] > 0
    assert status["unaccounted_records"] == 0
    assert 'schema_registry_requests_total{outcome="known"} 1.0' in service.metrics()
    assert f'partition_parked_records{{partition="0",topic="{STORES_TOPIC}"}} 0.0' in service.metrics()
    assert service.stop() == 0
    assert stage.dead_letters() == []
    stage.assert_in_order()


def test_until_caught_up_waits_for_the_registry(stores: Stores) -> None:
    """What needs no schema is delivered; the run ends with 0 only when the rest is delivered too (F040)."""
    stage = stores.stage
    waiting, others = stage.fresh(5), stage.fresh(5)
    stage.produce(created(*waiting, table=stores.table()))
    stage.produce(created(*others))
    stores.registry.down()
    service = stores.service()
    service.start("--until-caught-up")
    service.await_cause("schema registry")
    stage.await_contacts(others, service)
    stage.await_committed(service, topics=[CUSTOMERS_TOPIC])
    service.check_alive()
    stores.registry.up()
    assert service.ended() == 0
    stage.await_contacts(waiting)
    stage.await_committed()


@pytest.mark.parametrize("registry", ["down", "silent"])
def test_a_stop_does_not_wait_for_the_registry(stores: Stores, registry: str) -> None:
    """It exits 0 and commits nothing past what waits, which the next start delivers (F017, F088, F040)."""
    stage = stores.stage
    before, waiting, behind = stage.fresh(5), stage.fresh(5), stage.fresh(5)
    stage.produce(created(*before, table=stores.bare), 0)
    stage.produce(created(*waiting, table=stores.table()), 0)
    stage.produce(created(*behind, table=stores.bare), 0)
    if registry == "down":
        stores.registry.down()
    else:
        stores.registry.inject(FaultKind.HANG)
    service = stores.service(delivery={"drain_seconds": 5, "request_seconds_max": 5})
    service.start()
    stores.await_waiting(service, 0)
    wait_for(lambda: service.partition(STORES_TOPIC, 0)["parked"] == 10, 20, "all to be read", service)
    stage.await_contacts(before, service)
    service.terminate()
    assert service.ended(5) == 0
    assert stage.committed(STORES_TOPIC) == {0: 5, 1: 0}
    stores.registry.heal()
    stores.registry.up()
    stage.api.new_run()
    stage.run_until_caught_up(service)
    stage.await_contacts([*before, *waiting, *behind])
    assert stage.committed(STORES_TOPIC) == {0: 15, 1: 0}
    stage.assert_in_order()


def test_a_killed_instance_has_committed_nothing_of_what_waits(stores: Stores) -> None:
    """After SIGKILL the next one finds every record that waited, and delivers them in order (F073, F089)."""
    stage, people = stores.stage, stores.stage.fresh(20)
    table = stores.table()
    stage.produce([*created(*people, table=table), *versions(people, 4, table=table)])
    stores.registry.down()
    service = stores.service()
    service.start()
    stores.await_waiting(service, 0, 1)
    service.kill()
    assert not any(stage.committed(STORES_TOPIC).values())
    stores.registry.up()
    stage.api.new_run()
    stage.run_until_caught_up(service)
    stage.await_contacts(at_version(people, 4))
    stage.assert_in_order()


def test_partitions_that_wait_can_move(stores: Stores) -> None:
    """A second instance gets one at once: what waited there stays with the log (F002, F040)."""
    stage, people = stores.stage, stores.stage.fresh(20)
    tokens = {"a": "token-a", "b": "token-b"}
    stage.api.change(tokens=frozenset(tokens.values()))
    table = stores.table()
    stage.produce([*created(*people, table=table), *versions(people, 4, table=table)])
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
    stage.await_contacts(at_version(people, 4), first, second)
    stage.await_committed(first, second, topics=[STORES_TOPIC])
    assert [service.status()["unaccounted_records"] for service in (first, second)] == [0, 0]
    assert [service.stop() for service in (first, second)] == [0, 0]
    stage.assert_in_order()


def test_addresses_stand_in_for_each_other(stores: Stores) -> None:
    """With one of two down nobody waits; which of them it is may change at any time (F040)."""
    stage, one = stores.stage, stores.registry
    first, second = stage.fresh(3), stage.fresh(3)
    with SandboxRegistry(one.store) as two:
        one.down()
        service = stores.service(url=[one.url, two.url])
        service.start()
        stage.produce(created(*first, table=stores.table()))
        stage.await_contacts(first, service)
        one.up()
        two.down()
        stage.produce(created(*second, table=stores.table("more")))
        stage.await_contacts(second, service)
        counts = {"known": 2, "unknown": 0, "unavailable": 0}
        wait_for(lambda: service.status()["schema_registry"] == counts, 20, f"the counts {counts}", service)
        assert service.stop() == 0


def test_a_password_that_is_replaced_in_its_file_is_used_at_once(stores: Stores) -> None:
    """The registry's 401 is said in `/readyz`; a new file heals it without a restart (F099, S06, S07)."""
    stage, people = stores.stage, stores.stage.fresh(3)
    password = Path(stage.folder) / "password"
    password.write_text("canary-old\n")
    stores.registry.demand(basic("connector", "canary-new"))
    stage.produce(created(*people, table=stores.table()))
    # The backoff is far longer than the test: only the new password can wake the service.
    service = stores.service(
        registry={"username": "connector", "password_file": str(password)},
        delivery={"retry_backoff_ms": [600_000, 600_000]},
    )
    service.start()
    service.await_cause("schema registry", "401", "password")
    password.write_text("canary-new\n")
    stage.await_contacts(people, service)
    service.await_ready()
    assert service.stop() == 0
    assert "canary" not in service.log
