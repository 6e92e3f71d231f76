"""`make simulate COMPILED=1`: the same sources, compiled by mypyc: about twice as many seeds a second.

The sources are copied into a separate folder and compiled there, once for each state of them. That needs a C
compiler and Python's headers. Compiled code must behave as interpreted code: the traces of some seeds are
compared before the many seeds run.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import click

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".cache" / "compiled"
COPIED = ("connector", "tests/simulation")
COMPILED = (
    "connector/model.py",
    "connector/engine/*.py",
    "connector/instasent/*.py",
    "connector/shell/stall_clock.py",
    "connector/shell/kafka/committed_offsets.py",
    "tests/simulation/*.py",
)

INTERPRETED = {
    "__main__.py",
    "broken_engines.py",
    "broken_memories.py",
    "compiled.py",
    "kinds.py",
    "many.py",
    "mutants.py",
    "mutate.py",
    "seen.py",
}
"""Broken engines need classes that can be changed; the other modules cost no time."""

COMPARED_SEEDS = range(5, 400, 10)

SETTINGS = "[mypy]\nstrict = True\nplugins = pydantic.mypy\nignore_missing_imports = True\n"


class DifferentError(Exception):
    """The compiled code behaves differently from the interpreted code."""


def run_compiled() -> int:
    """Run `python -m tests.simulation` with the same environment on compiled sources; returns its exit code.

    Raises `subprocess.CalledProcessError` where that fails, `DifferentError` where traces differ.
    """
    folder = compiled()
    environment = {name: value for name, value in os.environ.items() if name != "COMPILED"}
    many = [sys.executable, "-m", "tests.simulation"]
    return subprocess.run(many, cwd=folder, env=environment, check=False).returncode


def compiled() -> Path:
    """Compile the sources unless that was done before; returns where they are."""
    sources = [path for part in COPIED for path in sorted((ROOT / part).rglob("*.py"))]
    state = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    folder = FOLDER / f"{state}-{sys.implementation.cache_tag}"
    if not (folder / "compared").exists():
        shutil.rmtree(FOLDER, ignore_errors=True)
        for part in COPIED:
            shutil.copytree(
                ROOT / part, folder / part, ignore=shutil.ignore_patterns("test_*", "__pycache__")
            )
        for package in ("tests", "tests/simulation"):
            (folder / package / "__init__.py").touch()
        (folder / "mypy.ini").write_text(SETTINGS)
        _compile(folder)
        _compare(folder)
        (folder / "compared").touch()
    return folder


def _compile(folder: Path) -> None:
    modules = [
        str(path.relative_to(folder))
        for part in COMPILED
        for path in sorted(folder.glob(part))
        if path.name not in INTERPRETED
    ]
    click.echo(f"compiling {len(modules)} modules, which takes one or two minutes")
    command = [sys.executable, "-m", "mypyc", *modules]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    if done.returncode:
        click.echo(done.stdout[-2000:] + done.stderr[-2000:], err=True)
        done.check_returncode()


def _compare(folder: Path) -> None:
    code = f"""\
from tests.simulation.run import run
from tests.simulation.trace import digest
print(*(digest(run(seed, traced=True)) for seed in {COMPARED_SEEDS!r}))
"""
    answers = {
        subprocess.run([sys.executable, "-c", code], cwd=where, check=True, capture_output=True).stdout
        for where in (ROOT, folder)
    }
    if len(answers) != 1:
        raise DifferentError("compiled engines behave otherwise than interpreted ones; run without COMPILED")
