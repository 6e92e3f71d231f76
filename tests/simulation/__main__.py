"""`make simulate SEEDS=20000` runs many seeds; `make simulate SEED=17 TRACE=1` shows one.

`FIRST=…` is the first seed, `SECONDS=…` a limit in time, `MUTANT=…` a broken engine. `COMPILED=1` runs many
seeds on sources that mypyc has compiled.
"""

import os
from contextlib import nullcontext

import click

from tests.simulation.compiled import run_compiled
from tests.simulation.many import run_many
from tests.simulation.mutants import mutant
from tests.simulation.run import Failure, run
from tests.simulation.shrink import shrink
from tests.simulation.trace import digest, lines


def _one(seed: int, *, traced: bool) -> int:
    """Run one seed; a failing one is made as small as it can be before it is shown."""
    try:
        world = run(seed, traced=True)
    except Failure as failure:
        smallest = shrink(failure)
        if traced:
            scenario = smallest.scenario
            click.echo(
                f"{scenario.limits}\n{scenario.traits}\n{scenario.protocol}, {scenario.members} members"
            )
            click.echo(f"{scenario.incidents}\n{scenario.rates}\n{scenario.request_faults}")
            click.echo("\n".join(lines(smallest.world)))
        records = smallest.scenario.records
        click.echo(f"{smallest}\nshrunk to {records} records, {len(smallest.scenario.incidents)} incidents")
        return 1
    if traced:
        click.echo("\n".join(lines(world)))
    click.echo(f"seed {seed}: no promise was broken; trace {digest(world)}")
    return 0


def _many() -> int:
    seconds = os.environ.get("SECONDS")
    totals = run_many(
        int(os.environ.get("FIRST", "0")),
        int(os.environ.get("SEEDS", "20000")),
        float(seconds) if seconds else None,
    )
    click.echo(totals.text())
    if totals.failures:
        _one(totals.failures[0][0], traced=False)
    return 1 if totals.failures else 0


def main() -> int:
    """Return 1 when a seed failed."""
    name, seed = os.environ.get("MUTANT"), os.environ.get("SEED")
    if os.environ.get("COMPILED") and not (name or seed):
        return run_compiled()
    with mutant(name) if name else nullcontext():
        return _one(int(seed), traced=bool(os.environ.get("TRACE"))) if seed else _many()


if __name__ == "__main__":
    raise SystemExit(main())
