"""Starts with something missing or wrong: said clearly, waited for, and never a crash loop."""

from typing import Any

from connector.sandbox.api.api_server import SandboxApi
from connector.sandbox.sample import CUSTOMERS_TOPIC
from tests.integration.deployment import Deployment
from tests.integration.shop import contacts, created, range_of, raw
from tests.stack.processes import free_port
from tests.waiting import wait_for

LATER_TOPIC = "shop.later"
LATER = f"""
topic: {LATER_TOPIC}
shape: event
event:
  type: later
  user_id: user
  id: id
"""


def test_brokers_that_come_later_are_waited_for(deployment: Deployment) -> None:
    """Without brokers the service says so and is alive; when they come it delivers (F030, F031).

    All that it has said is JSON, one object per line, and librdkafka's words too.
    """
    people = range_of(1, 3)
    deployment.produce(created(*people))
    deployment.broker.down()
    service = deployment.service()
    service.start()
    service.await_cause("broker")
    health = service.get("/healthz")
    assert health is not None
    assert health.status_code == 200
    deployment.broker.up()
    deployment.await_contacts(people, service)
    service.await_ready()
    assert service.stop() == 0
    assert len(list(service.events())) == len(service.log.splitlines())


def test_an_api_that_comes_later_is_waited_for(deployment: Deployment) -> None:
    """While no server listens, the service reports it; it delivers as soon as one does (F064, F069)."""
    port = free_port()

    def elsewhere(document: dict[str, Any]) -> None:
        document["instasent"]["base_url"] = f"http://127.0.0.1:{port}/v1"

    people = range_of(1, 3)
    deployment.produce(created(*people))
    service = deployment.service(edit=elsewhere)
    service.start()
    service.await_cause("instasent")
    wait_for(lambda: service.status().get("state") == "paused", 20, "the pause", service)
    with SandboxApi(port=port) as late:
        wait_for(lambda: late.contacts() == contacts(people), 20, "the contacts", service)
        service.await_ready()
        assert service.stop() == 0


def test_a_topic_that_is_created_later_holds_up_no_other(deployment: Deployment) -> None:
    """A missing topic is named, the others flow, and it is read once it exists (F025)."""
    people = range_of(1, 3)
    deployment.produce(created(*people))
    service = deployment.service(topics={"later.yaml": LATER})
    service.start()
    deployment.await_contacts(people, service)
    service.await_cause(f"topic {LATER_TOPIC}", "does not exist")
    deployment.broker.create_topic(LATER_TOPIC, 1)
    deployment.produce([raw(b'{"id": "e", "user": 1}', topic=LATER_TOPIC)])
    wait_for(lambda: "e" in deployment.api.events(), 30, "the event of the new topic", service)
    service.await_ready()
    assert service.stop() == 0


def test_until_caught_up_counts_a_missing_topic_as_empty(deployment: Deployment) -> None:
    """It delivers the existing records and exits 0 (F025)."""
    people = range_of(1, 3)
    deployment.produce(created(*people))
    deployment.run_until_caught_up(deployment.service(topics={"later.yaml": LATER}))
    deployment.await_contacts(people)


def test_a_bad_configuration_is_told_whole_and_nothing_is_consumed(deployment: Deployment) -> None:
    """Every problem with its file and line, exit 78, no request and no commit (F098)."""

    def spoilt(document: dict[str, Any]) -> None:
        document["delivery"]["linger_msec"] = 5
        document["kafka"]["enable.auto.commit"] = True
        document["instasent"]["base_url"] = "http://api.example.com/v1"

    deployment.produce(created(*range_of(1, 3)))
    bad = "topic: shop.orders.placed\nshape: event\nevent:\n  type: purchase\n  user_id: '[['\n"
    service = deployment.service(edit=spoilt, topics={"orders.yaml": bad})
    assert service.run() == 78
    for text in ("linger_msec", "enable.auto.commit", "base_url", "connector.yaml:", "orders.yaml:5"):
        assert text in service.log
    assert "Traceback" not in service.log
    assert deployment.api.requests() == []
    assert deployment.committed(CUSTOMERS_TOPIC) == {}
