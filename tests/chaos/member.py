"""An instance of the service that is killed, frozen, stopped and started, and what became of each run."""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

from connector.sandbox.api.api_server import SandboxApi
from tests.chaos.cluster import Cluster
from tests.chaos.sabotage import VARIABLE
from tests.stack.processes import Process
from tests.stack.service import Service, amend
from tests.waiting import wait_for

END_SECONDS = 30
ARMED_SECONDS = 12

DELIVERY: Mapping[str, Any] = {
    "batch_items_max": 50,
    "linger_ms": 20,
    "requests_in_flight_max": 4,
    "buffered_records_max": 2000,
    "retry_backoff_ms": [100, 1000],
    "drain_seconds": 4,
    "request_seconds_max": 3,
}

CLASSIC = {"session.timeout.ms": 1000, "heartbeat.interval.ms": 300, "max.poll.interval.ms": 6000}
PROTOCOLS: Mapping[str, Mapping[str, Any]] = {
    "range": CLASSIC | {"partition.assignment.strategy": "range"},
    "cooperative-sticky": CLASSIC,
    "static": CLASSIC,  # and each has a `group.instance.id`
    "kip848": {
        "group.protocol": "consumer",
        "session.timeout.ms": None,
        "heartbeat.interval.ms": None,
        "max.poll.interval.ms": 6000,
    },
}
"""How the members of a group agree, and the keys of `kafka:` that make them."""


class Ending(Enum):
    """How a run came to its end."""

    KILLED = "killed"  # at a random moment
    FAIL_POINT = "killed at a fail point"
    STOPPED = "stopped"  # by SIGTERM, in good order
    FAILED = "ended by itself"


@dataclass(slots=True)
class Run:
    """One process of a member. Times are seconds of the wall clock."""

    client: str
    """Its token: by that the API's ledger distinguishes the runs."""
    log: Path
    began: float
    fail_point: str = ""
    ending: Ending | None = None
    ended: float = 0.0


class Said(NamedTuple):
    """A line of a log about partitions. `event` is one of `ABOUT_PARTITIONS`."""

    at: float
    event: str
    partitions: list[str]
    finished: bool


ASSIGNED, REVOKED, LOST = "partitions_assigned", "partitions_revoked", "partitions_lost"
ABOUT_PARTITIONS = (ASSIGNED, REVOKED, LOST)


def said(log: Path) -> Iterator[Said]:
    """Read what a run said about its partitions."""
    for line in log.read_text(errors="replace").splitlines():
        if line.startswith("{") and line.endswith("}"):
            content = json.loads(line)
            if content.get("event") in ABOUT_PARTITIONS:
                at = datetime.fromisoformat(content["timestamp"]).timestamp()
                yield Said(at, content["event"], content["partitions"], content.get("finished", True))


class Tokens:
    """The tokens of all runs, which can be revoked together and given back."""

    def __init__(self, sandbox: SandboxApi) -> None:
        self._sandbox = sandbox
        self._issued: set[str] = set()
        self._revoked = False

    def issue(self) -> str:
        """Make one more token; it is valid while the others are."""
        token = f"token-{len(self._issued) + 1}"
        self._issued.add(token)
        self._apply()
        return token

    def revoke(self) -> None:
        """Let all tokens be invalid."""
        self._revoked = True
        self._apply()

    def restore(self) -> None:
        """Let all tokens be valid."""
        self._revoked = False
        self._apply()

    def _apply(self) -> None:
        self._sandbox.change(tokens=frozenset() if self._revoked else frozenset(self._issued))


class Member(Service):
    """One member of the group."""

    def __init__(
        self,
        number: int,
        protocol: str,
        folder: Path,
        cluster: Cluster,
        sandbox: SandboxApi,
        tokens: Tokens,
        mappings: Sequence[str],
    ) -> None:
        """`folder` is the group's, and has its name; send to somewhere else with `send_to`."""
        self._folder = folder / str(number)
        self._folder.mkdir()
        super().__init__(folder.name, self._folder, cluster.brokers[0], sandbox, *mappings)
        kafka = {"bootstrap.servers": cluster.bootstrap_servers, **PROTOCOLS[protocol]}
        if protocol == "static":
            kafka["group.instance.id"] = f"member-{number}"
        amend(self.config, kafka=kafka, delivery=DELIVERY)
        self.number = number
        self.runs: list[Run] = []
        self._tokens = tokens

    def send_to(self, origin: str) -> None:
        """Put a proxy between the member and the API."""
        amend(self.config, instasent={"base_url": f"{origin}/v1"})

    @property
    def run(self) -> Run:
        """The newest run."""
        return self.runs[-1]

    def start(self, fail_point: str = "", count: int = 0) -> None:
        """Start with a token and a log of its own, perhaps bound to die at a fail point."""
        token = self._tokens.issue()
        self._token.write_text(token)
        run = Run(token, self._folder / f"{token}.log", time.time(), fail_point)
        module = ["tests.chaos.sabotage" if VARIABLE in os.environ else "connector"]
        if fail_point:
            module = ["tests.chaos.failpoint", fail_point, str(count)]
        command = [sys.executable, "-m", *module, "run", "-c", str(self.config), "--log-format", "json"]
        self.process = Process(f"member {self.number}", command, run.log)
        self.process.start()
        self.runs.append(run)

    def reap(self) -> Ending | None:
        """Return whether the newest run has ended unasked since the last look, and how."""
        code = self.process.child.poll()
        if code is None or self.run.ending is not None:
            return None
        died = code == -signal.SIGKILL and self.run.fail_point
        return self._ended(Ending.FAIL_POINT if died else Ending.FAILED)

    def is_armed(self) -> bool:
        """Return whether it may still come to its fail point: some it never meets."""
        return bool(self.run.fail_point) and time.time() - self.run.began < ARMED_SECONDS

    def was_assigned(self) -> bool:
        """Return whether the newest run was ever given a partition."""
        return any(line.event == ASSIGNED and line.partitions for line in said(self.run.log))

    def kill(self) -> None:
        """Send SIGKILL."""
        self.process.kill()
        self._ended(Ending.KILLED)

    def terminate(self) -> Ending:
        """Send SIGTERM and wait for the end: in good order, or at the fail point."""
        code = self.process.stop(END_SECONDS)
        if code == -signal.SIGKILL and self.run.fail_point:
            return self._ended(Ending.FAIL_POINT)
        # Before it has said anything it may not listen to signals yet.
        unheard = code == -signal.SIGTERM and not self.run.log.stat().st_size
        return self._ended(Ending.STOPPED if code == 0 or unheard else Ending.FAILED)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.child.send_signal(number)

    def unaccounted(self) -> int | None:
        """Return how many records have no outcome, None while it does not answer."""
        if not self._ok("/healthz"):
            return None
        return int(self.status()["unaccounted_records"])

    def await_answering(self) -> None:
        """Wait until its admin server answers."""
        wait_for(lambda: self._ok("/healthz"), END_SECONDS, "an admin server", self.process)

    def close(self) -> None:
        """End everything."""
        self.process.kill()
        self._http.close()

    def _ended(self, ending: Ending) -> Ending:
        self.run.ending, self.run.ended = ending, time.time()
        return ending
