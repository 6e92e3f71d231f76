"""Runs the sandbox registry in a thread, on a port of this machine."""

import base64
import time
from types import TracebackType
from typing import Any, Self

from connector.sandbox.api.faults import Fault, FaultKind, Faults
from connector.sandbox.registry.registry_app import Desk, RegistryRequest, make_app
from connector.sandbox.registry.store import RegistryStore
from connector.sandbox.serving import Serving, listen

_NAME = "sandbox registry"


class SandboxRegistry:
    """The registry as a context manager; everything can be used from any thread meanwhile.

    `store` is what it serves: give it to the converters. Faults are armed for the endpoints of
    `answers.CONFLUENT` and `answers.APICURIO` by their names.
    """

    def __init__(
        self, store: RegistryStore | None = None, *, host: str = "127.0.0.1", port: int = 0, seed: int = 0
    ) -> None:
        """Listen at once: port 0 takes a free one, OSError says that it cannot be had."""
        self.store = store or RegistryStore()
        self._faults = Faults(seed)
        self._desk = Desk(self.store, self._faults)
        listener = listen(host, port)
        self._address: tuple[str, int] = listener.getsockname()[:2]
        self._serving = Serving(make_app(self._desk), listener, _NAME)
        self._serves = self._served = False

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    @property
    def url(self) -> str:
        """The value for `schema_registry.url` with `type: confluent`."""
        return self._serving.origin

    @property
    def apicurio_url(self) -> str:
        """The same with `type: apicurio`."""
        return f"{self.url}/apis/registry/v2"

    def down(self) -> None:
        """Close every connection and the port: who asks is refused."""
        if self._serves:
            self._serving.stop()
            self._serves = False

    def up(self) -> None:
        """Serve, again on the same port."""
        if self._serves:
            return
        if self._served:
            self._serving = Serving(make_app(self._desk), listen(*self._address), _NAME)
        self._serving.start()
        self._serves = self._served = True

    def inject(self, kind: FaultKind, **details: Any) -> None:
        """Arm one fault from now on: `details` are the other fields of `Fault`.

        A status of 404 is a schema that is not there yet; `for_seconds` or `times` end it.
        """
        self._faults.arm(Fault(kind, **details), time.time())

    def heal(self) -> None:
        """Clear all faults."""
        self._faults.clear()

    def demand(self, *authorizations: str) -> None:
        """Answer 401 to requests without one of these `Authorization` headers; an empty list lets all in."""
        self._desk.authorizations = frozenset(authorizations)

    def requests(self) -> list[RegistryRequest]:
        """Give the latest requests, oldest first."""
        return self._desk.requests()


def basic(username: str, password: str) -> str:
    """Give the `Authorization` header of a user."""
    return f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}"
