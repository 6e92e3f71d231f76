"""Change events of collections, and the spellings of Extended JSON (debezium-events.md 2.3)."""

import json
import math
from typing import Any

import pytest

from connector.sandbox.records.connectors import Place
from tests.imitation.extended_json import (
    Binary,
    Date,
    Decimal128,
    Long,
    Mode,
    ObjectId,
    Regex,
    Timestamp,
    read,
    write,
)
from tests.imitation.mongodb import Collection
from tests.sandbox.records.events import AT_US, values
from tests.sandbox.records.events import write as records_of

PLACE = Place("crm", "crm", "", "contacts")
AT = Date(1_700_000_000_000)
IDENTIFIER = ObjectId("65a1f0c2e4b0a1b2c3d4e5f6")


@pytest.mark.parametrize(
    ("value", "strict", "relaxed", "extended"),
    [
        (1004, "1004", "1004", '{"$numberInt": "1004"}'),
        (Long(1004), '{"$numberLong": "1004"}', "1004", '{"$numberLong": "1004"}'),
        (1.5, "1.5", "1.5", '{"$numberDouble": "1.5"}'),
        (math.nan, "NaN", '{"$numberDouble": "NaN"}', '{"$numberDouble": "NaN"}'),
        (-math.inf, "-Infinity", '{"$numberDouble": "-Infinity"}', '{"$numberDouble": "-Infinity"}'),
        (
            AT,
            '{"$date": 1700000000000}',
            '{"$date": "2023-11-14T22:13:20Z"}',
            '{"$date": {"$numberLong": "1700000000000"}}',
        ),
        (
            Date(1_700_000_000_123),
            '{"$date": 1700000000123}',
            '{"$date": "2023-11-14T22:13:20.123Z"}',
            '{"$date": {"$numberLong": "1700000000123"}}',
        ),
        (
            Date(-1),
            '{"$date": -1}',
            '{"$date": {"$numberLong": "-1"}}',
            '{"$date": {"$numberLong": "-1"}}',
        ),
        (
            Binary(b"kafka"),
            '{"$binary": "a2Fma2E=","$type": "00"}',
            '{"$binary": {"base64": "a2Fma2E=","subType": "00"}}',
            '{"$binary": {"base64": "a2Fma2E=","subType": "00"}}',
        ),
        *(
            (value, text, text, text)
            for value, text in (
                (IDENTIFIER, '{"$oid": "65a1f0c2e4b0a1b2c3d4e5f6"}'),
                (Decimal128("1.50"), '{"$numberDecimal": "1.50"}'),
                (Timestamp(5, 1), '{"$timestamp": {"t": 5,"i": 1}}'),
                ("ñ", '"ñ"'),
                (None, "null"),
                (True, "true"),
            )
        ),
        (
            Regex("^a", "i"),
            '{"$regex": "^a","$options": "i"}',
            '{"$regularExpression": {"pattern": "^a","options": "i"}}',
            '{"$regularExpression": {"pattern": "^a","options": "i"}}',
        ),
    ],
)
def test_the_spellings_of_extended_json(value: Any, strict: str, relaxed: str, extended: str) -> None:
    """Each type in the three modes, and each spelling read back."""
    spelled: dict[Mode, str] = {"strict": strict, "relaxed": relaxed, "extended": extended}
    for mode, text in spelled.items():
        assert write(value, mode) == text
        assert write(read(text), mode) == text
    assert write({"a": [value]}, "strict") == f'{{"a": [{strict}]}}'


@pytest.mark.parametrize(
    ("identifier", "text"),
    [
        (1234, "1234"),
        (Long(1004), "1004"),
        ("1234", '"1234"'),
        (IDENTIFIER, '{"$oid": "65a1f0c2e4b0a1b2c3d4e5f6"}'),
        ({"tenant": "a", "no": 1}, '{"tenant": "a","no": 1}'),
    ],
)
def test_the_forms_of_a_key(identifier: Any, text: str) -> None:
    """Keys are relaxed, documents strict: one id has two spellings in one record."""
    (record,) = records_of(Collection(PLACE).create({"_id": identifier}, AT_US))
    assert json.loads(record.key or b"") == {"id": text}
    after = json.loads(json.loads(record.value or b"")["after"])
    assert after == {"_id": json.loads(write(identifier, "strict"))}


def test_what_each_capture_mode_shows() -> None:
    """Updates with a description only, with the document, with a pre-image; deletes with and without one."""
    source = Collection(PLACE)
    document = {"_id": IDENTIFIER, "visits": Long(12)}
    read_, described, full, gone, gone_with_image = (
        event
        for event in values(
            [
                *source.read(document, AT_US),
                *source.update(
                    IDENTIFIER, AT_US, updated={"visits": Long(13)}, removed=["phone"], truncated={"tags": 2}
                ),
                *source.update(IDENTIFIER, AT_US, after=document, before=document, updated={}),
                *source.delete(IDENTIFIER, AT_US)[:1],
                *source.delete(IDENTIFIER, AT_US, before=document)[:1],
            ]
        )
    )
    text = '{"_id": {"$oid": "65a1f0c2e4b0a1b2c3d4e5f6"},"visits": {"$numberLong": "12"}}'
    assert (read_["op"], read_["after"], read_["updateDescription"]) == ("r", text, None)
    assert (described["before"], described["after"]) == (None, None)
    assert described["updateDescription"] == {
        "removedFields": ["phone"],
        "updatedFields": '{"visits": 13}',
        "truncatedArrays": [{"field": "tags", "size": 2}],
    }
    assert (full["before"], full["after"]) == (text, text)
    assert (gone["op"], gone["before"], gone_with_image["before"]) == ("d", None, text)
    assert gone["source"]["collection"] == "contacts"
    assert [record.value is None for record in records_of(source.delete(IDENTIFIER, AT_US))] == [False, True]
    assert len(Collection(PLACE, tombstones=False).delete(IDENTIFIER, AT_US)) == 1
