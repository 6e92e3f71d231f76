"""docs/mapping.md says what the compiler does: its tables are run through the real mapping."""

import json
import re
from decimal import Decimal
from typing import Any

import orjson
import pytest

from connector.model import Record, Rejection, Translated, Upsert
from connector.settings import yaml_source
from connector.translate.debezium import service_messages
from connector.translate.mapping.compiler import compile_topic, problems
from connector.translate.mapping.rules import TopicRules
from connector.translate.translate import Translator
from connector.translate.values.forms import As
from tests.docs.pages import ROOT, codes, rows

PAGE = ROOT / "docs" / "mapping.md"
CONVERSIONS = [
    (row["Rule"][1:-1], row["Column `c`"], row["Sent"]) for row in rows(PAGE, "Rule", "Column `c`", "Sent")
]


def translate(rule: str, column: str) -> Translated:
    """Translate a created row that has the column `c` (as JSON text), mapped by a rule of YAML text."""
    topic = {
        "topic": "t",
        "contact": {"user_id": "id", "attributes": {"a": yaml_source.parse(rule, "rule").value}},
    }
    rules = TopicRules.model_validate(topic)
    assert problems(rules) == []
    cell = "" if column == "no such column" else f', "c": {column.strip("`")}'
    value = f'{{"op": "c", "source": {{"connector": "postgresql"}}, "after": {{"id": 7{cell}}}}}'
    record = Record("t", 0, 0, None, value.encode(), 0, lambda: None)
    return Translator([compile_topic(rules)]).translate(record)


def exactly(text: str | bytes) -> Any:
    """Read JSON with the digits of its numbers."""
    return json.loads(text, parse_float=Decimal)


@pytest.mark.parametrize(("rule", "column", "sent"), CONVERSIONS)
def test_a_column_becomes_what_the_page_says(rule: str, column: str, sent: str) -> None:
    """Each row of the tables holds: what is sent, left out, or a dead letter, and why that names no value."""
    translated = translate(rule, column)
    if sent == "dead letter":
        assert isinstance(translated, Rejection)
        assert translated.rule == "contact.attributes.a"
        return
    assert not isinstance(translated, Rejection), translated.reason
    (upsert,) = translated
    assert isinstance(upsert, Upsert)
    body = exactly(orjson.dumps(upsert.body))
    assert ("a" in body) is (sent != "left out")
    if "a" in body:
        assert body["a"] == exactly(sent.strip("`"))


def test_every_form_is_shown() -> None:
    """Each form of `as:` has at least one row."""
    shown = " ".join(rule for rule, _, _ in CONVERSIONS)
    assert [form for form in As if not re.search(rf"as: (\{{)?{form}\b", shown)] == []


def source_text() -> str:
    """Return all code that decides what is skipped and what becomes a dead letter."""
    files = [*(ROOT / "connector" / "translate").rglob("*.py"), *(ROOT / "connector" / "engine").glob("*.py")]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def test_every_skip_is_listed() -> None:
    """The table of skipped records has exactly the rules that the code knows."""
    listed = {row["Rule"].strip("`") for row in rows(PAGE, "Rule", "The record")}
    written = re.findall(r'Skip\("(\w+)"\)|skipped\["(\w+)"\]', source_text())
    known = {name for pair in written for name in pair if name} | service_messages.SERVICE_MESSAGES.keys()
    assert listed == known - {"nothing_mapped"}  # which the models refuse before


def test_every_dead_letter_is_listed() -> None:
    """The table of dead letters has the rules of the code; those with a name in them as a pattern."""
    listed = {name for row in rows(PAGE, "Rule", "Cause") for name in codes(row["Rule"])}
    texts = re.findall(r'"((?:contact|event)\.(?:\w+\.?)+)"', source_text())
    known = {text for text in texts if text not in ("contact.attributes", "event.parameters")}
    known |= set(re.findall(r'Rejection\("(\w+)"', source_text()))
    patterns = {"contact.attributes.<name>", "event.parameters.<name>"}
    assert listed == known | patterns | {f"instasent.{name}" for name in ("contacts", "delete", "events")}
