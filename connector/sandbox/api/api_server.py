"""Runs the sandbox API in a thread, on a port of this machine."""

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from connector.sandbox.api.api_app import make_app
from connector.sandbox.api.behaviour import Behaviour
from connector.sandbox.api.faults import Fault, FaultKind, Faults
from connector.sandbox.api.ingest_api import IngestApi
from connector.sandbox.api.received import Received, RequestLine
from connector.sandbox.serving import Serving, listen

T = TypeVar("T")


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
        self._serving = Serving(
            make_app(self.api, self.faults),
            listen(host, port),
            "sandbox API",
            certificate=certificate,
            private_key=private_key,
        )

    def __enter__(self) -> Self:
        self._serving.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._serving.stop()

    @property
    def origin(self) -> str:
        """Scheme, host and port; the controls are below `/sandbox`."""
        return self._serving.origin

    @property
    def base_url(self) -> str:
        """The value for `instasent.base_url`."""
        return f"{self.origin}/v1"

    def read(self, question: Callable[[Received], T]) -> T:
        """Ask the ledger something; the answer must not hold on to parts of it."""
        return self.api.read(question, time.time())

    def report(self) -> dict[str, Any]:
        """Sum up what was received until now (see `Received.report`)."""
        return self.read(Received.report)

    def contacts(self) -> dict[str, dict[str, Any]]:
        """Give the attributes of every contact that the data source holds, by user id."""
        return self.read(Received.present)

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
        """The current switches."""
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
