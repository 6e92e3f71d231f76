"""Runs the sandbox API in a thread, on a port of this machine."""

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import uvicorn

from connector.errors import ConnectorError
from connector.sandbox.api.app import make_app
from connector.sandbox.api.behaviour import Behaviour
from connector.sandbox.api.faults import Fault, FaultKind, Faults
from connector.sandbox.api.ledger import Ledger, RequestLine
from connector.sandbox.api.service import IngestApi
from connector.sandbox.api.wire import Protocol

_START_SECONDS = 10.0

T = TypeVar("T")


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


def _listen(host: str, port: int) -> socket.socket:
    """Listen on an IPv4 address.

    The protocol is named because asyncio sends small writes at once (TCP_NODELAY) only where it is;
    otherwise every answer waits 40 ms for the client's delayed acknowledgement.
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


class SandboxApi:
    """The sandbox API as a context manager; `api` and `faults` can be used from any thread meanwhile."""

    def __init__(
        self,
        behaviour: Behaviour | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int = 0,
        certificate: Path | None = None,
        private_key: Path | None = None,
    ) -> None:
        """Listen at once: port 0 takes a free one, OSError says that it cannot be had.

        `seed` repeats the draws of faults with a probability. With a certificate it speaks TLS only.
        """
        self.api = IngestApi(behaviour or Behaviour())
        self.faults = Faults(seed)
        self._scheme = "https" if certificate else "http"
        self._socket = _listen(host, port)
        self._server = _Server(
            uvicorn.Config(
                make_app(self.api, self.faults),
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
            target=self._server.run, args=([self._socket],), name="sandbox-api", daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._server.serving.wait(_START_SECONDS):
            raise ConnectorError(f"the sandbox API did not start within {_START_SECONDS:.0f} s")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    @property
    def origin(self) -> str:
        """Scheme, host and port; the controls are below `/sandbox`."""
        host, port = self._socket.getsockname()[:2]
        return f"{self._scheme}://{host}:{port}"

    @property
    def base_url(self) -> str:
        """The value for `instasent.base_url`."""
        return f"{self.origin}/v1"

    def read(self, question: Callable[[Ledger], T]) -> T:
        """Ask the ledger something; the answer must not hold on to parts of it."""
        return self.api.read(question, time.time())

    def report(self) -> dict[str, Any]:
        """Sum up what was received until now (see `Ledger.report`)."""
        return self.read(Ledger.report)

    def contacts(self) -> dict[str, dict[str, Any]]:
        """Give the attributes of every contact that the data source holds, by user id."""
        return self.read(Ledger.present)

    def events(self) -> dict[str, dict[str, Any]]:
        """Give every event, by event id."""
        return self.read(lambda ledger: dict(ledger.events))

    def requests(self) -> list[RequestLine]:
        """Give the latest answered requests, oldest first."""
        return self.read(lambda ledger: list(ledger.requests))

    def new_run(self) -> None:
        """Announce that a client begins again (see the ledger's definition of a run)."""
        self.api.new_run()

    @property
    def behaviour(self) -> Behaviour:
        """The switches as they stand."""
        return self.api.behaviour

    def change(self, **switches: Any) -> None:
        """Change some switches: the fields of `Behaviour`."""
        self.api.change(**switches)

    def inject(self, kind: FaultKind, **details: Any) -> None:
        """Arm one fault from now on: `details` are the other fields of `Fault`."""
        self.faults.arm(Fault(kind, **details), time.time())

    def heal(self) -> None:
        """Clear all faults."""
        self.faults.clear()
