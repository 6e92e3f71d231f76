"""The fast tests on every Python that the machine has: `make test-pythons`."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".cache" / "pythons"
LOCK = ROOT / "requirements.lock"
OLDEST = (3, 11)
VERSION = "import sys; print(*sys.version_info[:2])"


def candidates() -> list[str]:
    """Return the commands that may be a Python: those on the PATH, then those of pyenv."""
    folders = [Path(folder) for folder in os.get_exec_path()]
    folders += sorted((Path.home() / ".pyenv" / "versions").glob("*/bin"))
    found = {str(file) for folder in folders for file in folder.glob("python3.*")}
    return sorted(path for path in found if re.fullmatch(r"python3\.\d+", Path(path).name))


def found() -> dict[tuple[int, int], str]:
    """Return one interpreter for each version that this project supports."""
    pythons = {sys.version_info[:2]: sys.executable}
    for path in candidates():
        # A shim of pyenv exists for versions that are not switched on, and fails.
        said = subprocess.run([path, "-c", VERSION], capture_output=True, text=True, check=False)
        if said.returncode == 0:
            major, minor = map(int, said.stdout.split())
            if (major, minor) >= OLDEST:
                pythons.setdefault((major, minor), path)
    return dict(sorted(pythons.items()))


def installed(name: str, python: str) -> Path:
    """Return the Python of an environment with the locked packages, which is made when it is not there."""
    folder = FOLDER / name
    mark = folder / "requirements.lock"
    inside = folder / "bin" / "python"
    if not mark.exists() or mark.read_bytes() != LOCK.read_bytes():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([python, "-m", "venv", folder], check=True)
        install: list[str | Path] = [inside, "-m", "pip", "install", "--quiet"]
        subprocess.run([*install, "--require-hashes", "-r", LOCK], check=True)
        no_build = ["--no-deps", "--no-build-isolation"]
        subprocess.run([*install, *no_build, "--editable", ROOT], check=True)
        shutil.copy(LOCK, mark)
    return inside


def passes(name: str, python: str) -> bool:
    """Run the fast tests; return whether they could be run and all passed."""
    try:
        inside = installed(name, python)
    except subprocess.CalledProcessError as error:
        click.echo(f"Python {name}: {error}", err=True)
        return False
    tests: list[str | Path] = [inside, "-m", "pytest", "-m", "not slow", *sys.argv[1:]]
    return subprocess.run(tests, cwd=ROOT, check=False).returncode == 0


def main() -> None:
    """Test each version; the exit code is 1 when one of them fails."""
    pythons = {f"{major}.{minor}": path for (major, minor), path in found().items()}
    click.echo(f"found: {', '.join(f'Python {name} ({path})' for name, path in pythons.items())}")
    results = {}
    for name, path in pythons.items():
        click.echo(f"Python {name}:")
        results[name] = passes(name, path)
    for name, passed in results.items():
        click.echo(f"Python {name}: {'passed' if passed else 'FAILED'}")
    sys.exit(not all(results.values()))


if __name__ == "__main__":
    main()
