"""A broken invariant stops the process, also under `python -O`, which leaves out every `assert`."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

ASSIGNED_TWICE = """
from random import Random
from connector.engine.engine import Engine
from connector.engine.events import Assigned
from connector.engine.limits import Limits
from connector.errors import InvariantError
from connector.model import Skip, TopicPartition

assert False, "this interpreter does not leave assertions out"
engine = Engine(Limits(), Random(1), lambda _: Skip("when"))
assigned = Assigned({TopicPartition("customers", 0): 0}, {})
engine.handle(assigned, 0)
try:
    engine.handle(assigned, 0)
except InvariantError as error:
    print(error)
"""


def optimised(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with `-O`."""
    return subprocess.run(
        [sys.executable, "-O", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_an_optimised_engine_keeps_its_invariants() -> None:
    """A second assignment stops the process with `-O` too."""
    done = optimised("-c", ASSIGNED_TWICE)
    assert (done.returncode, done.stdout) == (0, "customers-0 assigned twice\n"), done.stderr


@pytest.mark.parametrize(
    ("arguments", "code"), [(["--version"], 0), (["run", "--config", "missing.yaml"], 78)]
)
def test_the_command_line_works_optimised(arguments: list[str], code: int) -> None:
    """Commands work under `-O`, because it switches no check off."""
    assert optimised("-m", "connector", *arguments).returncode == code


def test_the_product_asserts_nothing() -> None:
    """An `assert` would be a check that an environment variable can remove."""
    asserts = [
        f"{source.relative_to(ROOT)}:{node.lineno}"
        for source in sorted((ROOT / "connector").rglob("*.py"))
        for node in ast.walk(ast.parse(source.read_text("utf-8")))
        if isinstance(node, ast.Assert)
    ]
    assert asserts == []
