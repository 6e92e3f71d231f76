"""The sandbox registry: both APIs over one store, and its faults on request."""

import json
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from connector.sandbox.api.faults import FaultKind
from connector.sandbox.registry.registry_server import SandboxRegistry, basic
from connector.sandbox.registry.store import Registered, RegisteredReference
from tests.waiting import wait_for

TEXT = '{"type":"record","name":"Value","namespace":"crm","fields":[]}'
OUTER = '{"type":"record","name":"Envelope","namespace":"crm","fields":[{"name":"after","type":"crm.Value"}]}'


@pytest.fixture
def registry() -> Iterator[SandboxRegistry]:
    """Serve a registry with a schema and one that refers to it."""
    with SandboxRegistry() as served:
        inner = served.store.register("crm.Value", TEXT)
        reference = RegisteredReference("crm.Value", inner.subject, inner.version)
        served.store.register("a/b-value", OUTER, "AVRO", [reference])
        served.store.register("crm.json", '{"type":"object"}', "JSON")
        yield served


def get(registry: SandboxRegistry, path: str, **options: Any) -> httpx.Response:
    """Ask the registry."""
    return httpx.get(registry.url + path, timeout=10, **options)


def known(registry: SandboxRegistry, subject: str) -> Registered:
    """Give the first version of a subject."""
    (first, *_) = registry.store.versions(subject)
    return first


@pytest.mark.parametrize("base", ["", "/apis/ccompat/v7"])
def test_the_api_of_confluent(registry: SandboxRegistry, base: str) -> None:
    """By id, by guid, by subject and version; the type is left out where it is Avro."""
    outer, plain = known(registry, "a/b-value"), known(registry, "crm.json")
    body = {
        "schema": OUTER,
        "guid": str(outer.guid),
        "references": [{"name": "crm.Value", "subject": "crm.Value", "version": 1}],
    }
    assert get(registry, f"{base}/schemas/ids/{outer.id}").json() == body
    assert get(registry, f"{base}/schemas/guids/{outer.guid}").json() == body
    place = {"subject": "a/b-value", "version": 1, "id": outer.id}
    for version in ("1", "latest"):
        asked = get(registry, f"{base}/subjects/{quote('a/b-value', safe='')}/versions/{version}")
        assert asked.json() == {**place, **body}
    assert get(registry, f"{base}/schemas/ids/{plain.id}").json()["schemaType"] == "JSON"
    assert get(registry, f"{base}/subjects").json() == ["a/b-value", "crm.Value", "crm.json"]
    assert get(registry, f"{base}/subjects/crm.json/versions").json() == [1]
    assert "AVRO" in get(registry, f"{base}/schemas/types").json()


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/schemas/ids/99", 40403),
        ("/schemas/ids/x", 40403),
        ("/schemas/guids/00000000-0000-0000-0000-000000000000", 40403),
        ("/schemas/guids/x", 40403),
        ("/subjects/nobody/versions/1", 40401),
        ("/subjects/nobody/versions", 40401),
        ("/subjects/crm.json/versions/2", 40402),
        ("/nowhere", 404),
    ],
)
def test_what_confluent_has_not(registry: SandboxRegistry, path: str, code: int) -> None:
    """404 with the code that says what is missing."""
    answer = get(registry, path)
    assert (answer.status_code, answer.json()["error_code"]) == (404, code)


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_the_api_of_apicurio(registry: SandboxRegistry, version: str) -> None:
    """By global id, content id, hash and artifact: the text as it was registered, and what it refers to."""
    outer = known(registry, "a/b-value")
    base = f"/apis/registry/{version}"
    artifact = f"{base}/groups/default/artifacts/{quote('a/b-value', safe='')}/versions/1"
    paths = [
        f"{base}/ids/globalIds/{outer.global_id}",
        f"{base}/ids/contentIds/{outer.content_id}",
        f"{base}/ids/contentHashes/{outer.content_hash}",
        artifact,
    ]
    reference = {
        "groupId": "default",
        "artifactId": "crm.Value",
        "version": "1",
        "name": "crm.Value",
    }
    for path in paths:
        assert get(registry, path).text == OUTER
        assert get(registry, f"{path}/references").json() == [reference]
    assert get(registry, f"{artifact}/content").text == OUTER
    assert get(registry, f"{base}/system/info").json()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/ids/globalIds/1", "ArtifactNotFoundException"),
        ("/ids/contentIds/99/references", "ContentNotFoundException"),
        ("/ids/contentHashes/x", "ContentNotFoundException"),
        ("/groups/default/artifacts/crm.Value/versions/2", "VersionNotFoundException"),
        ("/groups/other/artifacts/crm.Value/versions/1", "VersionNotFoundException"),
        ("/nowhere", "NotFoundException"),
    ],
)
def test_what_apicurio_has_not(registry: SandboxRegistry, path: str, name: str) -> None:
    """404 with the exception that says what is missing; a content id is no global id."""
    answer = get(registry, f"/apis/registry/v2{path}")
    assert (answer.status_code, answer.json()["name"]) == (404, name)


def test_a_schema_that_is_not_there_yet(registry: SandboxRegistry) -> None:
    """A 404 is in the registry's own words, only as often as was asked for, only on its endpoint."""
    registry.inject(FaultKind.STATUS, status=404, times=1, endpoint="id")
    assert get(registry, "/schemas/types").status_code == 200
    first, second = (get(registry, "/schemas/ids/1") for _ in range(2))
    assert (first.status_code, first.json()["error_code"]) == (404, 40403)
    assert second.json()["schema"] == TEXT
    assert [(request.endpoint, request.status) for request in registry.requests()] == [
        ("types", 200),
        ("id", 404),
        ("id", 200),
    ]
    assert registry.requests()[1].path == "/schemas/ids/1"


@pytest.mark.parametrize(
    ("kind", "details"), [(FaultKind.STATUS, {"status": 503}), (FaultKind.HTML, {"status": 502})]
)
def test_a_registry_in_trouble(registry: SandboxRegistry, kind: FaultKind, details: dict[str, int]) -> None:
    """Server faults and pages of a proxy, until they are healed (F040)."""
    registry.inject(kind, **details)
    assert get(registry, "/schemas/ids/1").status_code == details["status"]
    registry.heal()
    assert get(registry, "/schemas/ids/1").status_code == 200


def test_connections_that_break(registry: SandboxRegistry) -> None:
    """A reset before the answer; an answer that ends before its announced length."""
    for kind in (FaultKind.RESET, FaultKind.SHORT):
        registry.inject(kind, times=1)
        with pytest.raises(httpx.TransportError):
            get(registry, "/schemas/ids/1")
    assert get(registry, "/schemas/ids/1").status_code == 200


def test_a_slow_answer_can_be_left(registry: SandboxRegistry) -> None:
    """Who hangs up while the registry is slow leaves a request without an answer."""
    registry.inject(FaultKind.LATENCY, seconds=60, times=1)
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{registry.url}/schemas/ids/1", timeout=0.2)
    wait_for(lambda: [r.status for r in registry.requests()] == [0], 10, "the request without an answer")


def test_a_registry_that_is_down_comes_back_on_its_port(registry: SandboxRegistry) -> None:
    """Connections are refused, then served again at the same address with the same schemas."""
    registry.down()
    with pytest.raises(httpx.ConnectError):
        get(registry, "/schemas/ids/1")
    registry.down()
    registry.up()
    registry.up()
    assert get(registry, "/schemas/ids/1").json()["schema"] == TEXT


def test_who_may_ask(registry: SandboxRegistry) -> None:
    """401 without one of the demanded credentials."""
    registry.demand(basic("ada", "secret"), "Bearer t")
    assert get(registry, "/schemas/ids/1").status_code == 401
    assert get(registry, "/schemas/ids/1", auth=("ada", "secret")).status_code == 200
    assert get(registry, "/schemas/ids/1", headers={"authorization": "Bearer t"}).status_code == 200
    registry.demand()
    assert get(registry, "/schemas/ids/1").status_code == 200


def test_registering_is_idempotent_and_safe_from_threads(registry: SandboxRegistry) -> None:
    """Equal content keeps its id under every subject; versions count within a subject."""
    store = registry.store
    threads = [threading.Thread(target=store.register, args=("t", json.dumps(n % 5))) for n in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.version for each in store.versions("t")] == [1, 2, 3, 4, 5]
    again = store.register("other", TEXT)
    assert (again.content_id, again.version) == (known(registry, "crm.Value").content_id, 1)
    assert again.global_id != known(registry, "crm.Value").global_id
    assert again.guid == known(registry, "crm.Value").guid
    assert registry.apicurio_url == f"{registry.url}/apis/registry/v2"
