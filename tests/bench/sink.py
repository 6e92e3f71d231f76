"""The sink: an Ingest API that accepts everything, in a process of its own, as cheaply as Python allows.

It accepts every item, in shape A (ingest-api.md 3.1), immediately or after a delay. It also checks the
contender's promises. The versions of one contact never fall (`order_violations`), and no two requests carry
one contact at a time (`overlaps`).
`GET /stats` returns counts and the sink's own cost; `POST /reset` starts over.
"""

import argparse
import asyncio
import resource
import time
from collections import Counter
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httptools
import orjson

BUDGET = 1_000_000  # requests a window: pacing has nothing to do
WINDOW_SECONDS = 60
STREAM = orjson.dumps({"organization": {}, "project": {}, "datasource": {}, "stream": {}})


class Book:
    """The requests since the last reset. Times are in seconds of the machine's monotonic clock."""

    def __init__(self, delay_seconds: float) -> None:
        self.delay_seconds = delay_seconds
        self.requests = 0
        self.items = 0
        self.order_violations = 0
        self.overlaps = 0
        self.first_at: float | None = None
        self.last_at: float | None = None
        self.cpu_at_reset = time.process_time()
        self.versions: dict[str, int] = {}
        self.travelling: Counter[str] = Counter()

    def arrive(self, items: list[dict[str, Any]], at: float) -> None:
        """Note one request whose last byte came `at` this time."""
        self.requests += 1
        self.items += len(items)
        if self.first_at is None:
            self.first_at = at
        self.last_at = at
        versions = self.versions
        for item in items:
            version = item["version"]
            user_id = item["_user_id"]
            if version < versions.get(user_id, -1):
                self.order_violations += 1
            versions[user_id] = version

    def begin(self, user_ids: set[str]) -> None:
        """A request is waiting for its delayed answer."""
        self.overlaps += sum(user_id in self.travelling for user_id in user_ids)
        self.travelling.update(user_ids)

    def end(self, user_ids: set[str]) -> None:
        """A delayed answer goes out."""
        for user_id in user_ids:
            self.travelling[user_id] -= 1
            if not self.travelling[user_id]:
                del self.travelling[user_id]

    def stats(self) -> dict[str, Any]:
        """Return the counts, and the sink's own CPU time since the reset, in seconds."""
        return {
            "requests": self.requests,
            "items": self.items,
            "order_violations": self.order_violations,
            "overlaps": self.overlaps,
            "first_at": self.first_at,
            "last_at": self.last_at,
            "cpu_seconds": time.process_time() - self.cpu_at_reset,
            "resident_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }


class Connection(asyncio.Protocol):
    """One client's connection; requests are answered in their order."""

    book = Book(0)

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport to answer on."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Parse what came."""
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._body: list[bytes] = []

    def on_url(self, url: bytes) -> None:
        """Keep the target."""
        self._target = url

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Answer the request."""
        if b"/stream/contacts" in self._target:
            self._take(orjson.loads(b"".join(self._body)))
        else:
            self._control(self._target.decode())

    def _take(self, items: list[dict[str, Any]]) -> None:
        book = self.book
        book.arrive(items, time.monotonic())
        answer = receipt(items)
        if not book.delay_seconds:
            self._answer(202, answer)
            return
        user_ids = {item["_user_id"] for item in items}
        book.begin(user_ids)
        self._loop.call_later(book.delay_seconds, self._answer_late, answer, user_ids)

    def _answer_late(self, answer: bytes, user_ids: set[str]) -> None:
        self.book.end(user_ids)
        self._answer(202, answer)

    def _control(self, target: str) -> None:
        parts = urlsplit(target)
        if parts.path == "/reset":
            Connection.book = Book(float(parse_qs(parts.query)["delay_ms"][0]) / 1000)
            self._answer(200, b"{}")
        elif parts.path == "/stats":
            self._answer(200, orjson.dumps(self.book.stats()))
        else:
            self._answer(200, STREAM)

    def _answer(self, status: int, body: bytes) -> None:
        head = (
            f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            f"X-RateLimit-Limit: {BUDGET}\r\nX-RateLimit-Remaining: {BUDGET - 1}\r\n"
            f"X-RateLimit-Reset: {int(time.time()) + WINDOW_SECONDS}\r\n\r\n"
        )
        self._transport.write(head.encode() + body)


def receipt(items: list[dict[str, Any]]) -> bytes:
    """Write the answer of shape A that accepts every item."""
    accepted = [{"position": position, "item": item} for position, item in enumerate(items)]
    return orjson.dumps(
        {
            "success": True,
            "status": 202,
            "entitiesSuccess": len(items),
            "entitiesFailures": 0,
            "entitiesLimit": 100,
            "accepted": accepted,
            "errors": [],
        }
    )


async def serve(port: int) -> None:
    """Serve until the process is ended."""
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--port", type=int, required=True)
    asyncio.run(serve(arguments.parse_args().port))
