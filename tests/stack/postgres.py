"""A real PostgreSQL server with logical decoding, in a folder of its own."""

import os
import pwd
import shlex
import shutil
import signal
import tempfile
from pathlib import Path

import psycopg

from tests.stack.jars import StackMissingError
from tests.stack.processes import Process, free_port
from tests.waiting import wait_for

READY_SECONDS = 60
DEBIAN_BINARIES = Path("/usr/lib/postgresql")  # Debian keeps the servers off the PATH, one folder a version

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "wal_level": "logical",
    "max_wal_senders": "30",
    "max_replication_slots": "30",
    "fsync": "off",  # the data need not outlive the test run
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "autovacuum": "off",
    "timezone": "UTC",
}


class PostgresServer:
    """One server with the database `postgres` and the user `postgres`, who needs no password."""

    def __init__(self, folder: Path) -> None:
        binaries = _binaries()
        # The server refuses root, and another user cannot enter pytest's folders.
        user = "postgres" if os.geteuid() == 0 else None
        self._data = Path(tempfile.mkdtemp(prefix="stack-postgres-"))
        if user:
            shutil.chown(self._data, user, user)
        self.port = free_port()
        init = [binaries / "initdb", "-D", self._data, "-A", "trust", "-U", "postgres", "-E", "UTF8"]
        init += ["--locale=C", "--no-sync"]
        serve = [binaries / "postgres", "-D", self._data, "-p", str(self.port)]
        for name, value in SETTINGS.items():
            serve += ["-c", f"{name}={value}"]
        script = f"{shlex.join(map(str, init))} && exec {shlex.join(map(str, serve))}"
        # SIGQUIT is PostgreSQL's immediate shutdown: it ends its own children and frees its memory.
        self.process = Process(
            "PostgreSQL",
            ["sh", "-c", script],
            folder / "postgres.log",
            user=user,
            stop_signal=signal.SIGQUIT,
        )

    def start(self) -> None:
        """Start the server without waiting for it."""
        self.process.start()

    def await_ready(self) -> None:
        """Wait until the server takes connections."""
        wait_for(self._answers, READY_SECONDS, "PostgreSQL", self.process)

    def stop(self) -> None:
        """Stop the server and remove its data."""
        self.process.stop()
        shutil.rmtree(self._data, ignore_errors=True)

    def connect(self) -> psycopg.Connection:
        """Return a connection that commits each statement at once."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, dbname="postgres", user="postgres", autocommit=True
        )

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True


def _binaries() -> Path:
    """Return the folder that holds `initdb` and `postgres`.

    Raises:
        StackMissingError: there is none, or root may run it but has no user `postgres` to run it as.
    """
    folders = sorted(DEBIAN_BINARIES.glob("*/bin"), key=lambda folder: float(folder.parent.name))
    on_path = shutil.which("initdb")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    for folder in reversed(folders):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            if os.geteuid() == 0 and "postgres" not in {entry.pw_name for entry in pwd.getpwall()}:
                raise StackMissingError("no user `postgres`, and PostgreSQL refuses to run as root")
            return folder
    raise StackMissingError(f"no PostgreSQL server under {DEBIAN_BINARIES} or on the PATH")
