"""The proxy treats connections as ordered, and reports unsafe requests."""

from collections.abc import Iterator

import httpx
import pytest

from connector.sandbox.api.api_server import SandboxApi
from connector.sandbox.api.behaviour import Behaviour
from connector.sandbox.api.faults import FaultKind
from tests.chaos.proxy import Conditions, Proxy, Weather
from tests.waiting import wait_for

CONTACTS = "/v1/project/sandbox/datasource/customers/stream/contacts"
HEADERS = {"Authorization": "Bearer sandbox-token"}
SECONDS = 10


@pytest.fixture
def sandbox() -> Iterator[SandboxApi]:
    """The server behind the proxy."""
    with SandboxApi(Behaviour(limit=None)) as sandbox:
        yield sandbox


@pytest.fixture
def proxy(sandbox: SandboxApi) -> Iterator[Proxy]:
    """A proxy in clear weather."""
    with Proxy(sandbox.origin) as proxy:
        yield proxy


def post(proxy: Proxy, user: str = "a", seconds: float = SECONDS) -> int:
    """Write one contact through the proxy and return the status."""
    url = f"{proxy.origin}{CONTACTS}?_sync=true"
    return httpx.post(url, json=[{"_user_id": user}], headers=HEADERS, timeout=seconds).status_code


FAILURES: dict[Weather, type[Exception]] = {
    Weather.RESET_REQUEST: httpx.TransportError,
    Weather.RESET_ANSWER: httpx.TransportError,
    Weather.HALF_ANSWER: httpx.RemoteProtocolError,
    Weather.BLACK_HOLE: httpx.ReadTimeout,
    Weather.REFUSE: httpx.ConnectError,
}


@pytest.mark.parametrize("weather", FAILURES)
def test_weather_is_met_and_passes(proxy: Proxy, weather: Weather) -> None:
    """Each weather fails a request in its own way; in clear weather the next one passes."""
    assert post(proxy) == 202
    proxy.change(Conditions(weather))
    with pytest.raises(FAILURES[weather]):
        post(proxy, seconds=0.5)
    proxy.change(Conditions())
    assert post(proxy) == 202


def test_a_drip_and_a_delay_only_take_time(proxy: Proxy) -> None:
    """The answer comes whole."""
    proxy.change(Conditions(Weather.DRIP, delay_seconds=(0.01, 0.02)))
    assert post(proxy) == 202
    assert proxy.met[Weather.DRIP]


def test_what_its_client_has_given_up_is_not_done(proxy: Proxy, sandbox: SandboxApi) -> None:
    """The server hears that the client is gone, so the request takes no effect."""
    sandbox.inject(FaultKind.LATENCY, seconds=SECONDS)
    with pytest.raises(httpx.ReadTimeout):
        post(proxy, "given up", seconds=0.3)
    wait_for(lambda: sandbox.report()["statuses"].get("0"), SECONDS, "the hang-up")
    assert "given up" not in sandbox.contacts()


@pytest.mark.parametrize(
    ("path", "safe"),
    [("/a%2F..%2Fb", True), ("/..", False), ("/", False), ("/a/b", False), ("", False), ("/a?all", False)],
)
def test_unsafe_requests_are_told(proxy: Proxy, path: str, safe: bool) -> None:
    """A DELETE that names no single contact would delete others (S01)."""
    url = httpx.URL(proxy.origin).copy_with(raw_path=(CONTACTS + path).encode())
    with httpx.Client(headers=HEADERS) as client:
        client.send(httpx.Request("DELETE", url, headers=HEADERS))
    assert bool(proxy.unsafe) is not safe
