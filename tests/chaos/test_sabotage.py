"""Every sabotage breaks something that is there."""

import os
import subprocess
import sys

import pytest

from tests.chaos.sabotage import SABOTAGES, VARIABLE

LAUNCHERS: dict[str, list[str]] = {"sabotage": [], "failpoint": ["loss heard", "1"]}


@pytest.mark.parametrize("name", SABOTAGES)
def test_a_sabotage_is_there(name: str) -> None:
    """The product has what it replaces; a renamed one would break nothing, and chaos would look good."""
    broken = SABOTAGES[name]
    assert hasattr(broken.kind, broken.name)


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_both_launchers_know_the_variable(launcher: str) -> None:
    """An unknown sabotage ends them: with and without a fail point the variable is looked at."""
    command = [sys.executable, "-m", f"tests.chaos.{launcher}", *LAUNCHERS[launcher], "--version"]
    environment = {**os.environ, VARIABLE: "none of ours"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, "KeyError: 'none of ours'" in ended.stderr) == (1, True)
