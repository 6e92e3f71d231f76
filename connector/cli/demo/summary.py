"""The proof at the end of the demo: the expected result beside the contents of the API."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from confluent_kafka import Consumer, TopicPartition
from rich.table import Table

from connector.sandbox.sample import DEAD_LETTERS_TOPIC

if TYPE_CHECKING:
    from connector.cli.demo.demo_run import DemoRun

CAUSES = {"decode": "not json", "instasent.contacts": "refused", "instasent.events": "unknown contact"}
"""The rule in a dead letter's headers -> the cause by its name in the sample."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the proof; without `expected` the figure is only for information."""

    name: str
    found: Any
    expected: Any = None
    key: str = ""
    """The key in the JSON, where it is not the name."""

    @property
    def holds(self) -> bool:
        """Whether the figure is the expected one."""
        return self.expected is None or self.found == self.expected

    @property
    def json_key(self) -> str:
        """The key in the JSON."""
        return self.key or self.name.replace(" ", "_")


@dataclass(frozen=True, slots=True)
class Summary:
    """All lines of the proof."""

    checks: tuple[Check, ...]

    @property
    def failures(self) -> list[str]:
        """The names of the wrong lines."""
        return [check.name for check in self.checks if not check.holds]

    @property
    def proved(self) -> bool:
        """Whether all lines are right."""
        return not self.failures

    def as_json(self) -> dict[str, Any]:
        """Return one flat object with the figures and the expectations."""
        figures = {check.json_key: check.found for check in self.checks}
        expected = {check.json_key: c for check in self.checks if (c := check.expected) is not None}
        return {"proved": self.proved, **figures, "expected": expected}

    def table(self) -> Table:
        """Return the summary as a table for people."""
        table = Table(title="What arrived", title_justify="left")
        for name in ("", "found", "expected"):
            table.add_column(name, justify="right" if name else "left", no_wrap=not name)
        for check in self.checks:
            expected = "" if check.expected is None else str(check.expected)
            style = None if check.holds else "bold red"
            table.add_row(check.name, _text(check.found), expected and _text(check.expected), style=style)
        return table


def summarise(run: "DemoRun", exit_code: int) -> Summary:
    """Compare the result with the expectation of the sample."""
    expected = run.sample.expected
    report = run.api.report()
    present = run.api.contacts()
    events = run.api.events()
    calls, items = report["calls"], report["items"]
    return Summary(
        (
            Check("contacts present", len(present), len(expected.contacts)),
            Check("contacts with wrong attributes", _different(present, expected.contacts), 0),
            Check("deleted contacts still present", len(expected.deleted & present.keys()), 0),
            Check("events", len(events), len(expected.events)),
            Check("events with wrong content", _different(events, expected.events), 0),
            Check("events stored twice", report["conflicting_events"], 0),
            Check("order violations", report["order_violations"], 0),
            Check("requests that shared a contact", report["overlaps"], 0),
            Check(
                "contacts with an outdated version",
                report["behind"],
                0,
                key="contacts_left_behind_their_newest_version",
            ),
            Check("unaccounted records", run.status["unaccounted_records"], 0),
            Check("dead letters", dict(sorted(_dead_letters(run).items())), dict(expected.dead_letters)),
            Check("orders skipped by when", _skipped(run, "when"), expected.skipped_orders),
            Check("requests over the rate limit", report["statuses"].get("429", 0), 0),
            Check("exit code after SIGTERM", exit_code, 0),
            Check("records read", _by_format(run, run.consumed()), _by_format(run, _produced(run))),
            Check("redelivered upserts", report["replayed"]),
            Check("redelivered events discarded", report["events"]["duplicates"]),
            Check("requests", {name: calls.get(name, 0) for name in ("contacts", "delete", "events")}),
            Check(
                "contacts per request", round(items.get("contacts", 0) / max(1, calls.get("contacts", 0)), 1)
            ),
            Check("seconds", round(run.seconds, 1)),
        )
    )


def _produced(run: "DemoRun") -> Counter[str]:
    return Counter(record.topic for record in run.sample.records)


def _by_format(run: "DemoRun", counts: Mapping[str, int]) -> dict[str, int]:
    """Count records by their format; a record that was read twice counts once."""
    produced = _produced(run)
    return {
        written: min(counts.get(topic, 0), produced[topic]) for topic, written in run.sample.formats.items()
    }


def _different(found: dict[str, dict[str, Any]], expected: Any) -> int:
    return sum(found.get(name) != item for name, item in expected.items())


def _skipped(run: "DemoRun", rule: str) -> int:
    return sum(topic["skipped_by_rule"].get(rule, 0) for topic in run.status["topics"])


def _dead_letters(run: "DemoRun") -> Counter[str]:
    """Read the dead-letter topic and count by cause."""
    consumer = Consumer(
        {
            "bootstrap.servers": run.broker.bootstrap_servers,
            "group.id": "demo-summary",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    consumer.assign([TopicPartition(DEAD_LETTERS_TOPIC, 0, 0)])
    causes: Counter[str] = Counter()
    while (message := consumer.poll(5.0)) is not None and message.error() is None:
        rule = dict(message.headers() or ())["instasent.rule"]
        text = rule.decode() if isinstance(rule, bytes) else str(rule)
        causes[CAUSES.get(text, text)] += 1
    consumer.close()
    return causes


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {count}" for name, count in value.items())
    return str(value)
