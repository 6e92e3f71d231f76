"""Logs: one line per happening on stderr, for people or as JSON, without secrets and without noise."""

import json
import logging
import re
import sys
from collections.abc import Iterable
from typing import Literal, TextIO, TypeAlias

import structlog

from connector.shell.clock import Clock

LogFormat: TypeAlias = Literal["text", "json"]

REPEAT_MS = 30_000
KINDS_MAX = 1_000
"""Kinds of lines that are remembered; with more of them all are forgotten, and each may pass once more."""

SECRET_CHARACTERS_MIN = 4
QUIET_LOGGERS = ("httpx", "httpcore", "uvicorn", "uvicorn.error", "asyncio")


class Redactor:
    """Replaces secrets in finished lines: whatever a library or a traceback quotes (S06)."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: tuple[str, ...] = ()
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Hide one more value, also as JSON and `repr` write it; the shortest would hide ordinary words."""
        if len(secret) >= SECRET_CHARACTERS_MIN:
            quoted = {secret, repr(secret)[1:-1]}
            forms = {*self._forms, *quoted, *(json.dumps(form)[1:-1] for form in quoted)}
            self._forms = tuple(sorted(forms, key=len, reverse=True))

    def __call__(self, text: str) -> str:
        """Return the text without the secrets."""
        for form in self._forms:
            text = text.replace(form, "[secret]")
        return text


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Renders a line and hides the secrets in it."""

    redactor = Redactor()

    def format(self, record: logging.LogRecord) -> str:
        return self.redactor(super().format(record))


class RepeatFilter(logging.Filter):
    """Lets a line pass once in `REPEAT_MS`; the next one like it says how many were held back.

    librdkafka repeats itself for every attempt to connect, and a wrong mapping for every record. Lines
    that differ only in numbers are the same.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._seen: dict[str, tuple[int, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Decide about one line."""
        message = record.getMessage()
        kind = re.sub(r"\d+", "0", message)
        now_ms = self._clock.monotonic_ms()
        since_ms, held_back = self._seen.get(kind, (now_ms - REPEAT_MS, 0))
        if now_ms - since_ms < REPEAT_MS:
            self._seen[kind] = (since_ms, held_back + 1)
            return False
        if len(self._seen) >= KINDS_MAX:
            self._seen.clear()
        if held_back:
            record.msg, record.args = f"{message} ({held_back} like it before)", ()
        self._seen[kind] = (now_ms, 0)
        return True


def configure_logging(log_format: LogFormat, redactor: Redactor, stream: TextIO | None = None) -> None:
    """Send everything through one handler: structlog's lines and those of libraries."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if log_format == "json":
        last: list[structlog.types.Processor] = [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ]
    else:
        # The renderer's own choice of traceback shows local variables: records, that is.
        plain = structlog.dev.plain_traceback
        colors = (stream or sys.stderr).isatty()
        last = [structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain)]
    formatter = _Formatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )
    formatter.redactor = redactor
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def client_logger(clock: Clock) -> logging.Logger:
    """Return the logger for librdkafka's own lines and for dead letters, which repeat themselves."""
    logger = logging.getLogger("kafka.client")
    logger.filters[:] = [RepeatFilter(clock)]
    return logger
