"""Runs the sandbox API in a thread, on a port of this machine."""

import socket
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import uvicorn

from connector.errors import ConnectorError
from connector.sandbox.api.app import make_app
from connector.sandbox.api.behaviour import Behaviour
from connector.sandbox.api.faults import Fault, FaultKind, Faults
from connector.sandbox.api.ledger import Ledger
from connector.sandbox.api.service import IngestApi
from connector.sandbox.api.wire import Protocol

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
        self._socket = socket.create_server((host, port))
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

    @property
    def ledger(self) -> Ledger:
        """What was received until now, queued writes that are due included."""
        return self.api.ledger(time.time())

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
