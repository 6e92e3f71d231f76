"""A registry for tests: pages by their targets over real sockets, and a client that asks for them."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson

from connector.model import RefKind, SchemaAnswer, SchemaRef
from connector.settings.schema_registry import SchemaRegistry
from connector.shell.registry.client import RegistryClient
from connector.shell.registry.exchange import RegistryLimits
from tests.shell.http.http_client import http
from tests.shell.http.http_peer import Peer, Script, Visit

REF = SchemaRef(RefKind.ID, "1")
TEXT = '{"type":"string"}'
HASTY = RegistryLimits(request_seconds_max=1.2)

Pages = Mapping[str, bytes]


def page(body: Any, status: str = "200 OK", *headers: str) -> bytes:
    """Write an answer; a body that is not bytes becomes JSON."""
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    head = ["HTTP/1.1 " + status, f"Content-Length: {len(content)}", *headers]
    if not any(line.lower().startswith("content-type") for line in headers):
        head.append("Content-Type: application/vnd.schemaregistry.v1+json")
    return "\r\n".join(head).encode() + b"\r\n\r\n" + content


NO_SUCH_PATH = page({"error_code": 404, "message": "HTTP 404 Not Found"}, "404 Not Found")
NO_SUCH_SCHEMA = page({"error_code": 40403, "message": "Schema 1 not found"}, "404 Not Found")
DOWN = page({"error_code": 50002, "message": "canary"}, "503 Service Unavailable")
UNAUTHORIZED = page({"error_code": 40101, "message": "canary"}, "401 Unauthorized")
SCHEMA: Pages = {"/schemas/ids/1": page({"schema": TEXT}), "/schemas/types": page(["AVRO"])}


def serving(pages: Pages, otherwise: bytes = NO_SUCH_PATH) -> Script:
    """Answer each target by its page."""

    def script(visit: Visit) -> None:
        while request := visit.read_request():
            target = request.split(b" ", 2)[1].decode("ascii")
            visit.sock.sendall(pages.get(target, otherwise))

    return script


def guarded(header: bytes, pages: Pages) -> Script:
    """Serve pages to requests that carry this `Authorization` header, and 401 to others."""

    def script(visit: Visit) -> None:
        while request := visit.read_request():
            allowed = b"\r\nAuthorization: " + header + b"\r\n" in request
            target = request.split(b" ", 2)[1].decode("ascii")
            visit.sock.sendall(pages.get(target, NO_SUCH_PATH) if allowed else UNAUTHORIZED)

    return script


def once_open(gate: threading.Event, script: Script) -> Script:
    """Begin with a script when the gate is opened."""

    def wait(visit: Visit) -> None:
        assert gate.wait(10)
        script(visit)

    return wait


def base(server: Peer, path: str = "") -> str:
    """Return the address of a peer."""
    return f"http://127.0.0.1:{server.port}{path}"


@contextmanager
def registry(
    url: str | list[str], limits: RegistryLimits | None = None, /, **settings: Any
) -> Iterator[RegistryClient]:
    """Run a client of the registries at these addresses."""
    section = SchemaRegistry.model_validate({"url": url, **settings})
    with http("http://127.0.0.1:1") as thread:
        yield RegistryClient(section, thread.run_on_loop, limits)


def answer_to(client: RegistryClient, ref: SchemaRef = REF) -> SchemaAnswer:
    """Ask for one schema and await the answer."""
    client.fetch(ref)
    answered, answer = client.results.get(timeout=20)
    assert answered == ref
    return answer
