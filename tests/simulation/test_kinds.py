"""The simulation does as it says: each kind of fault happens, each promise is checked."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation.kinds import KINDS, PROMISES, RARE
from tests.simulation.mutants import mutant
from tests.simulation.run import failure_of, run
from tests.simulation.scenario import INCIDENTS, RATES, REQUEST_FAULTS
from tests.simulation.seen import seen

SEEDS = 300

BREAKS = {
    # invariant -> an engine that breaks it on purpose
    "I1": "takes an item left out for accepted",
    "I2": "commits one too far",
    "I3": "merges in the wrong order",
    "I4": "names an event after its place in the log",
    "I5": "ignores a revoke",
    "I6": "fills a batch with one more",
}


def test_every_fault_happens() -> None:
    """A fault that no seed meets proves nothing: each kind happens within 300 seeds, and none is unnamed."""
    found = Counter[str]()
    for seed in range(SEEDS):
        found += seen(run(seed, traced=True))
        if KINDS.keys() - RARE <= found.keys():
            break
    assert KINDS.keys() - found.keys() - RARE == set()
    assert found.keys() - KINDS.keys() == set()


def test_every_fault_that_is_drawn_has_its_line() -> None:
    """Each draw of a seed says which number it represents, or that none asks for it."""
    assert {*REQUEST_FAULTS, *RATES, *INCIDENTS} <= KINDS.keys()


def test_every_promise_is_checked() -> None:
    """The promises of an invariant are those that a run is really judged by."""
    checked = {promise for source in Path(__file__).parent.glob("*.py") for promise in _expected(source)}
    assert {promise for promises in PROMISES.values() for promise in promises} - checked == set()


def test_every_invariant_has_its_engine() -> None:
    """None of them is left out of the table."""
    assert BREAKS.keys() == PROMISES.keys()


@pytest.mark.parametrize("invariant", BREAKS)
def test_a_broken_invariant_is_noticed(invariant: str) -> None:
    """An engine that breaks an invariant is caught by a promise of that invariant (I1-I6)."""
    with mutant(BREAKS[invariant]):
        broken = (failure.promise for failure in map(failure_of, range(SEEDS)) if failure is not None)
        assert any(promise in PROMISES[invariant] for promise in broken)


def _expected(source: Path) -> Iterator[object]:
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "expect":
            yield getattr(node.args[1], "value", None)
