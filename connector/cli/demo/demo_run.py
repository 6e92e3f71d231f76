"""The demo's parts: broker, API, registry, producer, and the real service as a child process."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from confluent_kafka import Producer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from connector.errors import FatalError
from connector.sandbox.api.api_server import SandboxApi
from connector.sandbox.api.behaviour import Behaviour
from connector.sandbox.api.faults import FaultKind
from connector.sandbox.broker import EmbeddedBroker
from connector.sandbox.registry.registry_server import SandboxRegistry
from connector.sandbox.sample import DEAD_LETTERS_TOPIC, make_sample
from connector.sandbox.sample_config import add_formats, write_config

PARTITIONS = 4
PRODUCE_SECONDS = 14.0
"""The changes are spread over this time, so that they happen before, during and after the faults."""

FAULTS_AFTER_SECONDS = 2.0
FAULTS_SECONDS = 10.0
END_SECONDS_MAX = 90.0
"""Three times the usual time: a slow machine is no failure."""

CONTACT_WAIT_SECONDS = 15

FAULTS: tuple[tuple[FaultKind, float, dict[str, Any]], ...] = (
    # The kinds of faults and their probabilities; the first that is drawn happens.
    (FaultKind.LOST, 0.4, {}),
    (FaultKind.STATUS, 0.4, {"status": 503}),
    (FaultKind.RESET, 0.3, {}),
    (FaultKind.HTML, 0.3, {"status": 502}),
)


class DemoRun:
    """Starts all parts on entry and stops them on exit, also after an exception."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self.registry = SandboxRegistry()
        self.sample = make_sample(seed=seed, customers=600, changes=3000, store=self.registry.store)
        self.broker = EmbeddedBroker()
        self.api = SandboxApi(Behaviour(limit=600, window_seconds=60), seed=seed)
        self.admin_url = f"http://127.0.0.1:{_free_port()}"
        self.seconds = 0.0
        self.status: dict[str, Any] = {}
        self._log = (folder / "service.log").open("wb")

    def __enter__(self) -> Self:
        self.api.__enter__()
        self.registry.up()
        for topic in self.sample.formats:
            self.broker.create_topic(topic, PARTITIONS)
        self.broker.create_topic(DEAD_LETTERS_TOPIC, 1)
        config = write_config(
            self._folder,
            bootstrap_servers=self.broker.bootstrap_servers,
            base_url=self.api.base_url,
            contact_wait_seconds=CONTACT_WAIT_SECONDS,
            admin_listen=self.admin_url.removeprefix("http://"),
            # Not the default of 30 s: after ten seconds of faults a long backoff would only delay the demo.
            delivery={"retry_backoff_ms": [200, 3000]},
        )
        add_formats(config, self.registry.url, CONTACT_WAIT_SECONDS)
        arguments = [sys.executable, "-m", "connector", "run", "-c", str(config)]
        self._service = subprocess.Popen(arguments, stdout=self._log, stderr=self._log)  # noqa: S603 - ours
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._service.poll() is None:
            self._service.kill()
            self._service.wait()
        self._log.close()
        self.registry.down()
        self.api.__exit__(kind, error, trace)
        self.broker.close()

    def urls(self) -> dict[str, str]:
        """The addresses for a browser."""
        return {
            "status page": self.admin_url,
            "metrics": f"{self.admin_url}/metrics",
            "API ledger": f"{self.api.origin}/sandbox/ledger",
            "contacts": f"{self.api.origin}/sandbox/contacts",
            "schemas": f"{self.registry.url}/subjects",
        }

    def play(self, console: Console) -> None:
        """Produce, inject faults, and show progress until every record is delivered."""
        started = time.monotonic()
        faults_at: float | None = started + FAULTS_AFTER_SECONDS
        produced = self._produce()
        pending = True
        with Live(console=console, refresh_per_second=4, transient=True) as live:
            while pending or not self._delivered():
                now = time.monotonic()
                if now - started > END_SECONDS_MAX:
                    break
                pending = next(produced, False)
                if faults_at is not None and now >= faults_at:
                    faults_at = None
                    self._inject_faults()
                self._read_status()
                live.update(self._progress(now - started))
        self.seconds = time.monotonic() - started

    def consumed(self) -> dict[str, int]:
        """The number of records that the service has read, by topic."""
        return {topic["topic"]: topic["records_consumed"] for topic in self.status.get("topics", ())}

    def stop_service(self) -> int:
        """Send SIGTERM, as an orchestrator does, and return the exit code."""
        self._service.send_signal(signal.SIGTERM)
        return self._service.wait(timeout=END_SECONDS_MAX)

    def _inject_faults(self) -> None:
        for kind, probability, details in FAULTS:
            self.api.inject(kind, probability=probability, for_seconds=FAULTS_SECONDS, **details)

    def _produce(self) -> Iterator[bool]:
        """Produce the sample in slices; each step waits until its slice is due."""
        producer = Producer({"bootstrap.servers": self.broker.bootstrap_servers})
        records = self.sample.records
        started = time.monotonic()
        done = 0
        while done < len(records):
            share = min(1.0, (time.monotonic() - started) / PRODUCE_SECONDS)
            for record in records[done : int(len(records) * share)]:
                producer.produce(
                    record.topic, key=record.key, value=record.value, headers=list(record.headers)
                )
                done += 1
            producer.flush()
            time.sleep(0.1)
            yield done < len(records)

    def _read_status(self) -> None:
        if self._service.poll() is not None:
            log = (self._folder / "service.log").read_text("utf-8", "replace")
            raise FatalError("demo", f"the service ended with {self._service.returncode}:\n{log[-2000:]}")
        try:
            self.status = httpx.get(f"{self.admin_url}/api/status", timeout=2).json()
        except httpx.TransportError:
            self.status = {}  # It is still starting.

    def _delivered(self) -> bool:
        """Return whether every produced record is settled and committed."""
        consumed = sum(self.consumed().values())
        partitions = self.status.get("partitions", ())
        return consumed >= len(self.sample.records) and all(
            p["committed"] == p["position"] and not p["in_flight"] for p in partitions
        )

    def _progress(self, seconds: float) -> Table:
        status = self.status
        cause = f": {status['cause']}" if status.get("cause") else ""
        table = Table(
            title=f"{seconds:4.0f} s  {status.get('state', 'starting')}{cause}", title_justify="left"
        )
        for name in ("topic", "records", "delivered", "skipped", "dead letters", "lag"):
            table.add_column(name, justify="left" if name == "topic" else "right")
        for topic in status.get("topics", ()):
            cells = ("records_consumed", "deliveries_accepted", "skipped", "dead_lettered", "lag")
            table.add_row(topic["topic"], *(str(topic[cell]) for cell in cells))
        return table


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
