"""A real MariaDB server with a binary log, in a folder of its own."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.stack.jars import StackMissingError
from tests.stack.processes import Process, free_port
from tests.waiting import wait_for

READY_SECONDS = 60
STATEMENT_SECONDS = 30
DEBIAN_SERVER = Path("/usr/sbin/mariadbd")  # not on the PATH of every user
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"

SETTINGS = {
    "bind-address": "127.0.0.1",
    "log-bin": "bin",
    "binlog-format": "ROW",
    "binlog-row-image": "FULL",
    "server-id": "1",
    "default-time-zone": "+00:00",
    "character-set-server": "utf8mb4",
    "skip-name-resolve": "ON",
    "innodb-buffer-pool-size": "32M",
    "innodb-flush-log-at-trx-commit": "0",  # the data need not outlive the test run
}


class MariaDbServer:
    """One server with the database `shop` and the user `root`, who needs no password; its data survive it."""

    def __init__(self, folder: Path) -> None:
        server = shutil.which("mariadbd") or DEBIAN_SERVER
        for name in ("mariadb-install-db", "mariadb"):
            if not Path(server).exists() or not shutil.which(name):
                raise StackMissingError(
                    "no MariaDB: `mariadbd`, `mariadb-install-db` and `mariadb` are needed"
                )
        self.port = free_port()
        data = folder / "mariadb-data"
        first = ["--no-defaults", f"--datadir={data}"]
        if os.geteuid() == 0:
            first.append("--user=root")  # the server runs as root only with this option
        form = ["mariadb-install-db", *first, "--auth-root-authentication-method=normal", "--skip-test-db"]
        serve = [str(server), *first, f"--port={self.port}", f"--socket={folder}/mariadb.sock"]
        serve += [f"--{name}={value}" for name, value in SETTINGS.items()]
        script = f"[ -e {data}/mysql ] || {shlex.join(form)} && exec {shlex.join(serve)}"
        self.process = Process("MariaDB", ["sh", "-c", script], folder / "mariadb.log")

    def start(self) -> None:
        """Start the server without waiting for it."""
        self.process.start()

    def await_ready(self) -> None:
        """Wait until the server takes connections, and make the database."""
        wait_for(self._answers, READY_SECONDS, "MariaDB", self.process)

    def kill(self) -> None:
        """Stop the server; its folder stays."""
        self.process.kill()

    def execute(self, sql: str) -> None:
        """Run statements in a session of their own; each is committed at once."""
        self._client(sql, "shop")

    def query(self, sql: str) -> list[dict[str, str | None]]:
        """Return the rows of one statement by column name, each value as the client's text."""
        answer = self._client(sql, "shop", "--xml")
        # Our own server wrote it.
        rows = ET.fromstring(answer).iter("row")  # noqa: S314
        return [
            {field.attrib["name"]: None if NIL in field.attrib else field.text or "" for field in row}
            for row in rows
        ]

    def _client(self, sql: str, *options: str) -> str:
        command = ["mariadb", "--no-defaults", "--host=127.0.0.1", f"--port={self.port}", "--user=root"]
        done = subprocess.run(
            [*command, "--default-character-set=utf8mb4", *options],
            input=sql,
            capture_output=True,
            text=True,
            timeout=STATEMENT_SECONDS,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"MariaDB refused a statement: {done.stderr.strip()}")
        return done.stdout

    def _answers(self) -> bool:
        try:
            self._client("CREATE DATABASE IF NOT EXISTS shop")
        except RuntimeError:
            return False
        return True
