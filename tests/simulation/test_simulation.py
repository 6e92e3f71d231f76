"""The promises of design section 2 over random interleavings of everything that can happen."""

import os

import pytest

from tests.simulation.run import run

SEEDS = int(os.environ.get("SIMULATION_SEEDS", "300"))
BLOCK = 50


@pytest.mark.parametrize("first", range(1, SEEDS + 1, BLOCK))
def test_the_promises_hold(first: int) -> None:
    """First faults of every kind, then calm (F001-F008, F011, F013, F016-F020, F051-F065, P06)."""
    for seed in range(first, min(first + BLOCK, SEEDS + 1)):
        world = run(seed)
        assert world.committed == {log.name.partition: log.end for log in world.scenario.logs}


@pytest.mark.parametrize("seed", [3, 17, 42])
def test_a_seed_is_a_whole_run(seed: int) -> None:
    """The same seed gives the same events and commands, so a failure can be shown again."""
    assert run(seed).trace == run(seed).trace
