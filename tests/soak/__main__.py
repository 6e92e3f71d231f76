"""`make soak MINUTES=60 OUTAGE=60`: how much memory the service takes, from minute to minute.

It uses a real broker, the real service and the sandbox API. MINUTES of ordinary work come first, then OUTAGE
minutes without the API, then the backlog, then ten records of LARGE megabytes (95; 0 for none). RATE is
records a second.
"""

import os
import shutil
import tempfile
from pathlib import Path

import click

from tests.soak.run import Plan, soak
from tests.stack import jars
from tests.stack.kafka_broker import KafkaBroker
from tests.stack.servers import running

LARGE_RECORDS = "message.max.bytes=100000000\n"


def main() -> int:
    """Return 1 when something was wrong; the folder with all logs is named then, and kept."""
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    plan = Plan(
        minutes=float(os.environ.get("MINUTES") or "10"),
        outage_minutes=float(os.environ.get("OUTAGE") or "2"),
        rate=float(os.environ.get("RATE") or "500"),
        large_megabytes=float(os.environ.get("LARGE") or "95"),
    )
    with running(KafkaBroker(jars.resolve(), folder, heap="1g", more=LARGE_RECORDS)) as kafka:
        place = folder / "soak"
        place.mkdir()
        report = soak(kafka, place, plan)
    click.echo(report.text())
    if report.failures:
        click.echo(f"logs: {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
