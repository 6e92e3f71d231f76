"""A real Kafka Connect worker that runs Debezium."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.stack import debezium
from tests.stack.debezium import Database, Options
from tests.stack.jars import Jars
from tests.stack.kafka_broker import KafkaBroker
from tests.stack.processes import Process, free_port
from tests.waiting import wait_for

READY_SECONDS = 90

PROPERTIES = """\
bootstrap.servers={bootstrap_servers}
key.converter=org.apache.kafka.connect.json.JsonConverter
value.converter=org.apache.kafka.connect.json.JsonConverter
key.converter.schemas.enable=false
value.converter.schemas.enable=false
offset.storage.file.filename={folder}/connect.offsets
offset.flush.interval.ms=1000
plugin.path={plugins}
plugin.discovery=only_scan
listeners=http://127.0.0.1:{port}
"""


class ConnectWorker:
    """One standalone worker; connectors are put into it and awaited."""

    def __init__(
        self, jars: Jars, folder: Path, kafka: KafkaBroker, *, heap: str = "768m", flags: Sequence[str] = ()
    ) -> None:
        port = free_port()
        self._bootstrap_servers = kafka.bootstrap_servers
        properties = folder / "worker.properties"
        properties.write_text(
            PROPERTIES.format(
                bootstrap_servers=kafka.bootstrap_servers, folder=folder, plugins=jars.plugins, port=port
            )
        )
        main = "org.apache.kafka.connect.cli.ConnectStandalone"
        self.process = Process(
            "Kafka Connect", jars.java(main, properties, heap=heap, flags=flags), folder / "connect.log"
        )
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)

    def start(self) -> None:
        """Start the worker without waiting for it; it waits itself until Kafka answers."""
        self.process.start()

    def await_ready(self) -> None:
        """Wait until the worker takes connectors."""
        wait_for(lambda: self._get("/connectors") is not None, READY_SECONDS, "Connect", self.process)

    def stop(self) -> None:
        """Stop the worker; what it was about to send is lost."""
        self._http.close()
        self.process.kill()

    def put(self, name: str, config: Mapping[str, str]) -> None:
        """Create or change a connector and wait until it and its task are running."""
        self._http.put(f"/connectors/{name}/config", json=config).raise_for_status()
        wait_for(lambda: self._runs(name), READY_SECONDS, f"the connector {name}", self.process)

    def delete(self, name: str) -> None:
        """Stop a connector and forget it."""
        self._http.delete(f"/connectors/{name}").raise_for_status()

    def await_failure(self, name: str) -> None:
        """Wait until the task of a connector has given up, as over a schema that it cannot register."""
        wait_for(lambda: "FAILED" in self._states(name), READY_SECONDS, f"{name} to fail", self.process)

    def restart(self, name: str) -> None:
        """Stop a connector and its task, start them again, and wait until they are running.

        A PostgreSQL source loses what changed meanwhile unless it has `slot.drop.on.stop: false`.
        """
        self._http.post(f"/connectors/{name}/restart", params={"includeTasks": "true"}).raise_for_status()
        wait_for(lambda: self._states(name) == ["RUNNING"], READY_SECONDS, name, self.process)

    def put_debezium(self, name: str, database: Database, tables: str, *parts: Options) -> None:
        """Stream `tables` (a comma-separated list of `schema.table`) to topics called `name.schema.table`.

        `parts` are what `debezium.py` makes, and single options; later ones win.
        """
        config = dict(debezium.source(name, database, tables, self._bootstrap_servers))
        for part in parts:
            config |= part
        self.put(name, config)

    def _states(self, name: str) -> list[str]:
        status = self._get(f"/connectors/{name}/status")
        return [task["state"] for task in status["tasks"]] if status else []

    def _runs(self, name: str) -> bool:
        status = self._get(f"/connectors/{name}/status")
        if status is None:
            return False
        parts = [status["connector"], *status["tasks"]]
        for part in parts:
            if part["state"] == "FAILED":
                raise RuntimeError(f"the connector {name} failed: {part.get('trace', '')[:2000]}")
        return len(parts) > 1 and all(part["state"] == "RUNNING" for part in parts)

    def _get(self, path: str) -> Any:
        """Return the answer as JSON, None while the worker cannot say yet."""
        try:
            answer = self._http.get(path)
        except httpx.TransportError:
            return None
        if answer.status_code in {404, 409, 503}:  # not yet: unknown, rebalancing, starting
            return None
        answer.raise_for_status()
        return answer.json()
