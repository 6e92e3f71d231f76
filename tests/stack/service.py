"""The connector as an operator runs it: a child process, a YAML file, and its admin server."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from textwrap import indent
from typing import Any

import httpx
from ruamel.yaml import YAML

from connector.sandbox.api.api_server import SandboxApi
from tests.stack.kafka_broker import KafkaBroker
from tests.stack.processes import Process, free_port
from tests.waiting import wait_for

READY_SECONDS = 120
REASON_SECONDS = 120
"""Long enough for a client to be sure that it has forgotten its brokers, and for the next process."""

FORGOTTEN = "the client has forgotten its brokers"

CONFIG = """\
kafka:
  bootstrap.servers: {bootstrap_servers}
  group.id: {name}
  # The shortest that the test broker allows: a killed member must not be waited for.
  session.timeout.ms: 1000
  heartbeat.interval.ms: 300
instasent:
  base_url: {base_url}
  project: {project}
  datasource: {datasource}
  token_file: token
dead_letters:
  topic: {name}.dead-letters
admin:
  listen: 127.0.0.1:{port}
schema_registry: {registry}
topics:
{topics}
"""


def amend(config: Path, **sections: Mapping[str, Any]) -> None:
    """Change keys in sections of a service's file; None takes one away."""
    yaml = YAML()
    content = yaml.load(config.read_text())
    for section, keys in sections.items():
        content.setdefault(section, {})
        for key, value in keys.items():
            content[section].pop(key, None)
            if value is not None:
                content[section][key] = value
    with config.open("w") as file:
        yaml.dump(content, file)


class Supervised(Process):
    """Started again, as an operator's supervisor does, after the one end that a broker's stop may bring.

    Brokers may leave themselves out of their last answer (librdkafka issue 5301), one time in some hundreds.
    """

    def __init__(
        self, name: str, command: Sequence[str | Path], log: Path, again: Callable[[], None]
    ) -> None:
        super().__init__(name, command, log)
        self._again = again

    def check_alive(self) -> None:
        """Raise with the end of the log when the child has ended for another reason."""
        if self.child.poll() == 1 and FORGOTTEN in self.log_tail().rstrip().rpartition("\n")[2]:
            self._again()
        super().check_alive()


class Service:
    """`instasent-connector run`, which can be stopped, killed and started again with the same group."""

    def __init__(
        self,
        name: str,
        folder: Path,
        kafka: KafkaBroker,
        sandbox: SandboxApi,
        *topics: str,
        registry: Mapping[str, str] | None = None,
    ) -> None:
        """Write the configuration.

        `topics` are the texts of topic files, `name` is the group, and `registry` the section
        `schema_registry`.
        """
        port = free_port()
        self.config = folder / f"{name}.yaml"
        self.config.write_text(
            CONFIG.format(
                name=name,
                bootstrap_servers=kafka.bootstrap_servers,
                base_url=sandbox.base_url,
                project=sandbox.behaviour.project,
                datasource=sandbox.behaviour.datasource,
                port=port,
                registry=json.dumps(registry),
                topics="\n".join("  -\n" + indent(topic, "    ") for topic in topics),
            )
        )
        self._sandbox = sandbox
        self._token = folder / "token"
        self._starts = 0
        command: list[str | Path] = [sys.executable, "-m", "connector", "run", "-c", self.config]
        self.process: Process = Supervised("the connector", command, folder / f"{name}.log", self.start)
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=5)

    def start(self) -> None:
        """Start the service without waiting for it.

        Each start has its own token: by that the sandbox's ledger distinguishes the runs.
        """
        self._starts += 1
        token = f"token-{self._starts}"
        self._sandbox.change(tokens=self._sandbox.behaviour.tokens | {token})
        self._token.write_text(token)
        self.process.start()

    def await_ready(self) -> None:
        """Wait until the service reports that it is ready."""
        wait_for(lambda: self._ok("/readyz"), READY_SECONDS, "a ready connector", self.process)

    def await_not_ready(self, text: str) -> None:
        """Wait until `/readyz` says no, and this."""

        def said() -> bool:
            if not self._ok("/healthz"):
                return False
            answer = self._http.get("/readyz")
            return not answer.is_success and text in answer.text

        wait_for(said, REASON_SECONDS, f"`{text}` in /readyz", self.process)

    def status(self) -> dict[str, Any]:
        """Return `/api/status`."""
        status: dict[str, Any] = self._http.get("/api/status").raise_for_status().json()
        return status

    def stop(self) -> int:
        """Send SIGTERM and return the exit code."""
        return self.process.stop()

    def kill(self) -> None:
        """Send SIGKILL."""
        self.process.kill()

    def close(self) -> None:
        """End everything."""
        self.process.kill()
        self._http.close()

    def _ok(self, path: str) -> bool:
        try:
            return self._http.get(path).is_success
        except httpx.TransportError:
            return False
