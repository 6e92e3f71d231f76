"""The recipes of CONTRIBUTING.md: their diffs and commands, and how to perform them in a copy."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

from tests.docs.pages import ROOT

PAGE = ROOT / "CONTRIBUTING.md"

_RECIPE = re.compile(r"^### (.+?)$\n(.*?)(?=^#{2,3} |\Z)", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^( *)```(diff|console)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_NEW = "new file: "


class Step(NamedTuple):
    """One block of a recipe: a `diff` to apply, or a `console` block to run."""

    kind: str
    text: str


class Recipe(NamedTuple):
    """One section of the page."""

    title: str
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        """Name it for a test's id."""
        return self.title


def recipes() -> list[Recipe]:
    """Read the recipes from the page."""
    text = PAGE.read_text("utf-8").partition("## Recipes\n")[2]
    return [
        Recipe(title, tuple(Step(kind, dedent(block)) for _, kind, block in _BLOCK.findall(body)))
        for title, body in _RECIPE.findall(text)
    ]


def copy_to(folder: Path) -> None:
    """Copy the files that git tracks, as they are in the working tree."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        source, target = ROOT / name, folder / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


def apply(diff: str, folder: Path) -> None:
    """Apply one block: lines without a sign and with `-` must occur once, in a row; `+` lines are added."""
    head, *lines = diff.rstrip("\n").split("\n")
    assert head.startswith("--- "), f"a block must name its file: {head}"
    name = head.removeprefix("--- ")
    if name.startswith(_NEW):
        path = folder / name.removeprefix(_NEW)
        assert not path.exists(), f"{path} exists already"
        path.write_text("".join(f"{line[1:]}\n" for line in lines), encoding="utf-8")
        return
    path = folder / name
    before = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("+"))
    after = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("-"))
    text = path.read_text("utf-8")
    assert text.count(before) == 1, f"{name} must hold these lines once:\n{before}"
    path.write_text(text.replace(before, after), encoding="utf-8")


def run(console: str, folder: Path) -> Iterator[tuple[str, subprocess.CompletedProcess[str]]]:
    """Run the `$ commands` of a block in the copy, with this interpreter in the place of `.venv`'s."""
    for line in console.splitlines():
        if line.startswith("$ "):
            words = shlex.split(line.removeprefix("$ "))
            assert words[0] == ".venv/bin/python", f"a recipe runs the project's interpreter: {line}"
            yield (
                line,
                subprocess.run(
                    [sys.executable, *words[1:]],
                    cwd=folder,
                    capture_output=True,
                    text=True,
                    check=False,
                    env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(folder)},
                ),
            )
