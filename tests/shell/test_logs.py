"""Logs: format, secrets, repetition."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from connector.shell.clock import Clock
from connector.shell.logs import (
    KINDS_MAX,
    LogFormat,
    Redactor,
    RepeatFilter,
    client_logger,
    configure_logging,
)


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    """Give the root logger back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def configured(log_format: LogFormat, *secrets: str) -> io.StringIO:
    """Log into memory."""
    stream = io.StringIO()
    configure_logging(log_format, Redactor(secrets), stream)
    return stream


def test_json_lines_are_whole() -> None:
    """Each line of ours and of a library is one JSON object with level, time and fields."""
    stream = configured("json")
    structlog.get_logger("connector").warning("paused", topic="t", partition=3)
    logging.getLogger("library").error("broken %d", 7)
    ours, theirs = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert (ours["event"], ours["level"], ours["topic"], ours["partition"]) == ("paused", "warning", "t", 3)
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("broken 7", "error", "library")
    assert ours["timestamp"].endswith("Z")


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_secrets_never_appear(log_format: LogFormat) -> None:
    """Not in a message, a field, a library's line or a traceback, which shows no variables (S06, S08)."""
    secret = 'can"ary-tök\\en'
    stream = configured(log_format, secret)
    log = structlog.get_logger("connector")
    log.info("with", token=secret)
    logging.getLogger("library").warning("sent %s", secret)
    value_of_a_record = "ada@example.com"
    try:
        int(secret)
    except ValueError:
        log.exception("failed")
    text = stream.getvalue()
    assert "[secret]" in text
    assert "ary-t" not in text
    assert value_of_a_record not in text


def test_a_secret_that_comes_later_is_hidden_too() -> None:
    """A token that was replaced at run time is added to the same redactor (S07)."""
    redactor = Redactor()
    redactor.add("second-token")
    assert redactor("Bearer second-token") == "Bearer [secret]"


def test_lines_that_repeat_themselves_are_held_back() -> None:
    """An outage logs one line in 30 s for each kind, with the number that were held back (F030)."""

    class MovedClock(Clock):
        now_ms = 0

        def monotonic_ms(self) -> int:
            return self.now_ms

    clock = MovedClock()
    passed = RepeatFilter(clock).filter
    lines = []
    for attempt in range(100):
        clock.now_ms = attempt * 1000
        record = logging.makeLogRecord({"msg": f"broker 1: refused after {attempt}ms"})
        if passed(record):
            lines.append(record.getMessage())
    assert lines == [
        "broker 1: refused after 0ms",
        "broker 1: refused after 30ms (29 like it before)",
        "broker 1: refused after 60ms (29 like it before)",
        "broker 1: refused after 90ms (29 like it before)",
    ]


def test_the_kinds_of_lines_are_forgotten_before_they_are_too_many() -> None:
    """Lines that all differ cannot fill the memory (promise 7); what was forgotten passes once more."""
    passed = RepeatFilter(Clock()).filter
    first = logging.makeLogRecord({"msg": "first"})
    assert passed(first)
    assert not passed(first)
    for number in range(KINDS_MAX):
        assert passed(logging.makeLogRecord({"msg": "x" * number}))
    assert passed(first)


def test_the_clients_logger_repeats_nothing() -> None:
    """The logger that librdkafka is given carries the filter once, however often it is asked for."""
    logger = client_logger(Clock())
    assert client_logger(Clock()) is logger
    assert len(logger.filters) == 1
