"""Which test says that it proves which number: read from docstrings, and from the kinds of the simulation.

A docstring names F017, I5, P06 or S01; of a range (F064-F072, or F052 to F054) every number counts.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.proof.layers import Layer, layer
from tests.simulation.kinds import KINDS, PROMISES

TESTS = Path(__file__).parents[1]

_NUMBER = re.compile(r"\b([FIPS])(\d+)(?:(?:-\1?| to \1)(\d+))?\b")


class Claim(NamedTuple):
    """One number, and what covers it. `path` is below tests/; the test of an instrument has no layer."""

    number: str
    name: str
    path: str
    layer: Layer | None


def numbers(text: str) -> Iterator[str]:
    """Give the numbers that a text names, spelled as there."""
    for letter, first, last in _NUMBER.findall(text):
        for number in range(int(first), int(last or first) + 1):
            yield f"{letter}{number:0{len(first)}}"


@cache
def claims() -> tuple[Claim, ...]:
    """Return all that tests claim."""
    return (*_of_docstrings(), *_of_the_simulation())


def _of_docstrings() -> Iterator[Claim]:
    for source in sorted(TESTS.rglob("test_*.py")):
        path = source.relative_to(TESTS).as_posix()
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                named = dict.fromkeys(numbers(ast.get_docstring(node) or ""))
                yield from (Claim(number, node.name, path, layer(path)) for number in named)


def _of_the_simulation() -> Iterator[Claim]:
    for table, path in ((_by_kind(), "simulation/kinds.py"), (_by_promise(), "simulation/oracle.py")):
        yield from (Claim(number, name, path, Layer.SIMULATION) for number, name in table)


def _by_kind() -> Iterator[tuple[str, str]]:
    return ((number, kind) for kind, stands_for in KINDS.items() for number in stands_for)


def _by_promise() -> Iterator[tuple[str, str]]:
    return ((number, promise.rstrip(":")) for number, promises in PROMISES.items() for promise in promises)
