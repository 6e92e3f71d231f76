"""The simulation is only worth what it catches."""

import pytest

from tests.simulation.mutants import mutant, names
from tests.simulation.oracle import Violation
from tests.simulation.run import run

SEEDS_MAX = 150


def _run_all() -> None:
    for seed in range(1, SEEDS_MAX + 1):
        run(seed)


@pytest.mark.parametrize("name", names())
def test_a_broken_engine_is_caught(name: str) -> None:
    """Each engine that is broken on purpose breaks a promise within a few seeds."""
    with mutant(name), pytest.raises(Violation):
        _run_all()
