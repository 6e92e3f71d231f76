"""docs/log-events.md, the table of log events and the logging calls agree.

Write the page's table again with `python -m tests.docs.test_log_events`.
"""

import ast
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from connector.shell.log_events import EVENTS
from connector.shell.logs import REPEAT_MS
from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "log-events.md"
SOURCES = sorted((ROOT / "connector").rglob("*.py"))

METHODS = ("debug", "info", "warning", "error", "critical", "exception", "log")
LOGGERS = re.compile(r"(?:^|[._])(?:log|logger|events)$")
"""The names under which code holds a logger."""

MADE_FROM_LIBRARIES = {"kafka_client", "library"}
"""Events that `logs.py` makes from the lines of libraries."""

HEADER = "| Event | Level | Fields | Meaning |\n| --- | --- | --- | --- |\n"


class Call(NamedTuple):
    """One logging call: its place, its method, its arguments."""

    place: str
    method: str
    arguments: list[ast.expr]
    fields: tuple[str | None, ...]

    @property
    def event(self) -> str:
        """The event, empty where it is not written as a literal."""
        position = 1 if self.method == "log" else 0
        event = self.arguments[position] if len(self.arguments) == position + 1 else None
        return event.value if isinstance(event, ast.Constant) and isinstance(event.value, str) else ""


def calls(source: Path) -> Iterator[Call]:
    """Find the logging calls of one file."""
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr in METHODS and LOGGERS.search(ast.unparse(node.func.value)):
            place = f"{source.relative_to(ROOT)}:{node.lineno}"
            yield Call(place, node.func.attr, node.args, tuple(keyword.arg for keyword in node.keywords))


CALLS = [call for source in SOURCES for call in calls(source)]


def table() -> str:
    """Write the table of the page."""
    rows = (
        f"| `{name}` | {_levels(event.levels)} | {', '.join(f'`{one}`' for one in event.fields)} "
        f"| {event.meaning} |\n"
        for name, event in EVENTS.items()
    )
    return (HEADER + "".join(rows)).replace("|  |", "| |")


def _levels(levels: tuple[str, ...]) -> str:
    return "any" if len(levels) > 2 else " or ".join(levels)


def test_the_walk_finds_the_calls() -> None:
    """An empty list would let every other test pass."""
    assert len(CALLS) > 10


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.place)
def test_every_call_logs_an_event_of_the_table(call: Call) -> None:
    """The event is a literal of the table, and the call gives exactly its fields, at one of its levels."""
    assert call.event in EVENTS, f"{call.place}: add the event to log_events.py"
    event = EVENTS[call.event]
    assert call.fields == event.fields
    levels = _levels_of(call)
    assert levels <= set(event.levels)


def _levels_of(call: Call) -> set[str]:
    if call.method != "log":
        return {call.method}
    return {level.lower() for level in re.findall(r"[A-Z]+", ast.unparse(call.arguments[0]))}


def test_every_event_is_logged() -> None:
    """The table holds no event that the code does not log."""
    assert {call.event for call in CALLS} == EVENTS.keys() - MADE_FROM_LIBRARIES


def test_events_are_identifiers() -> None:
    """Names are in snake case, and levels are those of the logging module."""
    for name, event in EVENTS.items():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", name)
        assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", field) for field in event.fields)
        assert {level.upper() for level in event.levels} <= logging.getLevelNamesMapping().keys()


def test_nothing_logs_in_another_way() -> None:
    """No file calls the logging module's own functions, warns or prints outside the command line."""
    wrong = [
        f"{source.relative_to(ROOT)}:{node.lineno}"
        for source in SOURCES
        for node in ast.walk(ast.parse(source.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in {"print", "warnings.warn", *(f"logging.{name}" for name in METHODS)}
    ]
    assert wrong == []


def test_the_page_repeats_the_figure_of_the_code() -> None:
    """The time for which lines of a kind are held back is that of the filter."""
    assert f"at most once in {REPEAT_MS // 1000} s" in PAGE.read_text("utf-8")


def test_the_page_holds_the_table() -> None:
    """Write it again with `python -m tests.docs.test_log_events`."""
    assert table() in PAGE.read_text("utf-8")


def _write() -> None:
    text = PAGE.read_text("utf-8")
    begin = text.index(HEADER)
    rest = re.sub(r"\A(?:\|.*\n)+", "", text[begin:])
    PAGE.write_text(text[:begin] + table() + rest, "utf-8")


if __name__ == "__main__":
    _write()
