"""The sandbox API on the wire: what a client really meets."""

import socket
import time
from collections.abc import Iterator
from dataclasses import fields
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from connector.sandbox.api.api_server import SandboxApi
from connector.sandbox.api.behaviour import Behaviour
from connector.sandbox.api.faults import FaultKind

PATH = "/v1/project/sandbox/datasource/customers"
HEADERS = {"authorization": "Bearer sandbox-token"}
ADA = {"_user_id": "7", "_first_name": "Ada"}


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxApi]:
    """Run one sandbox API for all tests."""
    with SandboxApi() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(server: SandboxApi) -> Iterator[SandboxApi]:
    """Give the sandbox API as it is at the start."""
    yield server
    server.heal()
    server.change(**{switch.name: getattr(Behaviour(), switch.name) for switch in fields(Behaviour)})
    server.api.reset()


@pytest.fixture
def client(sandbox: SandboxApi) -> Iterator[httpx.Client]:
    """Give a client that has the token and does not follow redirects."""
    with httpx.Client(base_url=sandbox.origin, headers=HEADERS, timeout=5) as client:
        yield client


def upsert(client: httpx.Client, *items: Any, flags: str = "?_sync") -> httpx.Response:
    """Send contacts."""
    return client.post(f"{PATH}/stream/contacts{flags}", json=items or [ADA])


def raw(sandbox: SandboxApi) -> socket.socket:
    """Send one upsert over a socket of our own and leave the answer unread."""
    connection = socket.create_connection(("127.0.0.1", int(sandbox.origin.rpartition(":")[2])), timeout=5)
    body = b'[{"_user_id":"7"}]'
    connection.sendall(
        f"POST {PATH}/stream/contacts?_sync HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sandbox-token\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    return connection


@pytest.mark.parametrize("flags", ["?_sync", "?_sync=", "?_sync=true"])
def test_sync_is_on_in_any_spelling(sandbox: SandboxApi, client: httpx.Client, flags: str) -> None:
    """The bare flag, the empty and the true one all mean: processed before the answer."""
    sandbox.change(queue_seconds=3600.0)
    assert upsert(client, flags="").status_code == 202
    assert not sandbox.contacts()
    assert upsert(client, flags=flags).status_code == 202
    assert sandbox.contacts() == {"7": ADA}


def test_an_answer_has_a_date_and_its_budget(client: httpx.Client) -> None:
    """The reset is an epoch second within the window, to be read against `Date` (F096)."""
    response = upsert(client)
    date = parsedate_to_datetime(response.headers["date"]).timestamp()
    assert 55 <= int(response.headers["x-ratelimit-reset"]) - date <= 62
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize("user_id", ["a/b c?d#e", "100%", "a%2Fb", "ñ+ü", "..x"])
def test_an_encoded_id_is_one_segment(sandbox: SandboxApi, client: httpx.Client, user_id: str) -> None:
    """A percent-encoded id is decoded once, and its slash does not end the segment (F039, S01)."""
    upsert(client, {"_user_id": user_id})
    segment = "".join(f"%{byte:02X}" for byte in user_id.encode())
    request = client.build_request("DELETE", sandbox.origin + f"{PATH}/stream/contacts/{segment}")
    assert client.send(request).status_code == 200
    assert sandbox.report()["contacts"] == {"present": 0, "deleted": 1}


def test_a_path_that_is_no_contact_is_not_found(client: httpx.Client) -> None:
    """A delete without an id, or with an id that spreads over two segments, deletes no contact (I8)."""
    upsert(client)
    for path in ("/stream/contacts/", "/stream/contacts/a/b", "/stream/", "/nothing"):
        response = client.delete(PATH + path)
        assert response.status_code in (404, 405)
        assert response.json()["message"]


def test_event_parameters_are_asked_for_in_three_spellings(client: httpx.Client) -> None:
    """With a type, without, and without but with the slash (ingest-api.md 7)."""
    for tail in ("/purchase", "/", ""):
        assert "specs" in client.get(f"{PATH}/stream/specs/event-parameters{tail}").json()


@pytest.mark.parametrize(
    ("kind", "processed"), [(FaultKind.RESET, False), (FaultKind.LOST, True)], ids=["before", "after"]
)
def test_a_reset_is_a_reset_on_the_wire(sandbox: SandboxApi, kind: FaultKind, processed: bool) -> None:
    """The connection ends with a TCP reset before or after the request took effect (F064, F065)."""
    sandbox.inject(kind, times=1)
    with raw(sandbox) as connection, pytest.raises(ConnectionResetError):
        connection.recv(1)
    assert ("7" in sandbox.contacts()) is processed
    assert [line.status for line in sandbox.requests()] == [0]
    with raw(sandbox) as connection:
        assert connection.recv(12) == b"HTTP/1.1 202"


def test_a_short_answer_ends_before_its_length(sandbox: SandboxApi, client: httpx.Client) -> None:
    """The body stops before the announced Content-Length, and the request took effect (F066)."""
    sandbox.inject(FaultKind.SHORT, times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        upsert(client)
    assert "7" in sandbox.contacts()


def test_a_hanging_request_never_answers(sandbox: SandboxApi, client: httpx.Client) -> None:
    """The request takes effect and the client's own deadline ends it (F067)."""
    sandbox.inject(FaultKind.HANG, times=1)
    with pytest.raises(httpx.ReadTimeout):
        client.post(f"{PATH}/stream/contacts?_sync", json=[ADA], timeout=1)
    assert "7" in sandbox.contacts()


def test_a_slow_body_drips(sandbox: SandboxApi) -> None:
    """One byte at a time arrives: no read timeout would end it (F068)."""
    sandbox.inject(FaultKind.SLOW, times=1, seconds=0.1)
    with raw(sandbox) as connection:
        head, _, body = connection.recv(65536).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 202")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        body += connection.recv(65536) + connection.recv(65536)
        assert 2 <= len(body) < length // 2


@pytest.mark.parametrize(
    ("kind", "asked", "status", "content", "processed"),
    [
        (FaultKind.STATUS, 503, 503, "application/json", False),
        (FaultKind.HTML, 502, 502, "text/html", False),
        (FaultKind.HTML, 200, 200, "text/html", False),
        (FaultKind.REDIRECT, 500, 302, None, False),
        (FaultKind.UNREADABLE, 500, 202, "application/json", True),
    ],
)
def test_an_answer_can_be_replaced(
    sandbox: SandboxApi,
    client: httpx.Client,
    kind: FaultKind,
    asked: int,
    status: int,
    content: str | None,
    processed: bool,
) -> None:
    """Error statuses, HTML pages, redirects and broken JSON come as asked, once (F049, F059, F060)."""
    sandbox.inject(kind, times=1, status=asked)
    response = upsert(client)
    assert (response.status_code, response.headers.get("content-type")) == (status, content)
    assert ("7" in sandbox.contacts()) is processed
    assert upsert(client).json()["success"] is True


def test_latency_delays_an_answer(sandbox: SandboxApi, client: httpx.Client) -> None:
    """The answer is right, and late (F061)."""
    sandbox.inject(FaultKind.LATENCY, seconds=0.1)
    began = time.monotonic()
    assert upsert(client).status_code == 202
    assert time.monotonic() - began >= 0.1


def test_overlapping_requests_are_counted(sandbox: SandboxApi, client: httpx.Client) -> None:
    """A contact in two requests at once counts, until the client of the first hangs up (promise 2)."""
    sandbox.inject(FaultKind.SLOW, times=1, seconds=60)
    with raw(sandbox) as connection:
        assert connection.recv(1)
        upsert(client, {"_user_id": "8"})
        assert sandbox.report()["overlaps"] == 0
        upsert(client)
        assert sandbox.report()["overlaps"] == 1
    upsert(client)
    assert sandbox.report()["overlaps"] == 1


def test_a_client_that_hangs_up_in_time_is_not_served(sandbox: SandboxApi, client: httpx.Client) -> None:
    """A request whose client leaves during the latency takes no effect and is over."""
    sandbox.inject(FaultKind.LATENCY, seconds=60, times=1)
    sandbox.inject(FaultKind.RESET, times=1)
    with pytest.raises(httpx.ReadTimeout):
        client.post(f"{PATH}/stream/contacts?_sync", json=[ADA], timeout=1)
    assert upsert(client, {"_user_id": "8"}).status_code == 202
    assert sorted(line.status for line in sandbox.requests()) == [0, 202]
    assert sandbox.contacts().keys() == {"8"}


def test_the_controls_need_no_token(sandbox: SandboxApi) -> None:
    """Faults, switches, runs, ledger and states can be had over HTTP by anybody on the machine."""
    with httpx.Client(base_url=f"{sandbox.origin}/sandbox") as controls:
        assert controls.post("/faults", json={"kind": "status", "status": 500, "times": 1}).status_code == 200
        assert controls.patch("/behaviour", json={"shape": "b", "limits": {"events": 3}}).status_code == 200
        assert controls.post("/runs").status_code == 200
        with httpx.Client(base_url=sandbox.origin, headers=HEADERS) as client:
            assert upsert(client).status_code == 500
            assert "entity" in upsert(client).json()
        assert controls.get("/ledger").json()["contacts"] == {"present": 1, "deleted": 0}
        assert controls.get("/contacts").json() == {"7": ADA}
        assert controls.get("/events").json() == {}
        assert controls.delete("/faults").status_code == 200
        assert controls.post("/reset").status_code == 200
        assert controls.get("/contacts").json() == {}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/faults", {"kind": "unheard of"}),
        ("POST", "/faults", {"kind": "reset", "tmies": 1}),
        ("POST", "/faults", []),
        ("PATCH", "/behaviour", {"shape": "c"}),
        ("PATCH", "/behaviour", {"colour": "red"}),
    ],
)
def test_a_wrong_control_is_refused(sandbox: SandboxApi, method: str, path: str, body: object) -> None:
    """A misspelt fault or switch answers 400 and says what is known."""
    response = httpx.request(method, f"{sandbox.origin}/sandbox{path}", json=body)
    assert response.status_code == 400
    assert response.json()["message"]


def test_the_end_waits_for_nobody() -> None:
    """Idle and hanging connections do not hold up the end (F088)."""
    with SandboxApi() as sandbox, httpx.Client(base_url=sandbox.origin, headers=HEADERS) as client:
        origin = sandbox.origin
        upsert(client, {"_user_id": "8"})
        sandbox.inject(FaultKind.HANG)
        hanging = raw(sandbox)
        with pytest.raises(httpx.ReadTimeout):
            client.get(f"{PATH}/stream", timeout=1)
        began = time.monotonic()
    with hanging:
        assert time.monotonic() - began < 5
    with pytest.raises(httpx.ConnectError):
        httpx.get(origin)
