"""One instance of the service, as an operator runs it: a child process, its log and its admin server."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.waiting import wait_for

EXIT_SECONDS = 20


class Service:
    """`python -m connector run`, which can be stopped, killed and started again."""

    def __init__(self, config: Path, name: str) -> None:
        self.config = config
        self._name = name
        self._starts = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._log = config.with_name(f"{name}.log")
        self._admin = ""
        self.program: tuple[str | Path, ...] = (sys.executable, "-m", "connector")
        self.output: Path | None = None

    # ---------------------------------------------------------------------------------- process

    def start(self, *options: str) -> None:
        """Start it without waiting; each start has a separate log.

        A test may set another interpreter and module (`program`), and another file for the log (`output`).
        """
        self._starts += 1
        self._admin = ""
        self._log = self.config.with_name(f"{self._name}-{self._starts}.log")
        command: list[str | Path] = [
            *self.program,
            "run",
            "-c",
            self.config,
            "--log-format",
            "json",
        ]
        with (self.output or self._log).open("wb") as log:
            self._process = subprocess.Popen([*command, *options], stdout=log, stderr=log)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The child process of the last start."""
        assert self._process is not None, "start it first"
        return self._process

    def check_alive(self) -> None:
        """Fail when it has ended without a request."""
        code = self.process.poll()
        assert code is None, f"the service {self._name} has ended with {code}"

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.process.send_signal(signal.SIGTERM)

    def ended(self, seconds: float = EXIT_SECONDS) -> int:
        """Wait for its end and return the exit code."""
        return self.process.wait(seconds)

    def stop(self) -> int:
        """Send SIGTERM and return the exit code."""
        self.terminate()
        return self.ended()

    def kill(self) -> None:
        """Send SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def run(self, *options: str) -> int:
        """Run to the end and return the exit code."""
        self.start(*options)
        return self.ended()

    # -------------------------------------------------------------------------------------- log

    @property
    def log(self) -> str:
        """The log of the last start."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def logs(self) -> str:
        """The logs of all starts."""
        logs = sorted(self.config.parent.glob(f"{self._name}-*.log"))
        return "\n".join(f"--- {log.name}\n{log.read_text(errors='replace')}" for log in logs)

    def events(self) -> Iterator[dict[str, Any]]:
        """Give the lines of the log that are JSON."""
        for line in self.log.splitlines():
            if line.startswith("{") and line.endswith("}"):
                yield json.loads(line)

    # ------------------------------------------------------------------------------------ admin

    def get(self, path: str) -> httpx.Response | None:
        """Ask the admin server; None while there is none."""
        if not self._admin:
            self._admin = next((line["admin"] for line in self.events() if "admin" in line), "")
        try:
            return httpx.get(f"{self._admin}{path}", timeout=5) if self._admin else None
        except httpx.TransportError:
            return None

    def status(self) -> dict[str, Any]:
        """Return `/api/status`; empty while nothing answers."""
        answer = self.get("/api/status")
        return dict(answer.json()) if answer is not None else {}

    def topic(self, name: str) -> dict[str, Any]:
        """Return what `/api/status` says about one topic; empty while it says nothing."""
        topics = self.status().get("topics", ())
        return next((dict(topic) for topic in topics if topic["topic"] == name), {})

    def partition(self, topic: str, number: int) -> dict[str, Any]:
        """Return what `/api/status` says about one partition; empty while it says nothing."""
        partitions = self.status().get("partitions", ())
        of_topic = (dict(p) for p in partitions if p["topic"] == topic)
        return next((p for p in of_topic if p["partition"] == number), {})

    def metrics(self) -> list[str]:
        """Return the lines of `/metrics`, without our prefix; none while nothing answers."""
        answer = self.get("/metrics")
        lines = [] if answer is None else answer.text.splitlines()
        return [line.removeprefix("instasent_connector_") for line in lines]

    def causes(self) -> dict[str, str] | None:
        """Return the causes that `/readyz` gives, empty when it is ready; None while nothing answers."""
        answer = self.get("/readyz")
        if answer is None:
            return None
        assert answer.status_code == (503 if answer.json()["causes"] else 200)
        return dict(answer.json()["causes"])

    def await_ready(self, seconds: float = 20) -> None:
        """Wait until `/readyz` says 200."""
        wait_for(lambda: self.causes() == {}, seconds, f"{self._name} to be ready", self)

    def await_cause(self, where: str, *texts: str, seconds: float = 20) -> str:
        """Wait until `/readyz` gives a cause under this name that holds these texts; return it."""

        def cause() -> str:
            found = (self.causes() or {}).get(where, "")
            return found if all(text in found for text in texts) else ""

        return wait_for(cause, seconds, f"{self._name} to say why it is not ready ({where})", self)
