"""Every named fail point names a function of the product, and ends the process there."""

import signal
import subprocess
import sys

import pytest

from tests.chaos.failpoint import FAIL_POINTS, FailPoint, When, found

SCRIPT = """
from tests.chaos.failpoint import FailPoint, When, arm
from connector.instasent import reasons
import asyncio
arm(FailPoint("tests.chaos.failpoint", "found", When.{when}, 9), 2)
from tests.chaos import failpoint
for passage in (1, 2, 3):
    failpoint.found(FailPoint("json", "dumps", When.AFTER, 1))
    print(passage, flush=True)
"""


@pytest.mark.parametrize("name", FAIL_POINTS)
def test_a_fail_point_is_there(name: str) -> None:
    """The function that it wraps exists; a renamed one would never kill anybody."""
    _, _, function = found(FAIL_POINTS[name])
    assert callable(function)


@pytest.mark.parametrize(("when"), When)
def test_the_process_ends_at_the_second_passage(when: When) -> None:
    """By SIGKILL, before or after the function: nothing else of the process runs any more."""
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(when=when.name)], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (-signal.SIGKILL, "1\n")


def test_the_launcher_runs_the_connector() -> None:
    """With a fail point that is not met the command line is the product's."""
    command = [sys.executable, "-m", "tests.chaos.failpoint", "leaving the group", "1", "--version"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout.split(",")[0]) == (0, "instasent-connector")
    assert isinstance(FAIL_POINTS["leaving the group"], FailPoint)
