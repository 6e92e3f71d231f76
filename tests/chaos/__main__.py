"""`make chaos MINUTES=30 SEED=7`: rounds until the time is over; `ROUNDS=` for so many instead.

The seed gives the same rounds with the same faults and pauses. Real processes react to them in another
way each time: a failure may need several attempts to show itself again.
"""

import os
import shutil
import tempfile
import time
from itertools import islice
from pathlib import Path

import click
from confluent_kafka import KafkaException

from tests.chaos.cluster import Cluster, cluster_running
from tests.chaos.plan import Script, scripts
from tests.chaos.round import play
from tests.chaos.tally import Tally
from tests.stack import jars

NODES = 3


def main() -> int:
    """Return 1 when something was wrong; the folder with all logs is named then, and kept."""
    seed = int(os.environ.get("SEED") or time.time_ns() % 10_000)
    seconds = float(os.environ.get("MINUTES") or "5") * 60
    rounds = os.environ.get("ROUNDS")
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    click.echo(f"seed {seed}")
    tally = Tally()
    begun = time.monotonic()
    with cluster_running(jars.resolve(), folder, int(os.environ.get("NODES") or NODES)) as cluster:
        for script in islice(scripts(seed), int(rounds) if rounds else None):
            if not rounds and time.monotonic() - begun > seconds:
                break
            _one(script, cluster, folder / f"chaos-{script.number}", tally)
        tally.rebalances = cluster.rebalances().total()
    click.echo(f"seed {seed}, {(time.monotonic() - begun) / 60:.1f} minutes\n{tally.text()}")
    if tally.failures or tally.broken.total():
        click.echo(f"logs: {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


def _one(script: Script, cluster: Cluster, folder: Path, tally: Tally) -> None:
    begun = time.monotonic()
    before = len(tally.failures)
    try:
        play(script, cluster, folder, tally)
    except (TimeoutError, RuntimeError, AssertionError, KafkaException) as error:
        tally.failures.append(f"round {script.number} ({script.protocol}): {error}")
    click.echo(
        f"round {script.number}, {script.protocol}: {time.monotonic() - begun:.0f} s, "
        f"{tally.sigkills} SIGKILLs, {tally.records:,} records, {len(tally.failures)} failures so far"
    )
    for failure in tally.failures[before:]:
        click.echo(failure)


if __name__ == "__main__":
    raise SystemExit(main())
