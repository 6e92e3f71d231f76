"""Pages for people who change the code name files, classes and methods that exist."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, codes, prose, rows

DOCS = ROOT / "docs"
DECISIONS = sorted((DOCS / "decisions").glob("[0-9]*.md"))
PAGES = [
    *(DOCS / name for name in ("architecture.md", "engine.md", "history.md", "simulation.md", "chaos.md")),
    *(DOCS / "fuzzing.md", ROOT / "tests" / "README.md"),
    *DECISIONS,
]
ROOTS = (
    "",
    "connector",
    "connector/engine",
    "connector/translate",
    "tests",
    "tests/engine",
    "tests/simulation",
)
PARTS = ("Question", "Decision", "Reason", "Price", "Alternatives", "Code")


@cache
def members() -> dict[str, set[str]]:
    """Return the classes of the package with the names of their methods and fields."""
    found: dict[str, set[str]] = {}
    for source in (ROOT / "connector").rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            if not isinstance(node, ast.ClassDef):
                continue
            names = found.setdefault(node.name, set())
            for part in ast.walk(node):
                if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
                    names.add(part.name)
                elif isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                    names.add(part.target.id)
                elif isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store):
                    names.add(part.attr)
                elif isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                    names.add(part.id)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_named_files_exist(page: Path) -> None:
    """Each file or folder in code style is there, below the root or one of `ROOTS`."""
    named = {code for code in codes(prose(page)) if re.fullmatch(r"[\w./-]+(\.py|\.toml|/)", code)}
    assert {name for name in named if not any((ROOT / root / name).exists() for root in ROOTS)} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_named_methods_exist(page: Path) -> None:
    """Each `Class.member` in code style is in the code."""
    named = [re.fullmatch(r"([A-Z]\w*[a-z]\w*)\.(\w+)", code) for code in codes(prose(page))]
    wrong = [name[0] for name in named if name and name[2] not in members().get(name[1], set())]
    assert wrong == []


def test_every_file_of_the_engine_is_explained() -> None:
    """The table has a line for each file of the engine, and a test of each line exists."""
    table = list(rows(DOCS / "engine.md", "File", "Its one idea"))
    files = {file.name for file in (ROOT / "connector" / "engine").glob("*.py")} - {"__init__.py"}
    assert {codes(row["File"])[0] for row in table} == files
    assert all(codes(row["Test"]) for row in table)


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_a_decision_is_whole_and_listed(page: Path) -> None:
    """It has all its parts, the number of its file in its title, and a line in the list."""
    text = page.read_text("utf-8")
    assert re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE) == list(PARTS)
    assert text.startswith(f"# {page.stem[:4]} ")
    assert f"]({page.name})" in prose(page.with_name("README.md"))
