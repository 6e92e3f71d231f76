"""Every `$ command` of README and docs is run, with its files, as a user would."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from confluent_kafka import Producer

from connector.sandbox.api.api_server import SandboxApi
from connector.sandbox.api.behaviour import Behaviour
from connector.sandbox.broker import EmbeddedBroker
from tests.docs.pages import ROOT, Block, blocks, commands
from tests.stack.processes import free_port

PROGRAM = "instasent-connector"
CUSTOMERS, ORDERS = "shop.public.customers", "shop.orders.placed"
SECONDS_MAX = 40

ADA = {"id": 7, "first_name": "Ada", "last_name": "Lovelace", "email": "ADA@example.com"}
CREATED = {"op": "c", "before": None, "after": ADA, "source": {"connector": "postgresql", "name": "shop"}}


@pytest.fixture
def sandbox() -> Iterator[SandboxApi]:
    """An API for the commands to deliver to."""
    with SandboxApi(Behaviour()) as api:
        yield api


@pytest.fixture
def environment(sandbox: SandboxApi) -> Iterator[dict[str, str]]:
    """The variables that the shipped configuration asks for, with a customer waiting at a broker."""
    with EmbeddedBroker() as broker:
        broker.create_topic(CUSTOMERS, 1)
        broker.create_topic(ORDERS, 1)
        producer = Producer({"bootstrap.servers": broker.bootstrap_servers})
        producer.produce(CUSTOMERS, key=b'{"id": 7}', value=json.dumps(CREATED).encode())
        assert producer.flush(10) == 0
        yield {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
            "INSTASENT_BASE_URL": sandbox.base_url,
            "INSTASENT_PROJECT": sandbox.behaviour.project,
            "INSTASENT_DATASOURCE": sandbox.behaviour.datasource,
            "INSTASENT_TOKEN": next(iter(sandbox.behaviour.tokens)),
            "ADMIN_LISTEN": f"127.0.0.1:{free_port()}",
        }


def program(command: str, *more: str) -> list[str]:
    """Put this interpreter in the place of the one in `.venv`, which tests may run without."""
    name, *arguments = shlex.split(command)
    assert name == f".venv/bin/{PROGRAM}"
    return [sys.executable, "-m", "connector", *arguments, *more]


def finish(arguments: list[str], environment: dict[str, str]) -> str:
    """Run a command that ends by itself, and must end well."""
    ended = subprocess.run(
        arguments, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SECONDS_MAX, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def until(what: str, holds: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait for what another process brings about."""
    deadline = time.monotonic() + SECONDS_MAX
    while not holds():
        assert process.poll() is None, f"it ended with {process.returncode}"
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.05)


def named(start: str) -> list[str]:
    """Return the different documented commands that begin so."""
    return sorted({command for _, command in commands() if command.startswith(start)})


RUNS = named(f".venv/bin/{PROGRAM} run ")
CHECKS = named(f".venv/bin/{PROGRAM} check ")
SANDBOXES = named(f".venv/bin/{PROGRAM} sandbox-api")
MAKES = named("make ")


def test_every_command_has_a_test() -> None:
    """No console block shows a command that the tests of this file do not run."""
    assert {command for _, command in commands()} == {*RUNS, *CHECKS, *SANDBOXES, *MAKES}
    assert all([RUNS, CHECKS, SANDBOXES, MAKES])


@pytest.mark.parametrize("command", MAKES)
def test_make_has_the_target(command: str) -> None:
    """The target exists, and `make` can plan it; these tests themselves are its run."""
    planned = subprocess.run(
        [*shlex.split(command), "--dry-run"],
        cwd=ROOT,
        env={**os.environ, "MAKEFLAGS": ""},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert planned.returncode == 0, planned.stderr
    behind = {
        "make demo": f"{PROGRAM} demo",
        "make test": "-m pytest",
        "make bench": "-m tests.bench",
        "make fuzz": "-m tests.fuzz",
        "make chaos": "-m tests.chaos",
        "make simulate": "-m tests.simulation",
        "make soak": "-m tests.soak",
    }
    assert behind[command] in planned.stdout


def test_ci_runs_the_documented_tests() -> None:
    """CI runs the command that the README names."""
    assert re.search(r"REQUIRE_STACK=1 .*make test", (ROOT / ".ci" / "run").read_text())


@pytest.mark.parametrize("command", CHECKS)
def test_check_is_fine(command: str) -> None:
    """The shipped configuration passes with nothing but the variables that it asks for."""
    variables = {f"INSTASENT_{name}": "x" for name in ("PROJECT", "DATASOURCE", "TOKEN")}
    output = finish(program(command), {**os.environ, **variables})
    assert "config/connector.yaml: fine" in output


@pytest.mark.parametrize("command", RUNS)
def test_run_delivers(command: str, environment: dict[str, str], sandbox: SandboxApi) -> None:
    """The shipped configuration delivers a customer; the service becomes ready and ends on SIGTERM with 0."""
    if "--until-caught-up" in command:
        finish(program(command), environment)
    else:
        ready = f"http://{environment['ADMIN_LISTEN']}/readyz"
        with subprocess.Popen(program(command), cwd=ROOT, env=environment, text=True) as process:
            try:
                until("the contact", lambda: "7" in sandbox.contacts(), process)
                until("ready", lambda: httpx.get(ready).status_code == httpx.codes.OK, process)
                process.send_signal(signal.SIGTERM)
                assert process.wait(SECONDS_MAX) == 0
            finally:
                process.kill()
    contact = sandbox.contacts()["7"]
    assert (contact["_email"], contact["full_name"]) == ("ada@example.com", "Ada Lovelace")


@pytest.mark.parametrize("command", SANDBOXES)
def test_the_sandbox_answers(command: str) -> None:
    """It starts, and the probe that it prints is answered; only the port is another one here."""
    arguments = program(command, "--listen", "127.0.0.1:0")
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(arguments, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, "")
            _, _, header, url = next(shlex.split(line) for line in lines if line.startswith("  curl -H"))
            name, _, value = header.partition(": ")
            assert httpx.get(url, headers={name: value}).status_code == httpx.codes.OK
            process.send_signal(signal.SIGINT)
            assert process.wait(SECONDS_MAX) == 0
        finally:
            process.kill()


@pytest.mark.parametrize("block", blocks("sh"), ids=str)
def test_other_commands_can_be_parsed(block: Block) -> None:
    """Commands for other tools are at least valid for a shell."""
    parsed = subprocess.run(["sh", "-n"], input=block.text, capture_output=True, text=True, check=False)
    assert (parsed.returncode, parsed.stderr) == (0, "")


def test_the_shipped_configuration_is_what_the_readme_says() -> None:
    """The files that the commands name are there."""
    for _, command in commands():
        for word in shlex.split(command):
            if word.endswith(".yaml"):
                assert Path(ROOT / word).is_file()
