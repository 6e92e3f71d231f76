"""The registry client against real sockets: questions, answers, several addresses."""

import threading
from collections import Counter

import pytest

from connector.model import RefKind, SchemaAnswer, SchemaArtifact, SchemaRef, SchemaVerdict
from connector.settings.schema_registry import SchemaRegistry
from connector.shell.registry.client import RegistryClient
from tests.shell.http.http_client import http
from tests.shell.http.http_peer import Peer, Visit, closing, peer
from tests.shell.registry.registry_peer import (
    DOWN,
    NO_SUCH_SCHEMA,
    REF,
    SCHEMA,
    TEXT,
    answer_to,
    base,
    once_open,
    page,
    registry,
    serving,
)

KNOWN = SchemaAnswer(SchemaVerdict.KNOWN, SchemaArtifact(TEXT, "AVRO"))


def targets(server: Peer) -> list[str]:
    """Return what was asked for."""
    return [request.split(b" ", 2)[1].decode() for request in server.requests]


def test_confluent_with_references() -> None:
    """S01: below the base's path; a subject is one segment; references come first."""
    subject = "/prefix/subjects/a%2Fb%20%C3%A9/versions/3?deleted=true"
    row = {"schema": '"row"', "references": [{"name": "x.A", "subject": "a/b é", "version": 3}]}
    pages = {"/prefix/schemas/ids/1": page(row), subject: page({"schema": '"inner"', "id": 7})}
    with peer(serving(pages)) as server, registry(base(server, "/prefix/")) as client:
        answer = answer_to(client)
    assert answer == (SchemaVerdict.KNOWN, SchemaArtifact('"row"', "AVRO", ('"inner"',)), "")
    assert targets(server) == ["/prefix/schemas/ids/1", subject]
    assert server.connections == 1
    head = server.requests[0].split(b"\r\n")
    assert b"Accept-Encoding: identity" in head
    assert b"User-Agent: instasent-connector" in head
    assert not any(line.lower().startswith((b"authorization", b"cookie")) for line in head)


@pytest.mark.parametrize(
    ("version", "use_id", "content", "path"),
    [
        ("v2", "contentId", "/ids/contentIds/1", "/ids/contentIds/1"),
        ("v2", "globalId", "/ids/globalIds/1", "/ids/globalIds/1"),
        (
            "v3",
            "globalId",
            "/ids/globalIds/1?references=PRESERVE&returnArtifactType=true",
            "/ids/globalIds/1",
        ),
    ],
)
def test_apicurio_with_references(version: str, use_id: str, content: str, path: str) -> None:
    """Content, the list of references, and theirs; `use_id` says which ids have 4 bytes."""
    root = f"/apis/registry/{version}"
    inner = f"{root}/groups/default/artifacts/x.A/versions/1"
    suffix = "/content?references=PRESERVE" if version == "v3" else ""
    pages = {
        root + content: page(b'"row"', "200 OK", "X-Registry-ArtifactType: AVRO"),
        f"{root}{path}/references": page([{"artifactId": "x.A", "name": "x.A", "version": "1"}]),
        inner + suffix: page(b'"inner"', "200 OK", "Content-Type: application/octet-stream"),
        f"{inner}/references": page([]),
    }
    with (
        peer(serving(pages)) as server,
        registry(base(server, root), type="apicurio", use_id=use_id) as client,
    ):
        answer = answer_to(client)
    assert answer == (SchemaVerdict.KNOWN, SchemaArtifact('"row"', "AVRO", ('"inner"',)), "")
    assert sorted(targets(server)) == sorted(pages)


def test_hostile_names_stay_one_segment() -> None:
    """S01: what a header of a record names is asked for below the base, or not at all."""
    names = ["g/..%2F..%2Fids/1", "%252e%252e/a/1", "g/a%3Fb%23c/1", "g/%2E%2E/1", "./a/1", "g/%0A/1"]
    root = "/apis/registry/v2"
    with peer(serving({})) as server, registry(base(server, root), type="apicurio") as client:
        for name in names:
            answer_to(client, SchemaRef(RefKind.ARTIFACT, name))
    asked = [target for target in targets(server) if "/system/" not in target]
    assert asked == [
        f"{root}/groups/g/artifacts/..%2F..%2Fids/versions/1",
        f"{root}/groups/%252e%252e/artifacts/a/versions/1",
        f"{root}/groups/g/artifacts/a%3Fb%23c/versions/1",
    ]


def test_one_question_for_each_reference_at_a_time() -> None:
    """A ref that is on its way is not asked for again; each question has exactly one answer."""
    gate = threading.Event()
    refs = [SchemaRef(RefKind.ID, str(number)) for number in range(1, 21)]
    pages = {f"/schemas/ids/{ref.value}": page({"schema": f'"{ref.value}"'}) for ref in refs}
    with peer(once_open(gate, serving(pages))) as server, registry(base(server)) as client:
        for ref in refs * 3:
            client.fetch(ref)
        gate.set()
        answers = [client.results.get(timeout=20) for _ in refs]
        assert answer_to(client, refs[0]).verdict is SchemaVerdict.KNOWN
        assert client.results.empty()
    assert {ref: answer.artifact and answer.artifact.text for ref, answer in answers} == {
        ref: f'"{ref.value}"' for ref in refs
    }
    assert Counter(targets(server)) == Counter([*pages, "/schemas/ids/1"])


def test_a_stopped_loop_answers_too() -> None:
    """No record waits for an answer that cannot come: `fetch` never raises."""
    with http("http://127.0.0.1:1") as thread:
        client = RegistryClient(
            SchemaRegistry.model_validate({"url": "http://127.0.0.1:1"}), thread.run_on_loop
        )
    assert answer_to(client).verdict is SchemaVerdict.UNAVAILABLE


# ----------------------------------------------------------------------------- several addresses


def test_the_next_address_is_asked_and_remembered() -> None:
    """F040: one that fails is asked after the others; the one that worked last comes first."""
    with (
        peer(serving({}, DOWN)) as one,
        peer(serving(SCHEMA)) as two,
        registry(f"{base(one)}, {base(two)}") as client,
    ):
        assert [answer_to(client) for _ in range(3)] == [KNOWN] * 3
    assert (len(one.requests), len(two.requests)) == (1, 3)


def test_an_address_that_broke_is_left_and_found_again() -> None:
    """F040: the client moves on when the present address breaks, and back when the other one does."""
    broken = threading.Event()

    def first(visit: Visit) -> None:
        (serving({}, DOWN) if broken.is_set() else serving(SCHEMA))(visit)

    def second(visit: Visit) -> None:
        (serving(SCHEMA) if broken.is_set() else closing(b""))(visit)

    with peer(first) as one, peer(second) as two, registry([base(one), base(two)]) as client:
        assert answer_to(client) == KNOWN
        broken.set()
        assert [answer_to(client) for _ in range(2)] == [KNOWN] * 2
        assert (len(one.requests), len(two.requests)) == (2, 2)
        broken.clear()
        assert answer_to(client) == KNOWN
    assert (len(one.requests), len(two.requests)) == (3, 3)


def test_what_one_does_not_know_another_may() -> None:
    """A replica lags behind after a deployment: the others are asked before a schema counts as unknown."""
    lagging = {"/schemas/ids/1": NO_SUCH_SCHEMA}
    with (
        peer(serving(lagging)) as one,
        peer(serving(SCHEMA)) as two,
        registry([base(one), base(two)]) as client,
    ):
        assert answer_to(client) == KNOWN


def test_unknown_takes_one_that_says_so() -> None:
    """F040: with one address away the word of the other counts; with both away nothing is known."""
    lagging = {"/schemas/ids/1": NO_SUCH_SCHEMA}
    with peer(serving({}, DOWN)) as away, peer(serving(lagging)) as other:
        with registry([base(away), base(other)]) as client:
            answer = answer_to(client)
        assert answer.verdict is SchemaVerdict.UNKNOWN
        assert answer.reason == f"127.0.0.1:{other.port}: there is no such schema"
        with registry([base(away), "http://127.0.0.1:1"]) as client:
            answer = answer_to(client)
    assert answer.verdict is SchemaVerdict.UNAVAILABLE
    assert f"127.0.0.1:{away.port}: answered 503" in answer.reason
    assert "127.0.0.1:1: cannot be reached" in answer.reason


def test_a_question_that_no_registry_can_answer_is_not_sent() -> None:
    """S01: an impossible id is never sent, and is unknown immediately."""
    with peer(serving(SCHEMA)) as server, registry(base(server)) as client:
        answer = answer_to(client, SchemaRef(RefKind.ID, "1?x=y"))
    assert answer.verdict is SchemaVerdict.UNKNOWN
    assert server.connections == 0


def test_refs_are_apart_by_their_kind() -> None:
    """Answers carry the ref as it was asked for."""
    with peer(serving(SCHEMA)) as server, registry(base(server)) as client:
        assert answer_to(client, REF) == KNOWN
        assert answer_to(client, SchemaRef(RefKind.CONTENT_ID, "1")) == KNOWN
        assert answer_to(client, SchemaRef(RefKind.GLOBAL_ID, "1")).verdict is SchemaVerdict.UNKNOWN
    assert len(server.requests) == 2
