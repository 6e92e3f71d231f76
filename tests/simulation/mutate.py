"""`python -m tests.simulation.mutate`: breaks the engine in every small way, and lists the survivors.

Each mutant is the engine with one comparison, operator, constant, condition or statement changed. It lives in
a process of its own, in which first the simulation and then the engine's tests look for it. `--every 3` takes
every third mutant, `--only dispatch` those of one file.
"""

import ast
import copy
import importlib
import importlib.abc
import importlib.util
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import click

ENGINE = Path(__file__).parents[2] / "connector" / "engine"
SEEDS_BEFORE, SEEDS_AFTER = 40, 200
SECONDS_MAX = 90

SHARED = ("fastavro", "jmespath", "orjson", "phonenumbers", "pydantic", "pytest")
"""The modules that no mutant touches are imported once, before the processes part."""

_COMPARE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_BINARY: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
}


def _changes(node: ast.AST) -> Iterator[Callable[[], None]]:
    """Give the ways in which one node can be changed in place."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARE:
        yield lambda: node.ops.__setitem__(0, _COMPARE[type(node.ops[0])]())
    elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in _BINARY:
        yield lambda: setattr(node, "op", _BINARY[type(node.op)]())
    elif isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield lambda: setattr(node, "op", other)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        value = node.value
        yield lambda: setattr(node, "value", not value if isinstance(value, bool) else value + 1)
    elif isinstance(node, ast.If | ast.While | ast.IfExp):
        test = node.test
        yield lambda: setattr(node, "test", ast.UnaryOp(ast.Not(), test))
    if isinstance(node, ast.FunctionDef | ast.If | ast.For | ast.While):
        for index, statement in enumerate(node.body):
            call = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
            if call or isinstance(statement, ast.Assign | ast.AugAssign | ast.Continue | ast.Delete):
                yield lambda index=index: node.body.__setitem__(index, _without(node.body[index]))  # type: ignore[misc]


def _without(statement: ast.stmt) -> ast.stmt:
    return ast.copy_location(ast.Expr(ast.Constant(f"without {ast.unparse(statement)}")), statement)


def mutants(source: str) -> Iterator[tuple[int, str, ast.Module]]:
    """Give every mutant of a module: the line, the statement as it has become, and the whole."""
    tree = ast.parse(source)
    places = [(i, j) for i, node in enumerate(ast.walk(tree)) for j, _ in enumerate(_changes(node))]
    for which, how in places:
        mutant = copy.deepcopy(tree)
        node = list(ast.walk(mutant))[which]
        before = ast.unparse(node).splitlines()
        list(_changes(node))[how]()
        ast.fix_missing_locations(mutant)
        after = ast.unparse(node).splitlines()
        text = next((new for old, new in zip(before, after, strict=False) if old != new), after[0]).strip()
        yield getattr(node, "lineno", 0), f"{type(node).__name__}.{how}: {text[:90]}", mutant


class _Importer(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module its mutated body."""

    def __init__(self, name: str, path: Path, body: ast.Module) -> None:
        self._name = name
        self._path = path
        self._body = body

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find that one module."""
        if fullname != self._name:
            return None
        return importlib.util.spec_from_file_location(fullname, self._path, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        """Run the mutated body."""
        exec(compile(self._body, str(self._path), "exec"), module.__dict__)  # noqa: S102 - that is the point


def _caught() -> str:
    """Return the test that catches the engine as it is imported now; empty for a survivor."""
    from tests.simulation.run import Failure, run  # noqa: PLC0415 - imports the mutant

    def fails(first: int, end: int) -> bool:
        try:
            for seed in range(first, end):
                run(seed)
        except Failure:
            return True
        return False

    if fails(0, SEEDS_BEFORE):
        return "simulation"
    import pytest  # noqa: PLC0415 - the parent needs none

    with Path(os.devnull).open("w") as nothing, redirect_stdout(nothing), redirect_stderr(nothing):
        if pytest.main(["-x", "-q", "-p", "no:cacheprovider", str(ENGINE.parents[1] / "tests" / "engine")]):
            return "tests"
    return "simulation" if fails(SEEDS_BEFORE, SEEDS_AFTER) else ""


_ANSWERS = ("", "simulation", "tests", "import")


def judge(name: str, path: Path, body: ast.Module) -> str:
    """Search for one mutant in a separate process; return the test that caught it, empty for a survivor."""
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS_MAX)
        sys.meta_path.insert(0, _Importer(name, path, body))
        answer = "import"
        try:
            answer = _caught()
        finally:
            os._exit(_ANSWERS.index(answer))
    _, status = os.waitpid(child, 0)
    return "time" if os.WIFSIGNALED(status) else _ANSWERS[os.WEXITSTATUS(status)]


@click.command()
@click.option("--every", default=1, help="take every n-th mutant")
@click.option("--only", default="", help="only of this file, without .py")
@click.option("--seconds", default=0.0, help="stop after so long")
def main(every: int, only: str, seconds: float) -> None:
    """Judge the mutants and list the survivors."""
    for shared in SHARED:
        importlib.import_module(shared)
    begun, counts, number = time.monotonic(), dict.fromkeys((*_ANSWERS, "time"), 0), 0
    for path in sorted(ENGINE.glob(f"{only or '*'}.py")):
        for line, text, body in mutants(path.read_text("utf-8")):
            number += 1
            if number % every or (seconds and time.monotonic() - begun > seconds):
                continue
            caught = judge(f"connector.engine.{path.stem}", path, body)
            counts[caught] += 1
            if not caught:
                click.echo(f"{path.name}:{line}: {text}")
    total = sum(counts.values())
    click.echo(f"{total} mutants, {total - counts['']} caught: {counts}")


if __name__ == "__main__":
    main()
