"""Logs: format, secrets, repetition."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from connector.shell.clock import Clock
from connector.shell.log_events import HELD_BACK
from connector.shell.logs import (
    CLIENT_LINE,
    KINDS_MAX,
    LogFormat,
    Redactor,
    RepeatFilter,
    client_logger,
    configure_logging,
    events_of,
)


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    """Leave no handler, level or filter of a test in place."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    logging.getLogger("kafka.client").filters.clear()
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
    logging.getLogger("them").error("broken %d", 7)
    ours, theirs = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert (ours["event"], ours["level"], ours["topic"], ours["partition"]) == ("paused", "warning", "t", 3)
    assert (theirs["event"], theirs["message"], theirs["level"]) == ("library", "broken 7", "error")
    assert theirs["logger"] == "them"
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
    configured_lines = configured("json")
    logger = client_logger(clock)
    events = events_of(logger)
    for attempt in range(100):
        clock.now_ms = attempt * 1000
        text = f"broker 1: refused after {attempt}ms"
        logger.log(logging.ERROR, CLIENT_LINE, "FAIL", "rdkafka#consumer-1", text)
        events.warning("record_dead_lettered", topic="t", offset=attempt, rule="decode")
    lines = [json.loads(line) for line in configured_lines.getvalue().splitlines()]
    theirs = [line for line in lines if line["event"] == "kafka_client"]
    assert [(line["fac"], line["message"], line.get(HELD_BACK)) for line in theirs] == [
        ("FAIL", "broker 1: refused after 0ms", None),
        ("FAIL", "broker 1: refused after 30ms", 29),
        ("FAIL", "broker 1: refused after 60ms", 29),
        ("FAIL", "broker 1: refused after 90ms", 29),
    ]
    ours = [line for line in lines if line["event"] == "record_dead_lettered"]
    assert [(line["offset"], line.get(HELD_BACK)) for line in ours] == [
        (0, None),
        (30, 29),
        (60, 29),
        (90, 29),
    ]


def test_lines_of_different_kinds_do_not_hold_each_other_back() -> None:
    """Another rule, topic or facility code is another kind."""
    lines = configured("json")
    logger = client_logger(Clock())
    events = events_of(logger)
    for topic, rule in (("a", "decode"), ("a", "when"), ("b", "decode"), ("a", "decode")):
        events.warning("record_dead_lettered", topic=topic, offset=1, rule=rule)
    for fac in ("FAIL", "GETSUBSCRIPTIONS", "FAIL"):
        logger.log(logging.ERROR, CLIENT_LINE, fac, "rdkafka#consumer-1", "the same text")
    assert len(lines.getvalue().splitlines()) == 5


def test_the_kinds_of_lines_are_forgotten_before_they_are_too_many() -> None:
    """Lines that all differ cannot fill the memory (promise 7); a forgotten kind passes once more."""
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
