"""A real Apicurio registry; its native API and Confluent's are one server."""

from collections.abc import Sequence
from pathlib import Path

import httpx

from tests.stack.jars import Jars, java
from tests.stack.processes import Process, free_port
from tests.waiting import wait_for

READY_SECONDS = 90


class Registry:
    """One registry; its address and its schemas survive `stop`, `kill` and `start`."""

    def __init__(self, jars: Jars, folder: Path, *, flags: Sequence[str] = ()) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        # Without an address of its own the database is in memory, and a new start would begin with
        # other ids. Without a delay: what was answered is on the disk, whatever ends the process.
        database = f"jdbc:h2:file:{folder}/registry;WRITE_DELAY=0"
        self.process = Process(
            "the registry",
            [*java("384m", flags), "-jar", jars.registry],
            folder / "registry.log",
            environment={
                "QUARKUS_HTTP_HOST": "127.0.0.1",
                "QUARKUS_HTTP_PORT": str(port),
                "REGISTRY_DATASOURCE_URL": database,
                "QUARKUS_DATASOURCE_JDBC_INITIAL_SIZE": "2",
                "QUARKUS_DATASOURCE_JDBC_MIN_SIZE": "2",
            },
        )

    @property
    def native(self) -> str:
        """The base of Apicurio's own API."""
        return f"{self.url}/apis/registry/v2"

    @property
    def confluent(self) -> str:
        """The base of the API that Confluent's clients speak."""
        return f"{self.url}/apis/ccompat/v7"

    def start(self) -> None:
        """Start the registry without waiting for it."""
        self.process.start()

    def await_ready(self) -> None:
        """Wait until the registry answers."""
        wait_for(self._answers, READY_SECONDS, "the registry", self.process)

    def stop(self) -> None:
        """Stop the registry in good order."""
        self.process.stop()

    def kill(self) -> None:
        """Stop the registry without warning."""
        self.process.kill()

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.native}/system/info", timeout=5).is_success
        except httpx.TransportError:
            return False
