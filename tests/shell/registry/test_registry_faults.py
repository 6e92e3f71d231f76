"""Registries that are down, slow, broken, or none at all: the schema is unavailable, with a reason."""

import gzip
import socket
import time

import pytest

from connector.model import RefKind, SchemaAnswer, SchemaRef, SchemaVerdict
from connector.shell.registry.exchange import RegistryLimits
from tests.shell.http.http_peer import Script, Visit, answering, closing, peer, repeating
from tests.shell.registry.registry_peer import (
    DOWN,
    HASTY,
    NO_SUCH_PATH,
    NO_SUCH_SCHEMA,
    SCHEMA,
    UNAUTHORIZED,
    answer_to,
    base,
    page,
    registry,
    serving,
)

CANARY = "canary-7f3a"
HTML = page(b"<html>" + CANARY.encode() + b"</html>", "200 OK", "Content-Type: text/html")
HTML_404 = page(b"<html>" + CANARY.encode(), "404 Not Found", "Content-Type: text/html")
BEGUN = b"HTTP/1.1 200 OK\r\n"
CHUNKED = BEGUN + b"Transfer-Encoding: chunked\r\n\r\n"


def drip(visit: Visit) -> None:
    """Send one byte of a body at a time, faster than any read timeout."""
    visit.read_request()
    visit.sock.sendall(BEGUN + b"Content-Length: 100000\r\n\r\n")
    while True:
        visit.sock.sendall(b" ")
        time.sleep(0.02)


def silent(visit: Visit) -> None:
    """Accept and never answer."""
    visit.until_closed()


def reset(visit: Visit) -> None:
    """Take the question and reset."""
    visit.read_request()
    visit.reset()


def refused(script: Script, limits: RegistryLimits | None = None) -> SchemaAnswer:
    """Ask a registry with this behaviour."""
    with peer(script) as server, registry(base(server), limits) as client:
        answer = answer_to(client)
        assert answer.reason.startswith(f"127.0.0.1:{server.port}: ")
    return answer


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        pytest.param(answering(DOWN), "answered 503, a fault of the server", id="503"),
        pytest.param(answering(UNAUTHORIZED), "answered 401; check `username`", id="401"),
        pytest.param(answering(page({}, "403 No")), "answered 403; the credentials", id="403"),
        pytest.param(answering(page({}, "429 No")), "too many requests", id="429"),
        pytest.param(answering(page({}, "204 No")), "says nothing about the schema", id="204"),
        pytest.param(answering(HTML), "a web page instead of a schema", id="F049-html"),
        pytest.param(answering(page([1])), "something else instead of a schema", id="json"),
        pytest.param(answering(HTML_404), "404, and not as this registry does", id="404-html"),
        pytest.param(answering(NO_SUCH_PATH), "404, and not as this registry does", id="404-path"),
        pytest.param(reset, "the connection broke", id="F065-reset"),
        pytest.param(closing(b""), "not whole HTTP", id="F065-closed"),
        pytest.param(closing(SCHEMA["/schemas/ids/1"][:-5]), "not whole HTTP", id="F066-length"),
        pytest.param(closing(CHUNKED + b"5\r\n{}"), "not whole HTTP", id="F066-chunk"),
        pytest.param(closing(b"SSH-2.0-" + CANARY.encode() + b"\r\n\r\n"), "not whole HTTP", id="not-http"),
        pytest.param(repeating(CHUNKED, b"8000\r\n" + b" " * 32768 + b"\r\n"), "larger than", id="S14-body"),
        pytest.param(repeating(BEGUN, b"X-A: b\r\n"), "not whole HTTP", id="S14-headers"),
    ],
)
def test_an_answer_that_says_nothing_about_the_schema(script: Script, reason: str) -> None:
    """F040 S14: the schema is unavailable; the reason names the host and quotes nothing of the answer."""
    answer = refused(script)
    assert answer.verdict is SchemaVerdict.UNAVAILABLE
    assert reason in answer.reason
    assert CANARY not in answer.reason


@pytest.mark.parametrize("script", [drip, silent])
def test_deadline_is_for_the_whole_answer(script: Script) -> None:
    """F067 F068: silence and a slow drip end, however often a byte comes."""
    answer = refused(script, HASTY)
    assert answer.verdict is SchemaVerdict.UNAVAILABLE
    assert "no whole answer within 1.2 s" in answer.reason


def test_deadline_is_for_all_references_together() -> None:
    """S14: a registry that answers each question in time cannot keep on asking for the next."""

    def endless(visit: Visit) -> None:
        turn = 0
        while visit.read_request():
            turn += 1
            references = [{"name": "n", "subject": f"s{turn}", "version": 1}]
            time.sleep(0.2)  # so that the time runs out before the steps that a schema may have
            visit.sock.sendall(page({"schema": f'"{turn}"', "references": references}))

    answer = refused(endless, RegistryLimits(schema_seconds_max=1))
    assert answer.verdict is SchemaVerdict.UNAVAILABLE
    assert "within 1 s" in answer.reason


def test_nobody_listens() -> None:
    """F040 F064: a registry that is down is unavailable."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with registry(f"http://127.0.0.1:{port}") as client:
        answer = answer_to(client)
    assert answer.verdict is SchemaVerdict.UNAVAILABLE
    assert f"127.0.0.1:{port}: cannot be reached" in answer.reason


def test_unknown_host() -> None:
    """F069: a name that does not resolve is a registry that cannot be reached."""
    with registry("http://no-such-host.invalid") as client:
        answer = answer_to(client)
    assert answer.verdict is SchemaVerdict.UNAVAILABLE
    assert "no-such-host.invalid: cannot be reached" in answer.reason


def test_redirect_is_not_followed() -> None:
    """F060 S02: neither credentials nor questions go where an answer points to."""
    with peer(serving(SCHEMA)) as elsewhere:
        redirect = page(b"", "302 Found", f"Location: {base(elsewhere)}/schemas/ids/1")
        with peer(answering(redirect)) as server, registry(base(server), token=CANARY) as client:
            answer = answer_to(client)
    assert answer.verdict is SchemaVerdict.UNAVAILABLE
    assert "answered 302, a redirect, which is not followed" in answer.reason
    assert elsewhere.connections == 0


def test_proxy_variables_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """S02: the environment cannot send the questions through a proxy."""
    with peer(serving(SCHEMA)) as proxy, peer(serving(SCHEMA)) as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, base(proxy))
        with registry(base(server)) as client:
            assert answer_to(client).verdict is SchemaVerdict.KNOWN
    assert proxy.connections == 0


def test_compressed_bomb_stays_compressed() -> None:
    """F071 S14: what a server compresses unasked is not unpacked."""
    bomb = page(gzip.compress(b" " * 50_000_000), "200 OK", "Content-Encoding: gzip")
    answer = refused(answering(bomb))
    assert answer.verdict is SchemaVerdict.UNAVAILABLE
    assert "compresses its answer" in answer.reason


def test_an_id_that_does_not_exist() -> None:
    """F040: only a registry's own word makes a schema unknown."""
    answer = refused(serving({"/schemas/ids/1": NO_SUCH_SCHEMA}))
    assert answer.verdict is SchemaVerdict.UNKNOWN
    assert "there is no such schema" in answer.reason


def test_a_registry_that_does_not_know_the_question() -> None:
    """Where the registry itself answers, but has no such path, as ccompat for guids, it is unknown."""
    guid = SchemaRef(RefKind.GUID, "89791762-2336-186f-9674-988c0d2a6a5e")
    with peer(serving(SCHEMA)) as server, registry(base(server)) as client:
        answer = answer_to(client, guid)
    assert answer.verdict is SchemaVerdict.UNKNOWN
    assert "does not look schemas up in this way" in answer.reason


def test_the_next_question_is_a_new_one() -> None:
    """F040: nothing of a failure is remembered; once the registry is well, it answers."""
    with peer(serving(SCHEMA)) as server:
        port = server.port
        with registry(base(server)) as client:
            assert answer_to(client).verdict is SchemaVerdict.KNOWN
    with registry(f"http://127.0.0.1:{port}") as client:
        assert answer_to(client).verdict is SchemaVerdict.UNAVAILABLE
