"""docs/operations.md names the metrics, causes, headers and exit codes that there are."""

import re
from types import SimpleNamespace

from prometheus_client import generate_latest
from ruamel.yaml import YAML
from starlette.routing import Route

from connector.__main__ import BAD_CONFIGURATION, FAULT
from connector.engine.snapshot import EndpointStatus, PartitionStatus, Snapshot, TopicStatus
from connector.model import Endpoint, Record, SchemaVerdict
from connector.settings.models import Admin, Delivery
from connector.shell.admin.admin_app import create_app
from connector.shell.admin.board import StatusBoard
from connector.shell.admin.metrics import registry_of
from connector.shell.clock import Clock
from connector.shell.kafka.dead_letter_writer import _own_headers
from tests.docs.pages import ROOT, blocks, codes, prose, rows

PAGE = ROOT / "docs" / "operations.md"
SOURCES = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "connector").rglob("*.py"))


def full_board() -> StatusBoard:
    """Return a board with one of everything."""
    board = StatusBoard(Clock())
    snapshot = Snapshot(
        topics=(TopicStatus("t", skipped={"when": 1}, dead_lettered={"decode": 1}),),
        partitions=(PartitionStatus("t", 0, position=1, committed=1, end=1),),
        endpoints=(EndpointStatus(Endpoint.EVENTS, budget_limit=1, budget_remaining=1),),
        schema_answers={SchemaVerdict.KNOWN: 1},
    )
    board.publish(snapshot, {}, {"nan_values": 1}, {"t": ["JSON"]})
    return board


def test_every_metric_is_listed_with_its_labels() -> None:
    """The table of metrics is what `/metrics` serves."""
    text = generate_latest(registry_of(full_board())).decode()
    samples = re.findall(r"^(\w+)(?:\{(.*)\})? \S+$", text, re.MULTILINE)
    served = {name: set(re.findall(r'(\w+)="', labels)) for name, labels in samples}
    listed = {row["Metric"].strip("`"): set(codes(row["Labels"])) for row in rows(PAGE, "Metric", "Labels")}
    assert listed == served


def test_alerts_are_about_metrics_that_exist() -> None:
    """Each expression of the table of alerts names a metric of the other table."""
    known = {row["Metric"].strip("`") for row in rows(PAGE, "Metric")}
    alerts = [row["Alert on"] for row in rows(PAGE, "Alert on")]
    assert len(alerts) > 5
    for alert in alerts:
        assert set(re.findall(r"instasent_connector_\w+", alert)) <= known
        assert "instasent_connector_" in alert


def test_causes_exist() -> None:
    """Each name of the table of causes is one that the code gives."""
    named = {codes(row["Cause"])[0] for row in rows(PAGE, "Cause", "Means")}
    written = set(re.findall(r'(?:held|causes)\[f?"([\w ]+)|causes\.setdefault\("([\w ]+)"', SOURCES))
    known = {first.strip() or second for first, second in written}
    known |= set(re.findall(r'^(?:BROKER|GROUP) = "(\w+)"$', SOURCES, re.MULTILINE)) | {"topic"}
    assert {name.removesuffix(" …") for name in named} == known


def test_every_path_is_listed() -> None:
    """The table of paths is that of the admin server."""
    served = {route.path for route in create_app(full_board()).routes if isinstance(route, Route)}
    assert {row["Path"].strip("`") for row in rows(PAGE, "Path")} == served


def test_every_dead_letter_header_is_listed() -> None:
    """The table of headers is what a dead letter carries."""
    record = Record("t", 0, 0, None, None, None, lambda: None)
    listed = [row["Header"].strip("`") for row in rows(PAGE, "Header")]
    assert listed == [name for name, _ in _own_headers(record, "rule", "reason")]


def test_exit_codes_and_fatal_faults_are_listed() -> None:
    """The tables have the exit codes of the command line and the faults that end the service."""
    assert {int(row["Exit code"]) for row in rows(PAGE, "Exit code")} == {0, FAULT, 2, BAD_CONFIGURATION}
    faults = set(re.findall(r'FatalError\(\s*"([\w-]+)"', SOURCES)) - {"demo"}  # a fault of the demo only
    assert {row["Last line begins with"].strip("`") for row in rows(PAGE, "Last line begins with")} == faults


def test_the_kubernetes_example_fits() -> None:
    """The probes ask for paths that exist, and the pod has time to drain."""
    (text,) = [block.text for block in blocks("yaml") if "livenessProbe" in block.text]
    pod = YAML(typ="safe").load(text)
    (container,) = pod["containers"]
    probes = [container["livenessProbe"]["httpGet"], container["readinessProbe"]["httpGet"]]
    assert [probe["path"] for probe in probes] == ["/healthz", "/readyz"]
    (listen,) = [variable["value"] for variable in container["env"]]
    assert {probe["port"] for probe in probes} == {Admin(listen=listen).port}
    assert pod["terminationGracePeriodSeconds"] >= Delivery().drain_seconds + 15


def test_the_systemd_example_fits() -> None:
    """It runs a command that exists, waits for the drain, and does not restart on a bad configuration."""
    (text,) = [block.text for block in blocks("ini")]
    unit = SimpleNamespace(**dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE)))
    assert "instasent-connector run -c " in unit.ExecStart
    assert int(unit.TimeoutStopSec) >= Delivery().drain_seconds + 15
    assert str(BAD_CONFIGURATION) in unit.RestartPreventExitStatus.split()


def test_figures_are_the_codes() -> None:
    """Numbers that the text repeats are those of the code."""
    text = prose(PAGE)
    for name, number, words in (
        ("TURN_MS_MAX", "30_000", "within 30 s"),
        ("UNCONFIRMED_SECONDS_MAX", "60", "for 60 s"),
        ("FAILURES_BEFORE_NOT_READY", "3", "last three requests"),
        ("CHECK_MS", "3000", "every 3 s"),
        ("SESSION_TIMEOUT_MS", "45000", "(45 s)"),
    ):
        assert re.search(rf"^{name} = {number}\b", SOURCES, re.MULTILINE), name
        assert words in text


def test_reasons_of_the_registry_are_the_codes() -> None:
    """What the table about the schema registry quotes is what the code says."""
    text = " ".join(row["The reason says"] for row in rows(PAGE, "The reason says", "Means"))
    for words in (
        "cannot be reached",
        "no connection",
        "no whole answer",
        "the connection broke",
        "a redirect",
        "a web page",
        "not as this registry does",
        "there is no such schema",
        "it does not look schemas up in this way",
        "is not looked up in this API",
        "which the schema refers to",
    ):
        assert words in text
        assert words in SOURCES
