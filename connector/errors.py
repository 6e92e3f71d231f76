"""The only exceptions that cross a folder border.

ConnectorError
├── ConfigError       all problems of the configuration at once; exit code 78
└── FatalError        waiting cannot heal it (F009, F010, F091, F093, F094); exit code 1

InvariantError        a bug of ours; the process ends, and no offset was committed that should not be
"""

from collections.abc import Sequence
from dataclasses import dataclass


class InvariantError(Exception):
    """A rule that the code itself must keep is broken. Nothing catches it.

    Raised with `if … raise` and never with `assert`, which `python -O` leaves out.
    """


class ConnectorError(Exception):
    """Base of everything raised on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of the configuration.

    `path` is the YAML path (`contact.attributes._phone_mobile.as`), `line` counts from 1.
    """

    message: str
    path: str = ""
    hint: str = ""
    file: str = ""
    line: int | None = None

    def __str__(self) -> str:
        """Render as `file:line: path: message (hint)`, leaving out what is unknown."""
        where = f"{self.file}:{self.line}" if self.line is not None else self.file
        text = ": ".join(part for part in (where, self.path, self.message) if part)
        return f"{text} ({self.hint})" if self.hint else text


class ConfigError(ConnectorError):
    """The configuration cannot be used; `problems` lists all of its faults."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class FatalError(ConnectorError):
    """The process must end: `reason` is a short code for logs, metrics and the last line."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
