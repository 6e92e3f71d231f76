"""An HTTP thread for one test, and how to ask it."""

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager

from connector.instasent.requests import HttpRequest
from connector.shell.http.http_thread import HttpLimits, HttpThread, Result
from tests.shell.http.http_peer import Peer

TOKEN = "canary-token-7f3a"
FAST = HttpLimits(in_flight_max=2, request_seconds_max=1.5, connect_seconds_max=1.5, silence_seconds_max=1)
"""For a request that must run into a limit: long enough that a busy machine connects and sends before."""

SLOW = HttpLimits(request_seconds_max=10, connect_seconds_max=5, silence_seconds_max=5)
POST = HttpRequest("POST", "/v1/stream/contacts?_sync", b'[{"_user_id":"1"}]')
LATER = 1 << 60


@contextmanager
def http(url: str, limits: HttpLimits = SLOW, tls: ssl.SSLContext | None = None) -> Iterator[HttpThread]:
    """Run an HTTP thread that is stopped again."""
    thread = HttpThread(url, TOKEN, lambda: time.monotonic_ns() // 1_000_000, limits, tls)
    thread.start()
    try:
        yield thread
    finally:
        assert thread.stop(5)


def ask(thread: HttpThread, request: HttpRequest = POST, not_after_ms: int = LATER) -> Result:
    """Send one request and await what came of it."""
    thread.submit(1, request, not_after_ms)
    send_id, result = thread.results.get(timeout=60)
    assert send_id == 1
    return result


def ask_peer(script_peer: Peer, request: HttpRequest = POST, limits: HttpLimits = SLOW) -> Result:
    """Send one request to a peer from a new thread."""
    with http(script_peer.url, limits) as thread:
        return ask(thread, request)
