"""Records whose schemas a registry has, or has not: what becomes of them in a running service."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from connector.sandbox.api.faults import FaultKind
from connector.sandbox.broker import EmbeddedBroker
from tests.integration.deployment import Deployment
from tests.integration.service import Service
from tests.integration.shop import AT_US, at_version, contacts, created, deleted, updated, versions
from tests.integration.stores import STORES_TOPIC, Stores
from tests.waiting import wait_for


class Open(NamedTuple):
    """The stores, and an instance that runs and is ready."""

    stores: Stores
    service: Service


@pytest.fixture(scope="module")
def shared_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """Run one instance for the tests of this module."""
    with (
        EmbeddedBroker() as broker,
        Deployment(tmp_path_factory.mktemp("stores"), broker) as deployment,
        Stores(deployment) as stores,
    ):
        service = stores.service()
        service.start()
        service.await_ready()
        yield Open(stores, service)
        deployment.await_committed(service)
        assert service.status()["unaccounted_records"] == 0
        assert service.stop() == 0
        deployment.assert_in_order()


@pytest.fixture
def shop(shared_shop: Open) -> Iterator[Open]:
    """Give the instance of the module, and nothing wrong at the registry."""
    yield shared_shop
    shared_shop.stores.registry.heal()
    shared_shop.stores.registry.up()
    shared_shop.stores.deployment.show_logs()


TROUBLES: dict[str, tuple[FaultKind, dict[str, Any], str]] = {
    # what `/readyz` says of it
    "server fault": (FaultKind.STATUS, {"status": 500}, "answered 500"),
    "throttled": (FaultKind.STATUS, {"status": 429}, "answered 429"),
    "maintenance page": (FaultKind.HTML, {"status": 502}, "answered 502"),
    "captive portal": (FaultKind.HTML, {"status": 200}, "a web page"),
    "wrong address": (FaultKind.HTML, {"status": 404}, "not as this registry does"),
    "redirect": (FaultKind.REDIRECT, {}, "a redirect, which is not followed"),
    "reset": (FaultKind.RESET, {}, "the connection broke"),
    "cut short": (FaultKind.SHORT, {}, "not whole HTTP"),
    "not JSON": (FaultKind.UNREADABLE, {}, "something else instead of a schema"),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_an_answer_that_says_nothing_about_the_schema_is_waited_out(shop: Open, trouble: str) -> None:
    """The partition waits and says why, the others flow, and nothing becomes a dead letter (F040, F049)."""
    (stores, service), deployment = shop, shop.stores.deployment
    kind, details, text = TROUBLES[trouble]
    waiting, others = deployment.fresh(5), deployment.fresh(5)
    letters = len(deployment.dead_letters())
    stores.registry.inject(kind, **details)
    table = stores.table(trouble.replace(" ", "_"))
    deployment.produce([*created(*waiting, table=table), *versions(waiting, 3, table=table)], 0)
    service.await_cause("schema registry", text)
    deployment.produce(created(*others, table=stores.bare), 1)
    deployment.await_contacts(others, service)
    stores.await_waiting(service, 0)
    stores.registry.heal()
    deployment.await_contacts(at_version(waiting, 3), service)
    service.await_ready()
    assert len(deployment.dead_letters()) == letters


@pytest.mark.parametrize(
    ("kind", "seconds"), [(FaultKind.LATENCY, 1.0), (FaultKind.SLOW, 0.0005)], ids=["late", "dripping"]
)
def test_a_slow_answer_is_awaited(shop: Open, kind: FaultKind, seconds: float) -> None:
    """It takes its time, the others do not wait for it, and no cause is invented (F067, F068)."""
    (stores, service), deployment = shop, shop.stores.deployment
    waiting, others = deployment.fresh(5), deployment.fresh(5)
    stores.registry.inject(kind, seconds=seconds, times=1)
    table = stores.table(f"slow_{kind}")
    deployment.produce(created(*waiting, table=table), 0)
    deployment.produce(created(*others, table=stores.bare), 1)
    deployment.await_contacts([*others, *waiting], service)
    assert service.causes() == {}


def test_an_id_that_does_not_exist_is_a_dead_letter_once_it_was_asked_for_twice(shop: Open) -> None:
    """The reason names the schema and quotes the registry; the rest continues in order (F040).

    While it is remembered, the next such record costs no question. No cause is given: nothing is wrong.
    """
    (stores, service), deployment = shop, shop.stores.deployment
    people, table = deployment.fresh(10), stores.table()
    missing = stores.unreadable(4711, b"missing")
    deployment.produce(
        [*created(*people, table=table), missing, *versions(people, 3, table=table), missing], partition=0
    )
    deployment.await_contacts(at_version(people, 3), service)
    letters = wait_for(
        lambda: (
            (found := [x for x in deployment.dead_letters() if x.key == b"missing"]) and found[1:] and found
        ),
        20,
        "both dead letters",
        service,
    )
    assert [letter.value for letter in letters] == [missing.value] * 2
    where = stores.registry.url.removeprefix("http://")
    assert {letter.why["reason"] for letter in letters} == {
        f"schema id 4711: {where}: there is no such schema"
    }
    assert {letter.why["rule"] for letter in letters} == {"decode"}
    deployment.produce([stores.unreadable(4711, b"later"), *versions(people, 4, first=4, table=table)], 1)
    deployment.await_contacts(at_version(people, 4), service)
    assert stores.questions("/schemas/ids/4711") == [404, 404]
    assert service.causes() == {}


def test_a_replica_that_lags_behind_costs_no_record(shop: Open) -> None:
    """It says 404 of a new schema and has it when it is asked again: no dead letter (F040)."""
    (stores, service), deployment = shop, shop.stores.deployment
    people, letters = deployment.fresh(5), len(deployment.dead_letters())
    stores.registry.inject(FaultKind.STATUS, status=404, times=1)
    asked = len(stores.questions())
    deployment.produce(created(*people, table=stores.table("lagging")), 0)
    deployment.await_contacts(people, service)
    assert stores.questions()[asked:] == [404, 200]
    assert len(deployment.dead_letters()) == letters


def test_many_unknown_ids_do_not_add_up(shop: Open) -> None:
    """Each record of a partition names another schema that there is not: they are doubted together (F040)."""
    (stores, service), deployment = shop, shop.stores.deployment
    people, table = deployment.fresh(10), stores.table()
    ids = range(1_000_000, 1_000_150)
    key = b"one of many"
    deployment.produce(
        [
            *created(*people, table=table),
            *(stores.unreadable(schema_id, key) for schema_id in ids),
            *versions(people, 3, table=table),
        ],
        partition=0,
    )
    deployment.await_contacts(at_version(people, 3), service)
    deployment.await_committed(service, topics=[STORES_TOPIC])
    letters = [letter for letter in deployment.dead_letters() if letter.key == key]
    assert [letter.value for letter in letters] == [stores.unreadable(one).value for one in ids]


@pytest.mark.parametrize(
    "format_", ["avro-confluent", "avro-referring", "avro-confluent-guid", "json-schema-confluent"]
)
def test_a_table_changes_in_mid_topic(shop: Open, format_: str) -> None:
    """Rows before and after a new column are read with their schemas, in order.

    Also where schemas refer to others, are named by a GUID, or are JSON Schemas.
    """
    (stores, service), deployment = shop, shop.stores.deployment
    people = deployment.fresh(5)
    old, new = (stores.table(*more, format_=format_) for more in ((), ("city",)))
    moved = [new.update({**one.row(AT_US), "city": "Vic"}, AT_US) for one in at_version(people, 3)]
    deployment.produce([*created(*people, table=old), *versions(people, 2, table=old), *moved])
    expected = {
        user_id: {**contact, "city": "Vic"} for user_id, contact in contacts(at_version(people, 3)).items()
    }

    def arrived() -> bool:
        present = deployment.api.contacts()
        return expected == {user_id: present.get(user_id) for user_id in expected}

    wait_for(arrived, 20, "the rows with a city", service)


def test_the_key_of_a_delete_has_a_schema_of_its_own(shop: Open) -> None:
    """Deletes and tombstones are understood by their Avro keys, whose schema is fetched too (F040)."""
    (stores, service), deployment = shop, shop.stores.deployment
    staying, leaving = deployment.fresh(3), deployment.fresh(3)
    table = stores.table("keyed", format_="avro-confluent-header")
    deployment.produce(created(*staying, *leaving, table=table), 0)
    deployment.await_contacts([*staying, *leaving], service)
    stores.registry.down()
    deployment.produce([*deleted(*leaving, table=table), *updated(*at_version(staying, 2), table=table)], 0)
    service.await_cause("schema registry")
    assert len(deployment.api.contacts().keys() & contacts(leaving).keys()) == 3
    stores.registry.up()
    deployment.await_gone(leaving, service)
    deployment.await_contacts(at_version(staying, 2), service)
    key = stores.registry.store.find(subject=f"{STORES_TOPIC}-key", type="AVRO")
    assert key is not None
    assert stores.questions(f"/schemas/guids/{key.guid}") == [200]


def test_what_is_known_needs_no_registry(shop: Open) -> None:
    """While it is down, rows whose schema was fetched once are delivered, and nothing is wrong (F040)."""
    (stores, service), deployment = shop, shop.stores.deployment
    people, table = deployment.fresh(5), stores.table("fetched_once")
    deployment.produce(created(*people, table=table))
    deployment.await_contacts(people, service)
    stores.registry.down()
    deployment.produce(versions(people, 3, table=table))
    deployment.await_contacts(at_version(people, 3), service)
    assert service.causes() == {}


def test_apicurio_in_its_own_words(stores: Stores) -> None:
    """Its API, ids of four and eight bytes and headers in one topic, as during a migration."""
    deployment, people = stores.deployment, stores.deployment.fresh(12)
    formats = ("avro-apicurio-4", "avro-apicurio-8", "avro-apicurio-header", "avro-apicurio-header-artifact")
    for number, format_ in enumerate(formats):
        table = stores.table(format_=format_)
        deployment.produce(created(*people[3 * number : 3 * number + 3], table=table))
        deployment.produce(deleted(people[3 * number], table=table))
    service = stores.service(url=stores.registry.apicurio_url, registry={"type": "apicurio"})
    deployment.run_until_caught_up(service)
    deployment.await_contacts([one for number, one in enumerate(people) if number % 3])
    deployment.await_gone(people[::3])
    assert deployment.dead_letters() == []
