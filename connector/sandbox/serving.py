"""Serves a Starlette application from a thread, on a port of this machine."""

import socket
import threading
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from connector.errors import ConnectorError
from connector.sandbox.api.spoiled_answers import Protocol

_START_SECONDS = 10.0


class _Server(uvicorn.Server):
    """Says when it serves, and drops every connection at the end instead of waiting for it."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.serving = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.serving.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await super().shutdown(sockets)


def listen(host: str, port: int) -> socket.socket:
    """Listen on an IPv4 address; port 0 takes a free one.

    The protocol is named because asyncio sets TCP_NODELAY only for a named one. Without it every answer waits
    40 ms for the client's delayed acknowledgement.

    Raises:
        OSError: the address cannot be had.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    listener.listen()
    return listener


class Serving:
    """One application on one listening socket, from `start` to `stop`; both once only.

    `origin` is scheme, host and port.
    """

    def __init__(
        self,
        app: ASGIApp,
        listener: socket.socket,
        name: str,
        *,
        certificate: Path | None = None,
        private_key: Path | None = None,
    ) -> None:
        """`name` is the thread's. With a certificate it speaks TLS only."""
        host, port = listener.getsockname()[:2]
        self.origin = f"{'https' if certificate else 'http'}://{host}:{port}"
        self._name = name
        self._socket = listener
        self._server = _Server(
            uvicorn.Config(
                app,
                http=Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                timeout_keep_alive=120,
                timeout_graceful_shutdown=2,
                ssl_certfile=certificate,
                ssl_keyfile=private_key,
            )
        )
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name=name, daemon=True
        )

    def start(self) -> None:
        """Serve.

        Raises:
            ConnectorError: it does not serve within ten seconds.
        """
        self._thread.start()
        if not self._server.serving.wait(_START_SECONDS):
            raise ConnectorError(f"the {self._name} did not start within {_START_SECONDS:.0f} s")

    def stop(self) -> None:
        """Drop all connections and give the port back."""
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
