"""`python -m tests.faults`: which fault of the catalogue is named by which test, and which by none.

A test names the faults that it covers in its docstring, as F017; a range (F064-F072) counts whole.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import click

TESTS = Path(__file__).parent
FAULTS = [f"F{number:03}" for number in range(1, 101)]


def named() -> Iterator[tuple[str, str]]:
    """Give each fault that a test's docstring names, and the test."""
    for source in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                text = ast.get_docstring(node) or ""
                for first, last in re.findall(r"F(\d{3})(?:-F?(\d{3}))?", text):
                    for number in range(int(first), int(last or first) + 1):
                        yield f"F{number:03}", f"{source.relative_to(TESTS.parent)}::{node.name}"


def main() -> None:
    """Print the table."""
    tests = defaultdict(list)
    for fault, test in named():
        tests[fault].append(test)
    for fault in FAULTS:
        click.echo(f"{fault}  {'; '.join(tests[fault]) or '-'}")
    click.echo(f"{sum(bool(tests[fault]) for fault in FAULTS)} of {len(FAULTS)} faults are named by a test")


if __name__ == "__main__":
    main()
