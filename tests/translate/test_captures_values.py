"""Each column that real Debezium wrote with its type, against what its database held.

For every table and every format that carries a schema, with a mapping that names every column and no `as:`.
"""

import pytest

from connector.model import Rejection
from tests.fixtures.captures import truth
from tests.translate.captured import body, capture_of, contacts, each, records, table_of
from tests.translate.expected_columns import STORED_ELSEWHERE, expected, refused, sent_of, value_topics
from tests.translate.expected_values import number

TOPICS = value_topics(bare=False)


@pytest.mark.parametrize("topic", TOPICS)
def test_each_value_is_what_the_database_held(topic: str) -> None:
    """Value by value, by the table "Values"; what cannot be sent is left out (F043, F044)."""
    columns, versions = truth(capture_of(topic), table_of(topic))
    for record, version in zip(records(topic), versions, strict=True):
        row = expected(topic, version)
        sendable = {name: row[name] for name in columns if name not in refused(row)}
        assert body(contacts(topic, each(sendable)).translate(record)) == sent_of(sendable)


@pytest.mark.parametrize("topic", TOPICS)
def test_each_value_that_cannot_be_sent_is_named(topic: str) -> None:
    """An infinite date, one beyond the years 1 to 9999, or a 750-digit number makes a dead letter."""
    columns, versions = truth(capture_of(topic), table_of(topic))
    for record, version in zip(records(topic), versions, strict=True):
        rules = {f"contact.attributes.{name}": name for name in refused(expected(topic, version))}
        result = contacts(topic, each(columns)).translate(record)
        assert (result.rule in rules) if isinstance(result, Rejection) else not rules
        for rule, name in rules.items():
            alone = contacts(topic, each([name])).translate(record)
            assert isinstance(alone, Rejection)
            assert alone.rule == rule
            assert alone.reason.startswith(f"column {name}: ")


def test_what_is_not_sent_is_counted() -> None:
    """NaN, infinities and unchanged values are left out, and counted (F043, F044)."""
    subject = contacts("pav.public.numbers", each(["single", "double_"]))
    for record in records("pav.public.numbers"):
        subject.translate(record)
    assert subject.counts == {"nan_values": 4}
    subject = contacts("pav.public.toasted", each(STORED_ELSEWHERE))
    for record in records("pav.public.toasted"):
        subject.translate(record)
    assert subject.counts == {"unavailable_values": len(STORED_ELSEWHERE) - 1}


@pytest.mark.parametrize(
    ("topic", "path", "inside"),
    [
        ("pjs.public.nested", "place.y", number("-2.25")),
        ("pav.public.nested", "place.y", number("-2.25")),
        ("pav.public.nested", "decs[0]", number("1.5")),
        ("pav.public.nested", "sum(frees[?@])", number("101.5")),
        ("pjs.public.nested", "days[1]", "1815-12-10"),
        ("pvl.public.nested", 'pairs."c d"', "é"),
        ("mav.shop.texts", "place.x", number("1.5")),
    ],
)
def test_what_is_inside_a_column_has_its_type_too(topic: str, path: str, inside: object) -> None:
    """Paths and expressions see the values that are sent."""
    result = contacts(topic, {"inside": path}).translate(records(topic)[0])
    assert body(result) == {"inside": inside}
