"""docs/metrics.md names the paths and metrics of the admin server, and its alerts use them."""

import re

from prometheus_client import generate_latest
from starlette.routing import Route

from connector.shell.admin.admin_app import create_app
from connector.shell.admin.board import TURN_MS_MAX
from connector.shell.admin.metrics import registry_of
from tests.docs.full_board import full_board
from tests.docs.pages import ROOT, codes, prose, rows

PAGE = ROOT / "docs" / "metrics.md"


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


def test_every_path_is_listed() -> None:
    """The table of paths is that of the admin server."""
    served = {route.path for route in create_app(full_board()).routes if isinstance(route, Route)}
    assert {row["Path"].strip("`") for row in rows(PAGE, "Path")} == served


def test_the_figure_of_healthz_is_the_codes() -> None:
    """The page says after how long a hanging loop shows."""
    assert f"within {TURN_MS_MAX // 1000} s" in prose(PAGE)
