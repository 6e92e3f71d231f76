"""Each column that real Debezium wrote as JSON without a schema, against what its database held.

The mapping names every column, with the `as:` that docs/mapping.md names for its type.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import pytest

from connector.model import Record, Rejection
from tests.fixtures.captures import MARIADB, POSTGRES, Version, truth
from tests.translate.captured import body, capture_of, contacts, each, records, table_of
from tests.translate.expected_columns import STORED_ELSEWHERE, expected, refused, sent_of, value_topics
from tests.translate.expected_values import Fate, exactly, sent

STANDS: Final = "stands"
"""No `as:` says what such a column is: its JSON value is sent unchanged."""

AS: Mapping[str, Mapping[str, Any]] = {
    # capture -> pattern of a declared type -> `as:`, in which N is what the first group found
    POSTGRES: {
        r"numeric\(\d+,(\d+)\)": {"decimal": "N"},
        r"numeric\(6,-2\)": STANDS,
        "numeric": "decimal",
        "money": {"decimal": 2},
        "real|double precision": "number",
        "date": "date",
        r"timestamp\([0-3]\) without time zone": {"timestamp": "ms"},
        "timestamp without time zone": {"timestamp": "us"},
        r"timestamp(?:\(\d\))? with time zone": "timestamp",
        r"time(?:\(\d\))? without time zone": STANDS,
        "jsonb?": "json",
        r"(?:numeric.*|double precision|date|timestamp .*)\[\]": STANDS,
    },
    MARIADB: {
        r"decimal\(\d+,(\d+)\)(?: unsigned)?": {"decimal": "N"},
        "float|double": "number",
        r"tinyint\(1\)": "boolean",
        "date": "date",
        r"datetime(?:\(3\))?": {"timestamp": "ms"},
        r"datetime\(6\)": {"timestamp": "us"},
        r"timestamp(?:\(\d\))?": "timestamp",
        r"time(?:\(\d\))?": STANDS,
    },
}
"""Other types need no `as:`: text, integers, booleans, bytes and containers of them."""

BOOLEANS = {"0": False, "1": True, None: None}

NOT_NUMBERS = ("NaN", "Infinity", "-Infinity")

TOPICS = value_topics(bare=True)


def as_of(capture: str, declared: str) -> Any:
    """Return the `as:` for a declared type, None where it needs none."""
    for pattern, form in AS[capture].items():
        if found := re.fullmatch(pattern, declared):
            return {"decimal": found[1]} if form == {"decimal": "N"} else form
    return None


def mapping(topic: str) -> dict[str, Any]:
    """Return the rules for every column of a topic's table."""
    capture = capture_of(topic)
    forms = {
        name: as_of(capture, declared) for name, declared in truth(capture, table_of(topic)).columns.items()
    }
    return {
        name: name if form in (None, STANDS) else {"from": name, "as": form} for name, form in forms.items()
    }


def expected_with_as(topic: str, version: Version, record: Record) -> dict[str, Any]:
    """Return the expected value of each column."""
    row = expected(topic, version)
    after = exactly(record.value or b"")["after"]
    assert version.row is not None
    for name, declared in truth(capture_of(topic), table_of(topic)).columns.items():
        form, text = as_of(capture_of(topic), declared), version.row[name]
        if row[name] is Fate.LEFT_OUT:
            continue
        if form == STANDS:
            row[name] = after[name]
        elif form == "boolean":
            row[name] = BOOLEANS.get(text, Fate.DEAD_LETTER)
        elif form == "json" and text is not None:
            row[name] = exactly(text)
    return row


@pytest.mark.parametrize("topic", TOPICS)
def test_each_value_is_what_the_database_held(topic: str) -> None:
    """Value by value; what cannot be sent is left out (F043, F044)."""
    rules, versions = mapping(topic), truth(capture_of(topic), table_of(topic)).versions
    for record, version in zip(records(topic), versions, strict=True):
        row = expected_with_as(topic, version, record)
        sendable = {name: row[name] for name in rules if name not in refused(row)}
        result = contacts(topic, {name: rules[name] for name in sendable}).translate(record)
        assert body(result) == sent_of(sendable)


@pytest.mark.parametrize("topic", TOPICS)
def test_each_value_that_cannot_be_sent_is_named(topic: str) -> None:
    """The reason names the column of a date beyond year 9999, or of a 7 that shall be a boolean."""
    rules, versions = mapping(topic), truth(capture_of(topic), table_of(topic)).versions
    for record, version in zip(records(topic), versions, strict=True):
        names = refused(expected_with_as(topic, version, record))
        result = contacts(topic, rules).translate(record)
        assert isinstance(result, Rejection) is bool(names)
        for name in names:
            alone = contacts(topic, {name: rules[name]}).translate(record)
            assert isinstance(alone, Rejection)
            assert alone.rule == f"contact.attributes.{name}"
            assert alone.reason.startswith(f"column {name}: ")


@pytest.mark.parametrize("topic", ["pvt.public.numbers", "pvt.public.odd", "mvt.shop.numbers"])
def test_decimals_that_come_as_text_are_numbers(topic: str) -> None:
    """With `decimal.handling.mode: string` nothing but `as: decimal` says so; NaN is left out (F043)."""
    capture = capture_of(topic)
    columns, versions = truth(capture, table_of(topic))
    decimals = {name: text for name, text in columns.items() if re.match("numeric|money|decimal", text)}
    rules = {name: {"from": name, "as": "decimal"} for name in decimals}
    for record, version in zip(records(topic), versions, strict=True):
        assert version.row is not None
        row = {
            name: Fate.LEFT_OUT
            if version.row[name] in NOT_NUMBERS
            else sent(capture, declared, version.row[name])
            for name, declared in decimals.items()
        }
        assert body(contacts(topic, rules).translate(record)) == sent_of(row)


def test_unchanged_values_are_left_out_in_every_form() -> None:
    """The placeholder of text, bytes, hstore and of each kind of array is none of their values (F044)."""
    _, update = records("pj.public.toasted")
    subject = contacts("pj.public.toasted", each(STORED_ELSEWHERE))
    assert body(subject.translate(update)) == {"dec": None}  # for which Debezium writes null
    assert subject.counts == {"unavailable_values": len(STORED_ELSEWHERE) - 1}
