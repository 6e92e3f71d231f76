"""Answers that break: every one is lost as sent, within the total deadline and a bounded size."""

import time

import pytest

from connector.instasent.requests import HttpRequest
from connector.shell.http.http_thread import HttpLimits, HttpResponse, NoAnswer
from tests.shell.http.http_client import FAST, SLOW, TOKEN, ask_peer
from tests.shell.http.http_peer import OK, Script, Visit, closing, peer, repeating

BEGUN = b"HTTP/1.1 202 Accepted\r\n"
CHUNKED = BEGUN + b"Transfer-Encoding: chunked\r\n\r\n"
LARGE = HttpRequest("POST", "/v1/stream/contacts", b"x" * 40_000_000)
HASTY = HttpLimits(request_seconds_max=10, silence_seconds_max=0.5)
PATIENT = HttpLimits(request_seconds_max=60, silence_seconds_max=2)


def reset_in_body(visit: Visit) -> None:
    """Answer half and reset."""
    visit.read_request()
    visit.sock.sendall(OK[:-10])
    visit.reset()


def reset_before_answer(visit: Visit) -> None:
    """Take the request and reset."""
    visit.read_request()
    visit.reset()


def close_before_answer(visit: Visit) -> None:
    """Take the request and close."""
    visit.read_request()


def drip(visit: Visit) -> None:
    """Send one byte of an endless body at a time, faster than any read timeout."""
    visit.read_request()
    visit.sock.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 100000\r\n\r\n")
    while True:
        visit.sock.sendall(b" ")
        time.sleep(0.02)


def blackhole(visit: Visit) -> None:
    """Accept and never answer."""
    visit.until_closed()


def deaf(visit: Visit) -> None:
    """Accept and never read."""
    visit.peer.over.wait(10)


def slow_reader(visit: Visit) -> None:
    """Read a large request in parts, slower than a write timeout as a whole, faster for each part."""
    left = len(LARGE.body or b"")
    while left > 0:
        left -= len(visit.sock.recv(1_000_000))
        time.sleep(0.06)
    visit.sock.sendall(OK)


@pytest.mark.parametrize(
    ("script", "limits", "reason"),
    [
        pytest.param(reset_before_answer, SLOW, "without an answer", id="F065"),
        pytest.param(close_before_answer, SLOW, "without an answer", id="F065-closed"),
        pytest.param(reset_in_body, SLOW, "middle of the answer", id="F066-reset"),
        pytest.param(closing(OK[:-5]), SLOW, "middle of the answer", id="F066-length"),
        pytest.param(closing(CHUNKED + b"5\r\n{}"), SLOW, "middle of the answer", id="F066-chunk"),
        pytest.param(closing(OK[:30]), SLOW, "middle of the answer", id="F066-headers"),
        pytest.param(closing(b"SSH-2.0-OpenSSH_9.2\r\n"), SLOW, "not HTTP/1.1", id="not-http"),
        pytest.param(
            closing(b"HTTP/1.1 101 Up\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), SLOW, "", id="101"
        ),
        pytest.param(blackhole, FAST, "Timeout", id="F067-silence"),
        pytest.param(blackhole, HttpLimits(request_seconds_max=1), "no whole answer", id="F067-total"),
        pytest.param(drip, FAST, "no whole answer within 1.5 s", id="F068"),
        pytest.param(
            closing(BEGUN + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
            SLOW,
            "not HTTP/1.1",
            id="S14-two-lengths",
        ),
        pytest.param(
            closing(BEGUN + b"Content-Length: 2\r\nContent-Length: 1\r\n\r\n{}"),
            SLOW,
            "not HTTP/1.1",
            id="S14-two-content-lengths",
        ),
        pytest.param(repeating(CHUNKED, b"1\r\n \r\n"), SLOW, "larger than", id="F071-S14-chunks"),
        pytest.param(repeating(CHUNKED + b"1;", b"x"), SLOW, "larger than", id="S14-chunk-extension"),
        pytest.param(repeating(CHUNKED + b"0\r\n", b"X-A: b\r\n"), SLOW, "256 headers", id="S14-trailers"),
        pytest.param(repeating(BEGUN, b"X-A: b\r\n"), SLOW, "256 headers", id="F071-S14-headers"),
        pytest.param(repeating(BEGUN + b"X-A: ", b"b"), SLOW, "larger than", id="F071-S14-header"),
        pytest.param(
            repeating(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), SLOW, "larger than", id="S14-interim-answers"
        ),
    ],
)
def test_broken_answer_is_lost_after_sending(script: Script, limits: HttpLimits, reason: str) -> None:
    """F065 F066 F067 F068 F071 S14: without a whole answer the request may have been processed.

    However the answer grows, it is given up on after 4 MiB; the reason never holds the token (S03).
    """
    with peer(script) as server:
        began = time.monotonic()
        result = ask_peer(server, limits=limits)
    assert isinstance(result, NoAnswer)
    assert result.sent
    assert reason in result.reason
    assert TOKEN not in result.reason
    assert time.monotonic() - began < 5


def test_write_that_does_not_advance_is_lost() -> None:
    """F067: a peer that stops reading is given up on; part of the request has left."""
    with peer(deaf) as server:
        result = ask_peer(server, LARGE, HASTY)
    assert isinstance(result, NoAnswer)
    assert result.sent
    assert "WriteTimeout" in result.reason


def test_write_that_advances_is_not_given_up_on() -> None:
    """The write timeout is for silence: a request that moves on may take as long as the total deadline."""
    with peer(slow_reader) as server:
        began = time.monotonic()
        result = ask_peer(server, LARGE, PATIENT)
    assert time.monotonic() - began > PATIENT.silence_seconds_max
    assert isinstance(result, HttpResponse)
