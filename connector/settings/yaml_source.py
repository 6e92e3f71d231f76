"""Turns YAML text into plain values, and keeps the line of each.

It accepts a small, strict part of YAML 1.2: one document of mappings, lists and scalars. `yes`, `on` and
dates are text. It refuses anchors, aliases, tags, duplicate keys, and huge or deep files (S17).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from connector.errors import ConfigError, Problem

BYTES_MAX = 256 * 1024
DEPTH_MAX = 40

CORE_SCHEMA: tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...] = (
    (re.compile(r"~|null|Null|NULL|"), lambda _: None),
    (re.compile(r"true|True|TRUE"), lambda _: True),
    (re.compile(r"false|False|FALSE"), lambda _: False),
    (re.compile(r"[-+]?[0-9]{1,400}"), int),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
)
"""The meaning of a plain scalar: the first match wins, and all others are text (YAML 1.2.2, 10.3)."""


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file: its value, and the line of every YAML path in it (`contact.attributes.plan`)."""

    file: str
    value: Any = field(repr=False)
    lines: dict[str, int] = field(repr=False)

    def line_of(self, path: str) -> int:
        """Return the line of a path, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.lines.get(path, 1)

    def problem(self, path: str, message: str, hint: str = "") -> Problem:
        """Report something at a path of this file."""
        return Problem(message, path, hint, self.file, self.line_of(path))


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a document that is checked separately: a topic file, or one item of `topics:`."""

    document: Document
    value: Any = field(repr=False)
    path: str = ""

    def problem(self, path: str, message: str, hint: str = "") -> Problem:
        """Report something at a path that begins at this section."""
        joint = "." if self.path and path else ""
        return self.document.problem(f"{self.path}{joint}{path}", message, hint)

    def without_values(self) -> "Section":
        """Drop the values, which may be secrets, and keep the places."""
        return Section(replace(self.document, value=None), None, self.path)

    def place(self, problem: Problem) -> Problem:
        """Add file and line to a problem whose path begins at this section."""
        return self.problem(problem.path, problem.message, problem.hint)


def child_path(path: str, step: str | int) -> str:
    """Extend a YAML path by a key or an index."""
    if isinstance(step, int):
        return f"{path}[{step}]"
    return f"{path}.{step}" if path else step


def read(file: Path) -> Document:
    """Read one file.

    Raises:
        ConfigError: it cannot be read, or is not YAML of the accepted kind.
    """
    name = str(file)
    try:
        with file.open("rb") as stream:
            content = stream.read(BYTES_MAX + 1)
    except OSError as error:
        raise ConfigError([Problem(f"cannot be read: {error.strerror}", file=name)]) from None
    if len(content) > BYTES_MAX:
        raise ConfigError([Problem(f"is larger than {BYTES_MAX // 1024} KiB", file=name)])
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError([Problem("is not UTF-8 text", file=name, line=line)]) from None
    return parse(text, name)


def parse(text: str, name: str) -> Document:
    """Parse the text of the file of that name.

    Raises:
        ConfigError: it is not YAML of the accepted kind.
    """
    builder = _Builder(name, YAML(typ="safe", pure=True).parse(text))
    try:
        value = builder.document()
    except MarkedYAMLError as error:  # not its text, which quotes the line
        line = error.problem_mark.line + 1 if error.problem_mark else None
        problem = Problem(f"not valid YAML: {error.problem}", file=name, line=line)
        raise ConfigError([*builder.problems, problem]) from None
    except YAMLError:
        raise ConfigError([Problem("holds control characters", file=name)]) from None
    if builder.problems:
        raise ConfigError(builder.problems)
    return Document(name, value, builder.lines)


class _Builder:
    """Builds values from parser events, and collects the refused parts."""

    def __init__(self, name: str, events: Iterator[NodeEvent]) -> None:
        self.name = name
        self.events = events
        self.lines: dict[str, int] = {}
        self.problems: list[Problem] = []

    def refuse(self, event: NodeEvent, path: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(message, path, hint, self.name, event.start_mark.line + 1))

    def document(self) -> Any:
        """Build the only document; an empty file is null."""
        value, seen = None, False
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                if seen:
                    self.refuse(event, "", "holds a second document", "one document per file")
                    break
                seen = True
                value = self.node(next(self.events), "", 0)
        return value

    def node(self, event: NodeEvent, path: str, depth: int) -> Any:
        self.lines.setdefault(path, event.start_mark.line + 1)
        if depth > DEPTH_MAX:
            raise MarkedYAMLError(
                problem=f"nested deeper than {DEPTH_MAX} levels", problem_mark=event.start_mark
            )
        if event.anchor is not None:
            self.refuse(
                event, path, "anchors and aliases (& and *) are refused", "quote the text or repeat it"
            )
        if getattr(event, "tag", None) is not None:
            self.refuse(event, path, "tags (!) are refused", "quote the text")
        match event:
            case AliasEvent():
                return None
            case MappingStartEvent():
                return self.mapping(path, depth)
            case SequenceStartEvent():
                return self.sequence(path, depth)
            case ScalarEvent(value=text, implicit=(True, _)):
                return next((read(text) for form, read in CORE_SCHEMA if form.fullmatch(text)), text)
            case ScalarEvent(value=text):
                return text
            case _:
                raise AssertionError(f"the parser sent {type(event).__name__} for a value")

    def mapping(self, path: str, depth: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            key = event.value if isinstance(event, ScalarEvent) else None
            if key is None or event.anchor is not None or key == "<<":
                self.refuse(event, path, "a key must be plain text")
                self.node(event, path, depth + 1)
                key = ""
            here = child_path(path, key)
            if key in values:
                self.refuse(event, here, "the key is given twice")
            self.lines.setdefault(here, event.start_mark.line + 1)
            values[key] = self.node(next(self.events), here, depth + 1)
        return values

    def sequence(self, path: str, depth: int) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            values.append(self.node(event, child_path(path, len(values)), depth + 1))
        return values
