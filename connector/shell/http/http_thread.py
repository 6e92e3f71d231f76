"""The HTTP thread: one asyncio loop that carries out requests and returns their results.

The engine's thread hands requests over through a deque and wakes the loop once per burst. Results come back
through a queue. Each slot is one task with its own connection, so a request needs no search and no lock.

CPU a request in µs, by `time.thread_time`, for requests of 30 KB to `python -m tests.bench.sink`:

| | 8 in flight | 32 in flight |
| --- | --- | --- |
| `httpx.AsyncClient.post` | 1,180 | 3,400 |
| one `httpx.AsyncHTTPTransport` | 1,000 | 3,300 |
| one such transport a slot | 760 | 710 |
| one `Connection` a slot | 64 | 63 |
| this thread, with its queues | 77 | 80 |

Beside a busy engine thread the last one costs 210: caches are cold and the interpreter's lock changes hands.
"""

import asyncio
import queue
import ssl
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias, cast

import httpx

from connector.errors import FatalError
from connector.instasent.requests import HttpRequest
from connector.shell.http.connection import Connection


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer. Names in `headers` are in lower case; the last value of a repeated header counts."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """No answer arrived. `sent` is true where the request may have left (F064, F065)."""

    reason: str
    sent: bool


class NotSent(NamedTuple):
    """The thread refused the request, because its `not_after_ms` had passed (F007)."""


Result: TypeAlias = HttpResponse | NoAnswer | NotSent


class _Job(NamedTuple):
    send_id: int
    request: HttpRequest
    not_after_ms: int


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """How many requests are in flight, and how long one may take.

    `request_seconds_max` counts from connecting to the last byte; only this limit ends a slow drip (F068).
    `silence_seconds_max` limits each pause in writing or reading. Every slot owns a connection, so no request
    waits for one, and `not_after_ms` limits the wait for a slot.
    """

    in_flight_max: int = 8
    request_seconds_max: float = 20.0
    connect_seconds_max: float = 5.0
    silence_seconds_max: float = 15.0


def tls_context(ca_file: str | None = None) -> ssl.SSLContext:
    """Verify the server by httpx's certificates or by `ca_file`, with TLS 1.2 at least (S11)."""
    if ca_file is None:
        context = httpx.create_ssl_context(trust_env=False)
    else:
        context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class HttpThread:
    """Sends requests to one host, and runs other coroutines, such as the admin server's, on its loop.

    `base_url` gives scheme, host and port. `now_ms` is the clock of `not_after_ms`. Each submitted request
    puts exactly one `(send_id, Result)` into `results`, unless `stop` comes first.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        now_ms: Callable[[], int],
        limits: HttpLimits | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.results: queue.SimpleQueue[tuple[int, Result]] = queue.SimpleQueue()
        self._limits = limits or HttpLimits()
        self._tls = tls or tls_context()
        self._now_ms = now_ms
        origin = httpx.URL(base_url)
        self._host = origin.netloc
        self._url = lru_cache(maxsize=64)(
            lambda target: origin.copy_with(raw_path=target.encode("ascii"))  # 40 µs, and few targets
        )
        self._timeouts = {
            "connect": min(self._limits.connect_seconds_max, self._limits.request_seconds_max),
            "read": self._limits.silence_seconds_max,
            "write": self._limits.silence_seconds_max,
            "total": self._limits.request_seconds_max,
        }
        self._jobs: deque[_Job] = deque()
        self._idle: list[asyncio.Future[_Job]] = []
        self._woken = False
        self._failure: BaseException | None = None
        self._started = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)
        self.set_token(token)

    # ------------------------------------------------------------------- called from other threads

    def start(self) -> None:
        """Start the thread, and return when its slots are ready."""
        self._thread.start()
        self._started.wait()

    def submit(self, send_id: int, request: HttpRequest, not_after_ms: int) -> None:
        """Send a request when a slot is free, unless `not_after_ms` has passed by that time."""
        self._jobs.append(_Job(send_id, request, not_after_ms))
        if not self._woken:
            self._woken = True
            self._loop.call_soon_threadsafe(self._dispatch)

    def set_token(self, token: str) -> None:
        """Use another token from the next request on. Raises ValueError if no header can carry it."""
        if not token.isascii() or not token.isprintable() or not token or " " in token:
            raise ValueError("the token is empty or holds a character that an HTTP header cannot carry")
        self._headers = [
            (b"Host", self._host),
            (b"Authorization", b"Bearer " + token.encode("ascii")),
            (b"Accept", b"application/json"),
            (b"Accept-Encoding", b"identity"),
            (b"User-Agent", b"instasent-connector"),
        ]

    def run_on_loop(self, work: Coroutine[Any, Any, Any]) -> Future[Any]:
        """Run a coroutine on this thread's loop, such as the admin server's."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    @property
    def running(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def check(self) -> None:
        """Raise FatalError if the thread has died, because no request would be sent again (F093)."""
        if self._failure is not None:
            raise FatalError(
                "http_thread_died", f"the HTTP thread ended: {self._failure!r}"
            ) from self._failure

    def stop(self, seconds: float) -> bool:
        """Abandon open requests, close the connections and end the thread; False where it still hangs."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(seconds)
        return not self._thread.is_alive()

    # --------------------------------------------------------------------------- on the loop's thread

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        for _ in range(self._limits.in_flight_max):
            self._loop.create_task(self._slot()).add_done_callback(self._slot_ended)
        self._loop.call_soon(self._started.set)
        try:
            self._loop.run_forever()
            tasks = asyncio.all_tasks(self._loop)
            for task in tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        finally:
            self._loop.close()

    def _slot_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            self._failure = task.exception()
            self._loop.stop()

    def _dispatch(self) -> None:
        self._woken = False  # first: a request that is submitted after this wakes the loop again
        while self._jobs and self._idle:
            self._idle.pop().set_result(self._jobs.popleft())  # the last used connection is the warmest

    async def _slot(self) -> None:
        connection = Connection(self._tls)
        try:
            while True:
                if not self._jobs:
                    waiter: asyncio.Future[_Job] = self._loop.create_future()
                    self._idle.append(waiter)
                    job = await waiter
                else:
                    job = self._jobs.popleft()
                self.results.put((job.send_id, await self._carry_out(connection, job)))
        finally:
            await connection.aclose()

    async def _carry_out(self, connection: Connection, job: _Job) -> Result:
        sent = False
        try:
            request = self._request(job.request)
            await connection.connect(request.url, self._timeouts["connect"])
            if self._now_ms() > job.not_after_ms:
                return NotSent()
            sent = True
            response = await connection.handle_async_request(request)
            stream = cast("httpx.AsyncByteStream", response.stream)
            body = b"".join([part async for part in stream])  # as received, never decompressed
        except httpx.TransportError as error:
            return NoAnswer(f"{type(error).__name__}: {error}", sent)
        headers = {
            name.decode("ascii", "replace"): value.decode("latin-1") for name, value in response.headers.raw
        }
        return HttpResponse(response.status_code, headers, body)

    def _request(self, request: HttpRequest) -> httpx.Request:
        headers = self._headers
        if request.body is not None:
            length = str(len(request.body)).encode("ascii")
            headers = [*headers, (b"Content-Type", b"application/json"), (b"Content-Length", length)]
        return httpx.Request(
            request.method,
            self._url(request.target),
            headers=headers,
            stream=httpx.ByteStream(request.body or b""),
            extensions={"timeout": self._timeouts, "began": self._loop.time()},
        )
