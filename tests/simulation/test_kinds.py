"""The simulation stands for what it says: each kind of fault happens, each promise is checked."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.simulation.kinds import KINDS, PROMISES, RARE
from tests.simulation.run import run
from tests.simulation.scenario import INCIDENTS, RATES, REQUEST_FAULTS
from tests.simulation.seen import seen

SEEDS = 300


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
    """Whatever a seed can draw says which number it stands for, or that none asks for it."""
    assert {*REQUEST_FAULTS, *RATES, *INCIDENTS} <= KINDS.keys()


def test_every_promise_is_checked() -> None:
    """The promises that stand for an invariant are those that a run is really judged by."""
    checked = {promise for source in Path(__file__).parent.glob("*.py") for promise in _expected(source)}
    assert {promise for promises in PROMISES.values() for promise in promises} - checked == set()


def _expected(source: Path) -> Iterator[object]:
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "expect":
            yield getattr(node.args[1], "value", None)
