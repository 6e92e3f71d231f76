"""The command line as a whole: help, exit codes, where problems go."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from connector import __version__
from connector.__main__ import COMMANDS, Program, main
from connector.errors import ConfigError, FatalError, Problem


def test_help_imports_no_command() -> None:
    """Help lists every command quickly, without their imports."""
    script = (
        "import sys; from click.testing import CliRunner; from connector.__main__ import main;"
        "print(CliRunner().invoke(main, ['--help']).output);"
        "print([name for name in sys.modules if name.startswith('connector.cli.')])"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert all(f"  {name} " in shown for name in COMMANDS)
    assert shown.endswith("[]\n")


def test_python_minus_m() -> None:
    """`python -m connector` is the same program."""
    shown = subprocess.run(
        [sys.executable, "-m", "connector", "--version"], capture_output=True, text=True, check=True
    ).stdout
    assert shown == f"instasent-connector, version {__version__}\n"


def test_a_signal_while_a_module_in_c_is_loaded_ends_well() -> None:
    """SIGTERM at any moment of the start-up means 0: orjson, for one, does not survive an exception (F090).

    Its initialisation imports `json`; the signal comes there. Found by chaos, as a segmentation fault.
    Newer versions of Python have imported `json` before, so the script takes that back.
    """
    script = """
import os, signal, sys

class Finder:
    loading = False

    def find_spec(self, name, path=None, target=None):
        if name == "orjson.orjson":
            self.loading = True
            sys.modules.pop("json", None)
        if self.loading and name == "json":
            print("now", flush=True)
            os.kill(os.getpid(), signal.SIGTERM)

sys.meta_path.insert(0, Finder())
from connector.__main__ import main
main(["run", "-c", "none.yaml"])
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, "now\n")


@pytest.mark.parametrize("arguments", [["no-such-command"], ["check"], ["check", "--no-such-option"]])
def test_bad_usage_is_2(arguments: list[str]) -> None:
    """Unknown commands and options, and missing ones, are bad usage."""
    assert CliRunner().invoke(main, arguments).exit_code == 2


def test_bad_configuration_is_78_and_a_fault_is_1() -> None:
    """Our errors become the exit codes of docs/deploy.md; problems go to stderr, one per line."""
    program = Program()

    @program.command()
    def misconfigured() -> None:
        raise ConfigError([Problem("bad", "a.b", "do this", "x.yaml", 3), Problem("worse")])

    @program.command()
    def broken() -> None:
        raise FatalError("FENCED", "another instance has this id")

    result = CliRunner().invoke(program, ["misconfigured"])
    assert result.exit_code == 78
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "x.yaml:3: a.b: bad (do this)",
        "worse",
        "2 problems in the configuration; nothing was consumed",
    ]
    result = CliRunner().invoke(program, ["broken"])
    assert result.exit_code == 1
    assert result.stderr == "FENCED: another instance has this id\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_table_is_there(name: str) -> None:
    """Each line leads to a command, which parses its own arguments and shows its own help."""
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0
    assert f" {name} [OPTIONS]" in result.output
