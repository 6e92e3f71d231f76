"""Serves the admin application on the asyncio loop of the HTTP thread."""

import asyncio
import contextlib
import socket
from asyncio import Task, Transport
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from connector.errors import FatalError

CONNECTIONS_MAX = 64
CONNECTION_SECONDS_MAX = 10.0
"""A connection serves one request and ends; a slow one ends too (F100, slowloris, huge requests)."""
STOP_SECONDS_MAX = 2


class _ShortLived(HttpToolsProtocol):
    """A connection that closes after `CONNECTION_SECONDS_MAX`, whatever its peer does."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override] # uvicorn's own narrowing
        super().connection_made(transport)
        self.loop.call_later(CONNECTION_SECONDS_MAX, transport.abort)


class _Server(uvicorn.Server):
    """Leaves the signals to the main thread."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield


class AdminServer:
    """Call `start` and `stop` on the loop of the server."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._task: Task[None] | None = None
        self._server = _Server(
            uvicorn.Config(
                app,
                http=_ShortLived,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                headers=[("Connection", "close")],
                limit_concurrency=CONNECTIONS_MAX,
                timeout_graceful_shutdown=STOP_SECONDS_MAX,
            )
        )

    @property
    def url(self) -> str:
        """The server's address, with the real port where the configuration has 0."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    async def start(self) -> None:
        """Bind and serve.

        Raises:
            FatalError: the address cannot be bound (F100).
        """
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            listener = socket.create_server((self._host, self._port), family=family)
        except OSError as error:
            raise FatalError(
                "admin-address",
                f"the admin server cannot listen on {self._host}:{self._port}: {error.strerror or error}; "
                "write another address under admin.listen",
            ) from error
        self._port = listener.getsockname()[1]
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]))

    async def stop(self) -> None:
        """Finish the open requests, for at most `STOP_SECONDS_MAX`."""
        if self._task is not None:
            self._server.should_exit = True
            await self._task
            self._task = None
