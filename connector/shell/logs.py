"""Logs: one line on stderr for each event, as text or JSON, without secrets and without repetition.

A line is an event of `log_events.EVENTS` with its fields. Lines of libraries become events too.
"""

import json
import logging
import re
import sys
from collections.abc import Iterable
from typing import Any, Literal, TextIO, TypeAlias

import structlog

from connector.shell.clock import Clock
from connector.shell.log_events import HELD_BACK

LogFormat: TypeAlias = Literal["text", "json"]

REPEAT_MS = 30_000
KINDS_MAX = 1_000
"""The filter remembers this many kinds of lines, then forgets all of them; each may pass once more."""

SECRET_CHARACTERS_MIN = 4
QUIET_LOGGERS = ("httpx", "httpcore", "uvicorn", "uvicorn.error", "asyncio")

CLIENT_LINE = "%s [%s] %s"
"""The form in which confluent-kafka hands on a line of librdkafka: facility code, client and text."""

_FIELDS = "event_fields"
_NUMBERS = re.compile(r"\d+")


class Redactor:
    """Replaces secrets in finished lines, so that a library or a traceback cannot quote one (S06)."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: tuple[str, ...] = ()
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Hide one more value, also as JSON and `repr` write it; a very short one would hide words."""
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
    """Lets a line pass once in `REPEAT_MS`; `held_back` of the next one counts the lines in between.

    librdkafka logs every attempt to connect, and a wrong mapping concerns every record. Lines are of one kind
    when they differ only in numbers.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._seen: dict[str, tuple[int, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Decide whether one line passes."""
        fields = _fields_of(record)
        kind = _NUMBERS.sub("0", " ".join(map(str, fields.values())))
        now_ms = self._clock.monotonic_ms()
        since_ms, held_back = self._seen.get(kind, (now_ms - REPEAT_MS, 0))
        if now_ms - since_ms < REPEAT_MS:
            self._seen[kind] = (since_ms, held_back + 1)
            return False
        if len(self._seen) >= KINDS_MAX:
            self._seen.clear()
        self._seen[kind] = (now_ms, 0)
        if held_back:
            fields[HELD_BACK] = held_back
        return True


def _fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return the event and its fields; changes to them appear in the line."""
    if isinstance(record.msg, dict):  # a line of ours, on its way to `_Formatter`
        return record.msg
    if not hasattr(record, _FIELDS):
        setattr(record, _FIELDS, _library_event(record))
    fields: dict[str, Any] = getattr(record, _FIELDS)
    return fields


def _library_event(record: logging.LogRecord) -> dict[str, Any]:
    if record.msg == CLIENT_LINE and isinstance(record.args, tuple) and len(record.args) == 3:
        fac, client, message = record.args
        return {"event": "kafka_client", "client": client, "fac": fac, "message": str(message).strip()}
    return {"event": "library", "message": record.getMessage()}


def _name_library_event(_: Any, _method: str, line: structlog.types.EventDict) -> structlog.types.EventDict:
    """Give a library's line the form of an event; without a filter only its text is left."""
    found = getattr(line["_record"], _FIELDS, {"event": "library", "message": line["event"]})
    return {**line, **found}


def configure_logging(log_format: LogFormat, redactor: Redactor, stream: TextIO | None = None) -> None:
    """Send our events and the lines of libraries through one handler."""
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
        # The renderer's default traceback shows local variables, and with them values of records.
        plain = structlog.dev.plain_traceback
        colors = (stream or sys.stderr).isatty()
        last = [structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain)]
    formatter = _Formatter(
        foreign_pre_chain=[_name_library_event, *shared],
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
    """Return the logger of the Kafka side: of librdkafka, of its troubles and of dead letters."""
    logger = logging.getLogger("kafka.client")
    logger.filters[:] = [RepeatFilter(clock)]
    return logger


def events_of(logger: logging.Logger) -> structlog.stdlib.BoundLogger:
    """Write events to a logger that also takes the lines of a library."""
    lazy = structlog.wrap_logger(logger, wrapper_class=structlog.stdlib.BoundLogger)
    events: structlog.stdlib.BoundLogger = lazy.bind()  # once: a wrong mapping logs an event for every record
    return events
