"""The simulation is only worth what it catches."""

import pytest

from tests.simulation.mutants import mutant, names
from tests.simulation.run import Failure, run

SEEDS_MAX = 1_000
"""Within so many seeds each of them is caught."""


def _run_all() -> None:
    for seed in range(SEEDS_MAX):
        run(seed)


@pytest.mark.parametrize("name", names())
def test_a_broken_engine_is_caught(name: str) -> None:
    """Each engine that is broken on purpose breaks a promise within a few seeds."""
    with mutant(name), pytest.raises(Failure):
        _run_all()
