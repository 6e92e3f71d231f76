"""The HTTP thread against real sockets that misbehave."""

import asyncio
import gzip
import socket
import threading
import time

import httpx
import pytest

from connector.errors import FatalError
from connector.instasent.requests import HttpRequest, Requests
from connector.shell.http.connection import Connection
from connector.shell.http.http_thread import HttpLimits, HttpResponse, NoAnswer, NotSent, tls_context
from tests.shell.http.http_client import FAST, LATER, POST, SLOW, TOKEN, ask, ask_peer, http
from tests.shell.http.http_peer import OK, OK_BODY, Visit, answering, closing, peer


def test_request_and_answer_arrive_as_they_are() -> None:
    """Target, token, headers and body reach the server; status, lower-case headers and body come back."""
    with peer(answering(OK)) as server:
        result = ask_peer(server)
    assert isinstance(result, HttpResponse)
    assert (result.status, result.body, result.headers["x-ratelimit-limit"]) == (202, OK_BODY, "600")
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /v1/stream/contacts?_sync HTTP/1.1"
    assert b"Authorization: Bearer " + TOKEN.encode() in lines
    assert b"Accept-Encoding: identity" in lines
    assert b"Content-Type: application/json" in lines
    assert body == POST.body


def test_headers_hold_nothing_of_a_record() -> None:
    """S03: the names and values of a request's headers come from a closed set, whatever it carries."""
    requests = Requests("http://api.example.com/v1", "p", "d")
    with peer(answering(OK)) as server:
        for request in (requests.delete("zebra:ñ/%0d"), requests.upsert([{"zebra": "zebra"}], True)):
            ask_peer(server, request)
    heads = [request.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:] for request in server.requests]
    names = {line.partition(b":")[0].lower() for head in heads for line in head}
    assert names <= {
        *(b"host", b"authorization", b"accept", b"accept-encoding", b"connection", b"user-agent"),
        *(b"content-type", b"content-length"),
    }
    assert b"zebra" not in b"".join(line for head in heads for line in head)


def test_delete_has_no_body_and_keeps_its_escapes() -> None:
    """S01: the percent-encoded id leaves as it was built; a DELETE has no body and no content type."""
    with peer(answering(OK)) as server:
        ask_peer(server, HttpRequest("DELETE", "/v1/stream/contacts/a%2Fb%252e%3F~"))
    head = server.requests[0]
    assert head.startswith(b"DELETE /v1/stream/contacts/a%2Fb%252e%3F~ HTTP/1.1\r\n")
    assert b"content-" not in head.lower()


def test_connections_are_kept_and_requests_travel_together() -> None:
    """Forty requests through two slots use two connections, and each gets its own answer."""
    two = HttpLimits(in_flight_max=2, request_seconds_max=10, silence_seconds_max=5)
    with peer(answering(OK)) as server, http(server.url, two) as thread:
        for send_id in range(40):
            thread.submit(send_id, POST, LATER)
        results = dict(thread.results.get(timeout=10) for _ in range(40))
    assert set(results) == set(range(40))
    assert all(isinstance(result, HttpResponse) for result in results.values())
    assert server.connections == 2


def test_a_large_request_is_sent_whole() -> None:
    """A body beyond every socket buffer arrives byte for byte."""
    body = b"x" * 20_000_000
    limits = HttpLimits(request_seconds_max=20)
    with peer(answering(OK)) as server:
        result = ask_peer(server, HttpRequest("POST", "/v1/stream/contacts", body), limits)
    assert isinstance(result, HttpResponse)
    assert server.requests[0].partition(b"\r\n\r\n")[2] == body


def test_lease_that_ran_out_sends_nothing() -> None:
    """F007: a request whose time has passed is refused, and no byte of it leaves."""
    with peer(answering(OK)) as server, http(server.url) as thread:
        assert ask(thread, not_after_ms=0) == NotSent()
        assert isinstance(ask(thread), HttpResponse)
    assert len(server.requests) == 1


def test_refused_connection_was_not_sent() -> None:
    """F064: no server listens, so nothing was sent."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with http(f"http://127.0.0.1:{port}") as thread:
        result = ask(thread)
    assert isinstance(result, NoAnswer)
    assert not result.sent
    assert "ConnectError" in result.reason


def test_unknown_host_was_not_sent() -> None:
    """F069: a name that does not resolve is an ordinary failure; the next connection resolves it again."""
    with http("http://no-such-host.invalid", FAST) as thread:
        result = ask(thread)
    assert isinstance(result, NoAnswer)
    assert not result.sent


def test_next_request_after_a_loss_gets_its_own_answer() -> None:
    """F061: a late answer on an abandoned connection is dropped; the next request opens another."""
    first = threading.Event()

    def late(visit: Visit) -> None:
        visit.read_request()
        if not first.is_set():
            first.set()
            visit.until_closed()
        visit.sock.sendall(OK)

    with peer(late) as server, http(server.url, FAST) as thread:
        assert isinstance(ask(thread), NoAnswer)
        assert isinstance(ask(thread), HttpResponse)
    assert server.connections == 2


def test_connection_that_the_peer_closed_is_not_used_again() -> None:
    """F072: `Connection: close`, and an idle connection that was closed, cost a connection and no loss."""
    farewell = OK.replace(b"Content-Type", b"Connection: close\r\nContent-Type")
    with peer(closing(farewell)) as server, http(server.url) as thread:
        for _ in range(3):
            assert isinstance(ask(thread), HttpResponse)
    assert server.connections == 3


def test_idle_connection_closed_by_the_peer() -> None:
    """F072: a request on a connection that is gone is lost as sent, or goes through another one."""
    closed = threading.Event()

    def once(visit: Visit) -> None:
        visit.read_request()
        visit.sock.sendall(OK)
        visit.sock.close()
        closed.set()

    with peer(once) as server, http(server.url) as thread:
        assert isinstance(ask(thread), HttpResponse)
        assert closed.wait(5)
        result = ask(thread)
        assert isinstance(result, HttpResponse) or (isinstance(result, NoAnswer) and result.sent)


def test_unasked_second_answer_is_not_taken_for_the_next() -> None:
    """F048: a peer that answers twice is hung up on; the next request gets the next connection's answer."""
    forged = OK.replace(b"202 Accepted", b"299 Forged..")
    with peer(answering(OK + forged)) as server, http(server.url) as thread:
        statuses = [result.status for _ in range(3) if isinstance(result := ask(thread), HttpResponse)]
    assert statuses == [202, 202, 202]
    assert server.connections == 3


def test_continue_and_answers_that_end_with_the_connection() -> None:
    """A `100 Continue` is passed over, and a body without a length ends where the connection does."""
    answer = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\nX-A: b\r\n\r\n{}"
    with peer(closing(answer)) as server:
        assert ask_peer(server) == HttpResponse(202, {"x-a": "b"}, b"{}")


def test_bodiless_answer() -> None:
    """F050: a 204 is whole without a body, and its connection is kept."""
    with peer(answering(b"HTTP/1.1 204 No Content\r\n\r\n", OK)) as server, http(server.url) as thread:
        assert ask(thread) == HttpResponse(204, {}, b"")
        assert isinstance(ask(thread), HttpResponse)
    assert server.connections == 1


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_body_where_none_may_be_is_not_the_next_answer(status: bytes) -> None:
    """F048: what follows an answer that has no body is dropped together with its connection."""
    answer = b"HTTP/1.1 " + status + b"\r\nContent-Length: %d\r\n\r\n%s" % (len(OK), OK)
    with peer(answering(answer)) as server, http(server.url) as thread:
        results = [ask(thread) for _ in range(3)]
    assert [(r.status, r.body) for r in results if isinstance(r, HttpResponse)] == [
        (int(status[:3]), b"")
    ] * 3
    assert server.connections == 3


def test_line_break_in_a_header_is_refused() -> None:
    """S01: no header can carry a second one, and not a byte of such a request leaves."""

    async def send(url: str) -> None:
        connection = Connection(tls_context())
        try:
            await connection.handle_async_request(httpx.Request("GET", url, headers={"X-A": "b\r\nX-C: d"}))
        finally:
            await connection.aclose()

    with peer(answering(OK)) as server, pytest.raises(httpx.LocalProtocolError, match="line break"):
        asyncio.run(send(server.url))
    assert server.requests == []


def test_html_page_comes_back_as_it_is() -> None:
    """F049: judging a page is not this thread's business."""
    page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"
    with peer(answering(page)) as server:
        assert ask_peer(server) == HttpResponse(
            200, {"content-type": "text/html", "content-length": "6"}, b"<html>"
        )


def test_redirect_is_not_followed() -> None:
    """F060 S02: neither the token nor the data goes where an answer points to."""
    with peer(answering(OK)) as elsewhere:
        redirect = b"HTTP/1.1 307 Go\r\nLocation: %s/\r\nContent-Length: 0\r\n\r\n" % elsewhere.url.encode()
        with peer(answering(redirect)) as server:
            result = ask_peer(server)
    assert isinstance(result, HttpResponse)
    assert result.status == 307
    assert elsewhere.connections == 0


def test_proxy_variables_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """S02: the environment cannot send the token through a proxy."""
    with peer(answering(OK)) as proxy, peer(answering(OK)) as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert isinstance(ask_peer(server), HttpResponse)
    assert proxy.connections == 0


def test_compressed_bomb_stays_compressed() -> None:
    """F071 S14: what a server compresses unasked is not unpacked."""
    bomb = gzip.compress(b" " * 50_000_000)
    head = b"HTTP/1.1 202 Accepted\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    with peer(answering(head + bomb)) as server:
        result = ask_peer(server, limits=SLOW)
    assert isinstance(result, HttpResponse)
    assert len(result.body) == len(bomb)


def test_token_can_be_changed() -> None:
    """F052 F099 S03: the next request carries the new token; a line break in it is refused."""
    with peer(answering(OK)) as server, http(server.url) as thread:
        thread.set_token("another")
        ask(thread)
        with pytest.raises(ValueError, match="header") as refused:
            thread.set_token("se\r\ncret")
    assert b"Bearer another\r\n" in server.requests[0]
    assert "cret" not in str(refused.value)


def test_stop_does_not_wait_for_a_blackhole() -> None:
    """F004: what travels is abandoned; the end of the thread is bounded."""
    reached = threading.Event()

    def hold(visit: Visit) -> None:
        visit.read_request()
        reached.set()
        visit.until_closed()

    with peer(hold) as server:
        with http(server.url, HttpLimits()) as thread:
            thread.submit(1, POST, LATER)
            assert reached.wait(5)
            began = time.monotonic()
        assert time.monotonic() - began < 5
    assert thread.results.empty()


def test_dead_thread_is_noticed() -> None:
    """F093: a fault inside the thread, here a target that is not ASCII, is seen by who checks."""
    with http("http://127.0.0.1:9") as thread:
        thread.check()
        thread.submit(1, HttpRequest("POST", "/ñ", b""), LATER)
        thread._thread.join(5)
        with pytest.raises(FatalError, match="HTTP thread"):
            thread.check()


def test_other_coroutines_share_the_loop() -> None:
    """The admin server can live on the same loop."""

    async def name() -> str:
        await asyncio.sleep(0)
        return threading.current_thread().name

    with http("http://127.0.0.1:9") as thread:
        assert thread.run_on_loop(name()).result(5) == "http"
