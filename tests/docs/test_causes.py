"""docs/causes.md has a heading for each cause, and the texts and error names of the code."""

import re

from connector.engine.commit_schedule import UNCONFIRMED_SECONDS_MAX
from connector.engine.engine import FAILURES_BEFORE_NOT_READY
from connector.engine.snapshot import State
from connector.instasent.answers import STATUS
from connector.model import Endpoint, Verdict
from connector.shell.kafka import dead_letter_writer
from connector.shell.kafka.errors_table import MEANINGS, KafkaErrorMeaning
from connector.shell.kafka.health import CHECK_MS
from tests.docs.pages import ROOT, SOURCES, codes, prose, rows

PAGE = ROOT / "docs" / "causes.md"
SECTIONS = dict(re.findall(r"^## `([^`]+)`\n(.*?)(?=^## |\Z)", prose(PAGE), re.MULTILINE | re.DOTALL))


def said_in(section: str) -> set[str]:
    """Return the texts in backticks in the first column of a section's table."""
    lines = [line for line in SECTIONS[section].splitlines() if line.startswith("| `")]
    return {code for line in lines for code in codes(line.split(" | ")[0])}


def test_each_cause_has_a_heading() -> None:
    """The headings are the names that the code gives."""
    written = re.findall(r'(?:held|causes)\[f?"([\w ]+)|causes\.setdefault\("([\w ]+)"', SOURCES)
    known = {(first or second).strip() for first, second in written}
    known |= set(re.findall(r'^(?:BROKER|GROUP) = "(\w+)"$', SOURCES, re.MULTILINE)) | {"topic"}
    assert {name.removesuffix(" NAME") for name in SECTIONS} == known
    assert len(SECTIONS) == len(known)


def test_states_exist() -> None:
    """The table of states is that of the engine."""
    assert [row["State"].strip("`") for row in rows(PAGE, "State", "Means")] == list(State)


def test_each_status_of_the_api_is_listed() -> None:
    """A status that concerns no record, or that is tried again, has its row."""
    waits = {Verdict.ENVIRONMENT, Verdict.TRANSIENT, Verdict.THROTTLED}
    statuses = {f"HTTP {status}" for status, meaning in STATUS.items() if meaning.verdict in waits}
    endpoints = {f"{endpoint.value}:" for endpoint in Endpoint}
    errors = {"ConnectError", "ConnectTimeout"}
    texts = {"it has not answered yet", "a redirect", "a refusal that concerns no record"}
    assert said_in("instasent") - endpoints == statuses | errors | texts | {"HTTP 5xx"}
    assert all(text in SOURCES for text in texts | errors)


def test_each_error_of_the_dead_letter_topic_is_listed() -> None:
    """The table has the errors for which the writer has advice."""
    assert said_in("dead letters") == set(dead_letter_writer.ADVICE)


def test_each_refusal_of_the_brokers_is_listed() -> None:
    """Login, certificates and rights: each error that waits for an operator is under `broker` or `group`."""
    access = {name for name, meaning in MEANINGS.items() if meaning is KafkaErrorMeaning.ACCESS}
    assert access <= said_in("broker") | said_in("group")
    assert said_in("broker") <= access


def test_each_text_of_kafka_is_listed() -> None:
    """The texts that the consumer and its health give are quoted, and no other ones."""
    given = re.findall(r'trouble\((?:GROUP|_topic\(topic\)), f?"([^"{:;]+)', SOURCES)
    quoted = said_in("group") | said_in("topic NAME")
    assert len(given) > 2
    assert all(any(text.startswith(code) for code in quoted) for text in given)
    assert all(code in SOURCES for code in quoted)
    assert "deleted and created again" in SECTIONS["partition NAME"]
    assert "was deleted and created again" in SOURCES


def test_figures_are_the_codes() -> None:
    """Numbers that the text repeats are those of the code."""
    assert f"for {UNCONFIRMED_SECONDS_MAX} s" in SECTIONS["offsets"]
    assert f"every {CHECK_MS // 1000} s" in SECTIONS["broker"]
    assert FAILURES_BEFORE_NOT_READY == 3
    assert "last three requests" in SECTIONS["instasent"]
    assert dead_letter_writer.DEFAULTS["delivery.timeout.ms"] == 30_000
    assert "within 30 s" in SECTIONS["dead letters"]
