"""`check`, as far as it goes without a network."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from connector.__main__ import main

CONFIG = Path(__file__).parents[2] / "config"
ENVIRON = {"INSTASENT_PROJECT": "p", "INSTASENT_DATASOURCE": "d", "INSTASENT_TOKEN": "canary-4711"}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Copy the shipped configuration."""
    return Path(shutil.copytree(CONFIG, tmp_path / "config"))


def check(folder: Path, environ: dict[str, str] = ENVIRON) -> Result:
    """Run the command as a user would."""
    return CliRunner().invoke(main, ["check", "-c", str(folder / "connector.yaml")], env=environ)


def change(file: Path, old: str, new: str) -> None:
    """Replace the first occurrence of a text that is there."""
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_the_shipped_configuration_is_fine() -> None:
    """The shipped configuration is valid, compiles, and its examples pass."""
    result = check(CONFIG)
    assert result.exit_code == 0, result.output
    assert "shop.public.customers" in result.output
    assert "shop.orders.placed" in result.output
    assert "canary" not in result.output


def test_a_failing_example_says_which_field(config: Path) -> None:
    """An example that does not come out is a problem with file, line, expected and actual value."""
    file = config / "topics" / "customers.yaml"
    change(file, "_email: ada@example.com", "_email: bob@example.com")
    result = check(config)
    assert result.exit_code == 78
    line, summary = result.stderr.splitlines()
    assert line.startswith(f"{file}:")
    assert all(word in line for word in ("a new customer", "_email", "bob@example.com", "ada@example.com"))
    assert summary.startswith("1 problem ")


def test_problems_of_all_files_in_one_go(config: Path) -> None:
    """Missing variables, broken expressions and typos are reported together (F098, F099)."""
    change(config / "connector.yaml", "linger_ms: 50", "lingr_ms: 50")
    change(config / "topics" / "customers.yaml", "plan: plan", "plan: 'plan['")
    change(config / "topics" / "orders.yaml", "type: purchase", "tpe: purchase")
    result = check(config, {**ENVIRON, "INSTASENT_TOKEN": ""})
    assert result.exit_code == 78
    assert result.stdout == ""
    for words in (
        "instasent.token: the environment variable INSTASENT_TOKEN is empty",
        "delivery.lingr_ms: unknown key (did you mean `linger_ms`?)",
        "contact.attributes.plan: ",
        "event.tpe: unknown key (did you mean `type`?)",
        "event.type: is required",
        "5 problems in the configuration",
    ):
        assert words in result.stderr


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A wrong path is bad configuration, said plainly."""
    result = check(tmp_path)
    assert result.exit_code == 78
    assert "cannot be read" in result.stderr
