"""The admin server over real HTTP."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from connector.engine.snapshot import EndpointStatus, PartitionStatus, Snapshot, State, TopicStatus, with_ends
from connector.errors import FatalError
from connector.model import Endpoint, TopicPartition
from connector.shell.admin import admin_server as server_module
from connector.shell.admin.admin_app import create_app
from connector.shell.admin.admin_server import AdminServer
from connector.shell.admin.board import StatusBoard
from connector.shell.clock import Clock

SNAPSHOT = Snapshot(
    state=State.RUNNING,
    topics=(TopicStatus("shop.customers", 10, 7, {"tombstone": 2}, {"decode": 1}),),
    partitions=(
        PartitionStatus("shop.customers", 0, position=8, committed=5, in_flight=3),
        PartitionStatus("shop.customers", 1, position=2, committed=1, end=4),
    ),
    endpoints=(EndpointStatus(Endpoint.CONTACTS, 3, 7, 1, 100, 97, 1_700_000_000),),
    in_flight_records=3,
    buffered_records=3,
    buffered_bytes=300,
)
FORMATS = {"shop.customers": ["Avro (Confluent framing)", "JSON"]}


class StoppedClock(Clock):
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_ms = 1_000_000

    def monotonic_ms(self) -> int:
        """Return what the test has set."""
        return self.now_ms


@contextmanager
def serving(board: StatusBoard) -> Iterator[str]:
    """Serve on a free port, on a loop in a second thread as the service does."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = AdminServer(create_app(board), "127.0.0.1", 0)
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
        yield server.url
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def test_health_follows_the_loop() -> None:
    """Alive while the loop has turned within 30 s; a dependency that is away changes nothing (F093)."""
    clock = StoppedClock()
    board = StatusBoard(clock)
    with serving(board) as url:
        board.publish(SNAPSHOT, {"broker": "connection refused"})
        clock.now_ms += 30_000
        assert httpx.get(f"{url}/healthz").json() == {"alive": True, "loop_idle_ms": 30_000}
        clock.now_ms += 1
        assert httpx.get(f"{url}/healthz").status_code == 503
        board.turned()
        assert httpx.get(f"{url}/healthz").status_code == 200


def test_readiness_tells_the_causes() -> None:
    """Ready only when running and nothing is wrong; otherwise each cause by its name (promise 5)."""
    board = StatusBoard(Clock())
    with serving(board) as url:
        starting = httpx.get(f"{url}/readyz")
        assert (starting.status_code, starting.json()["causes"]) == (503, {"service": "starting"})
        board.publish(SNAPSHOT, {})
        assert httpx.get(f"{url}/readyz").json() == {"ready": True, "state": "running", "causes": {}}
        board.publish(SNAPSHOT, {"api": "401: the token is not accepted", "topic t": "does not exist"})
        waiting = httpx.get(f"{url}/readyz")
        assert waiting.status_code == 503
        assert waiting.json()["causes"] == {
            "api": "401: the token is not accepted",
            "topic t": "does not exist",
        }


def test_status_holds_what_the_contract_lists() -> None:
    """`/api/status` has the fields of docs/metrics.md, with lags from the ends of the logs (F020)."""
    board = StatusBoard(Clock())
    board.publish(with_ends(SNAPSHOT, {TopicPartition("shop.customers", 0): 9}), {}, formats=FORMATS)
    with serving(board) as url:
        status = httpx.get(f"{url}/api/status").json()
    assert (status["state"], status["cause"], status["unaccounted_records"]) == ("running", "", 0)
    assert status["topics"] == [
        {
            "topic": "shop.customers",
            "formats": ["Avro (Confluent framing)", "JSON"],
            "records_consumed": 10,
            "deliveries_accepted": 7,
            "skipped": 2,
            "skipped_by_rule": {"tombstone": 2},
            "dead_lettered": 1,
            "dead_lettered_by_rule": {"decode": 1},
            "lag": 6,
        }
    ]
    assert [(p["position"], p["committed"], p["end"], p["lag"]) for p in status["partitions"]] == [
        (8, 5, 9, 4),
        (2, 1, 4, 2),
    ]
    assert status["endpoints"][0] == {
        "name": "contacts",
        "calls": 3,
        "items": 7,
        "limited": 1,
        "budget_limit": 100,
        "budget_remaining": 97,
        "budget_reset": 1_700_000_000,
    }
    assert (status["in_flight_records"], status["buffered_bytes"]) == (3, 300)


def test_metrics_are_prometheus_text() -> None:
    """Names carry the prefix and the unit, labels are bounded (S10); unknown values are left out."""
    board = StatusBoard(Clock())
    board.publish(SNAPSHOT, {}, formats=FORMATS)
    with serving(board) as url:
        answer = httpx.get(f"{url}/metrics")
    lines = answer.text.splitlines()
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'instasent_connector_records_consumed_total{topic="shop.customers"} 10.0' in lines
    assert (
        'instasent_connector_records_dead_lettered_total{rule="decode",topic="shop.customers"} 1.0' in lines
    )
    assert 'instasent_connector_partition_lag_records{partition="1",topic="shop.customers"} 2.0' in lines
    assert 'instasent_connector_topic_format_info{format="JSON",topic="shop.customers"} 1.0' in lines
    assert 'instasent_connector_state{state="running"} 1.0' in lines
    assert 'instasent_connector_requests_total{endpoint="contacts"} 3.0' in lines
    assert not [line for line in lines if 'lag_records{partition="0"' in line]


def test_the_page_needs_nothing_from_elsewhere() -> None:
    """`/` is one self-contained page that reads `/api/status`; its policy forbids other hosts (S18)."""
    with serving(StatusBoard(Clock())) as url:
        page = httpx.get(url)
    assert page.status_code == 200
    assert "api/status" in page.text
    assert 'formats: "formats"' in page.text
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_nothing_can_be_changed() -> None:
    """The server only reads: other methods and paths are refused (S18)."""
    with serving(StatusBoard(Clock())) as url:
        assert httpx.post(f"{url}/api/status").status_code == 405
        assert httpx.get(f"{url}/config").status_code == 404


def test_an_address_in_use_is_named() -> None:
    """The error says which address and which key to change (F100)."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = AdminServer(create_app(StatusBoard(Clock())), "127.0.0.1", port)
        with pytest.raises(FatalError, match=rf"127\.0\.0\.1:{port}.*admin\.listen"):
            asyncio.run(server.start())


def test_a_connection_that_dawdles_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a request, or a body without end, does not hold a connection for long (F100, slowloris)."""
    monkeypatch.setattr(server_module, "CONNECTION_SECONDS_MAX", 0.3)
    with serving(StatusBoard(Clock())) as url:
        address = ("127.0.0.1", int(url.rpartition(":")[2]))
        with socket.create_connection(address, timeout=10) as dawdler:
            dawdler.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
            assert _closed(dawdler)
        with socket.create_connection(address, timeout=10) as glutton:
            glutton.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
            assert _closed(glutton)


def _closed(connection: socket.socket) -> bool:
    """Read to the end; a reset is an end as well."""
    try:
        while connection.recv(65_536):
            pass
    except ConnectionResetError:
        return True
    return True
