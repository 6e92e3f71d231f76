"""docs/glossary.md names keys, classes and metrics that exist."""

import importlib
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client import generate_latest

from connector.engine.snapshot import EndpointStatus, PartitionStatus, Snapshot, TopicStatus
from connector.model import Endpoint
from connector.shell.admin.board import StatusBoard
from connector.shell.admin.metrics import PREFIX, registry_of
from connector.shell.clock import Clock
from tests.docs.pages import ROOT, codes, prose, rows

PAGE = ROOT / "docs" / "glossary.md"
WORDS = list(rows(PAGE, "Word", "Meaning"))


def keys_of(schema: Any) -> Iterator[str]:
    """Yield the name of every property of a JSON schema, also of those inside."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        schema = list(schema.values())
    if isinstance(schema, list):
        for part in schema:
            yield from keys_of(part)


def test_twenty_words_each_once() -> None:
    """The page stays short enough to be read."""
    words = [row["Word"] for row in WORDS]
    assert len(words) == len(set(words)) == 20
    assert all(row["Meaning"] for row in WORDS)


def test_every_key_is_one_of_the_files() -> None:
    """Each key is a property of the service file or of a topic file."""
    schemas = [json.loads(file.read_text("utf-8")) for file in (ROOT / "schemas").glob("*.schema.json")]
    known = {key for schema in schemas for key in keys_of(schema)}
    named = {code for row in WORDS for code in codes(row["Key"])}
    assert named <= known
    assert set(re.findall(r"`(\w+_seconds)`", prose(PAGE))) <= known


@pytest.mark.parametrize("name", sorted({code for row in WORDS for code in codes(row["Class"])}))
def test_every_class_exists(name: str) -> None:
    """Each class is defined in the module that the page names."""
    module, _, kind = f"connector.{name}".rpartition(".")
    assert getattr(importlib.import_module(module), kind).__module__ == module


def test_every_metric_is_served() -> None:
    """Each metric is one of `/metrics`, without the prefix."""
    board = StatusBoard(Clock())
    partition = PartitionStatus("t", 0, position=1, committed=1, end=1)
    endpoint = EndpointStatus(Endpoint.EVENTS, budget_limit=1, budget_remaining=1)
    snapshot = Snapshot(
        topics=(TopicStatus("t", skipped={"when": 1}, dead_lettered={"decode": 1}),),
        partitions=(partition,),
        endpoints=(endpoint,),
    )
    board.publish(snapshot, {}, {}, {})
    served = set(re.findall(r"^(\w+)", generate_latest(registry_of(board)).decode(), re.MULTILINE))
    named = {code for row in WORDS for code in codes(row["Metric"])}
    assert named
    assert {f"{PREFIX}_{name}" for name in named} <= served
