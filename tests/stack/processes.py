"""Child processes whose output goes to a file, and free ports for them to listen on."""

import errno
import os
import random
import shutil
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

LOG_TAIL_BYTES = 4000
STOP_SECONDS = 20
# Ports below the kernel's range for outgoing connections. Otherwise a client that keeps asking for a stopped
# server would one day get that very port, and connect to itself.
PORTS = range(15000, 30000)
WORKERS_MAX = 10
"""Workers of a test run that each have a separate part of `PORTS`: a port is free until its server starts."""


def free_port() -> int:
    """Return a free TCP port of 127.0.0.1."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS_MAX
    for port in random.sample(PORTS[worker::WORKERS_MAX], 200):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    continue
                raise
            return port
    raise RuntimeError(f"no free port among 200 tried in {PORTS}")


class Process:
    """One child process at a time: started, stopped, killed, started again with the same log file.

    It dies with the test run, also when that is killed. It does not see the terminal's Ctrl-C:
    its starter decides the order of stopping.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        log: Path,
        *,
        environment: Mapping[str, str] | None = None,
        user: str | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.name = name
        self.log = log
        self._command = [*_die_with_parent(), *map(str, command)]
        self._environment = {**os.environ, **(environment or {})}
        self._user = user
        self._stop_signal = stop_signal
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the child; what it writes is appended to the log file."""
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                start_new_session=True,
                user=self._user,
                group=self._user,
                extra_groups=[] if self._user else None,
            )

    @property
    def child(self) -> subprocess.Popen[bytes]:
        """The child that was started last."""
        if self._child is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._child

    def check_alive(self) -> None:
        """Raise with the end of the log when the child has ended."""
        code = self.child.poll()
        if code is not None:
            raise RuntimeError(f"{self.name} ended with {code}. The end of {self.log}:\n{self.log_tail()}")

    def log_tail(self) -> str:
        """Return the last lines of the log."""
        return self.log.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace")

    def wait(self, seconds: float) -> int:
        """Wait until the child ends by itself and return its exit code."""
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(
                f"{self.name} still ran after {seconds:g} s. The end of {self.log}:\n{self.log_tail()}"
            ) from error

    def stop(self, seconds: float = STOP_SECONDS) -> int:
        """Ask the child to end, wait for it, and return its exit code."""
        if self.child.poll() is None:
            self.child.send_signal(self._stop_signal)
        return self.wait(seconds)

    def kill(self) -> None:
        """End the child and its own children at once, without asking; fine when it has ended already."""
        if self._child is None:
            return
        if self._child.poll() is None:
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()


def _die_with_parent() -> list[str]:
    """Prefix a command so that the kernel kills it when the test run dies (util-linux, on Linux only)."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL"] if setpriv else []
