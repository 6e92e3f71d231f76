"""docs/deploy.md and docs/dead-letters.md name the exit codes, faults, figures and headers of the code."""

import re
from types import SimpleNamespace

from ruamel.yaml import YAML

from connector.__main__ import BAD_CONFIGURATION, FAULT
from connector.model import Record
from connector.settings.models import Admin, Delivery
from connector.shell.kafka.dead_letter_writer import _own_headers
from connector.shell.service import CLOSE_SECONDS_MAX, STOP_GRACE_SECONDS
from tests.docs.pages import ROOT, SOURCES, blocks, prose, rows

DEPLOY, DEAD_LETTERS = ROOT / "docs" / "deploy.md", ROOT / "docs" / "dead-letters.md"
STOP_SECONDS_MORE = int(CLOSE_SECONDS_MAX + STOP_GRACE_SECONDS)
"""How long after `drain_seconds` the process ends itself."""


def test_exit_codes_and_fatal_faults_are_listed() -> None:
    """The tables have the exit codes of the command line and the faults that end the service."""
    assert {int(row["Exit code"]) for row in rows(DEPLOY, "Exit code")} == {0, FAULT, 2, BAD_CONFIGURATION}
    faults = set(re.findall(r'FatalError\(\s*"([\w-]+)"', SOURCES)) - {"demo"}  # a fault of the demo only
    assert {
        row["Last line begins with"].strip("`") for row in rows(DEPLOY, "Last line begins with")
    } == faults


def test_the_kubernetes_example_fits() -> None:
    """The probes ask for paths that exist, and the pod has time to drain."""
    (text,) = [block.text for block in blocks("yaml") if "livenessProbe" in block.text]
    pod = YAML(typ="safe").load(text)
    (container,) = pod["containers"]
    probes = [container["livenessProbe"]["httpGet"], container["readinessProbe"]["httpGet"]]
    assert [probe["path"] for probe in probes] == ["/healthz", "/readyz"]
    (listen,) = [variable["value"] for variable in container["env"]]
    assert {probe["port"] for probe in probes} == {Admin(listen=listen).port}
    assert pod["terminationGracePeriodSeconds"] >= Delivery().drain_seconds + STOP_SECONDS_MORE


def test_the_systemd_example_fits() -> None:
    """It runs a command that exists, waits for the drain, and does not restart on a bad configuration."""
    (text,) = [block.text for block in blocks("ini")]
    unit = SimpleNamespace(**dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE)))
    assert "instasent-connector run -c " in unit.ExecStart
    assert int(unit.TimeoutStopSec) >= Delivery().drain_seconds + STOP_SECONDS_MORE
    assert str(BAD_CONFIGURATION) in unit.RestartPreventExitStatus.split()


def test_figures_are_the_codes() -> None:
    """Numbers that the text repeats are those of the code."""
    assert f"`drain_seconds` + {STOP_SECONDS_MORE} after the signal" in prose(DEPLOY)
    assert "SESSION_TIMEOUT_MS = 45000" in SOURCES
    assert "(45 s)" in prose(DEPLOY)


def test_every_dead_letter_header_is_listed() -> None:
    """The table of headers is what a dead letter carries."""
    record = Record("t", 0, 0, None, None, None, lambda: None)
    listed = [row["Header"].strip("`") for row in rows(DEAD_LETTERS, "Header")]
    assert listed == [name for name, _ in _own_headers(record, "rule", "reason")]
