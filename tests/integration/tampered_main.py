"""Runs the connector's `main` in a process whose surroundings a test changes while it runs.

It takes a folder and the command line. With the file `no-dns` in that folder, the resolver knows no name.
`clock` holds the seconds by which the wall clock is wrong. `deadly` holds bytes: a record's value that
contains them kills the process.
"""

import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

from connector.__main__ import main
from connector.model import Record
from connector.translate.translate import Translator

NANOSECONDS = 1_000_000_000


def possess(folder: Path) -> None:
    """Put ourselves between the connector and its surroundings."""
    resolve, wall, wall_ns, translate = socket.getaddrinfo, time.time, time.time_ns, Translator.translate
    no_dns, clock, deadly = folder / "no-dns", folder / "clock", folder / "deadly"

    def getaddrinfo(*arguments: Any, **options: Any) -> Any:
        if no_dns.exists():
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(*arguments, **options)

    def step() -> int:
        return int(clock.read_text() or 0) if clock.exists() else 0

    def translate_or_die(translator: Translator, record: Record) -> Any:
        if deadly.exists() and deadly.read_bytes() in (record.value or b""):
            os.abort()
        return translate(translator, record)

    socket.getaddrinfo = getaddrinfo
    time.time = lambda: wall() + step()
    time.time_ns = lambda: wall_ns() + step() * NANOSECONDS
    Translator.translate = translate_or_die  # type: ignore[method-assign,assignment]


if __name__ == "__main__":
    possess(Path(sys.argv.pop(1)))
    main(prog_name="instasent-connector")
