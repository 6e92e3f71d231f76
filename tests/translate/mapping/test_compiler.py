"""The compiler's messages about rules that cannot work, and the run of examples."""

from typing import Any

import pytest

from connector.translate.examples import failures
from connector.translate.mapping import compiler
from connector.translate.mapping.rules import TopicRules

CUSTOMERS: dict[str, Any] = {
    "topic": "t",
    "contact": {
        "user_id": "id",
        "attributes": {"balance": {"from": "b", "as": {"decimal": 2}}, "plan": "plan"},
    },
}


def test_every_problem_is_found_at_once() -> None:
    """Paths, templates, functions, regions, constants and conditions: each with its place (F098)."""
    rules = TopicRules.model_validate(
        {
            "topic": "t",
            "contact": {
                "user_id": {"value": "x"},
                "attributes": {
                    "path": "a..b",
                    "function": "lenght(a)",
                    "region": {"from": "a", "as": "e164", "region": "ZZ"},
                    "brace": {"template": "{a"},
                    "empty": {"template": "{}"},
                    "expression": {"template": "{a || b}"},
                    "constant": {"template": "hello"},
                    "number": {"value": {1: 2}},
                    "fine": {"template": "{a.b}"},
                },
            },
            "event": {
                "type": "x",
                "user_id": "id",
                "id": "[",
                "date": "a.",
                "parameters": {"p": "("},
                "when": "a =",
            },
        }
    )
    assert [problem.path for problem in compiler.problems(rules)] == [
        "contact.user_id",
        "contact.attributes.path",
        "contact.attributes.function",
        "contact.attributes.region.region",
        "contact.attributes.brace",
        "contact.attributes.empty",
        "contact.attributes.expression",
        "contact.attributes.constant",
        "contact.attributes.number",
        "event.id",
        "event.date",
        "event.parameters.p",
        "event.when",
    ]


def run(*examples: dict[str, Any]) -> list[str]:
    """Return the messages of the examples that fail."""
    rules = TopicRules.model_validate({**CUSTOMERS, "examples": examples})
    assert compiler.problems(rules) == []
    return [problem.message for problem in failures(rules)]


CHANGE = {"op": "c", "after": {"id": 7, "b": "MDk=", "plan": "gold"}}


def test_examples_that_hold() -> None:
    """Named fields, exact bodies, deletes, tombstones and skips are compared correctly."""
    expected = {"_user_id": "7", "balance": 123.45}
    assert not run(
        {"name": "named", "change": CHANGE, "delivers": [{"upsert": expected}]},
        {
            "name": "exact",
            "change": CHANGE,
            "exact": True,
            "delivers": [{"upsert": {**expected, "plan": "gold"}}],
        },
        {
            "name": "delete",
            "key": {"id": 7},
            "change": {"op": "d", "before": None},
            "delivers": [{"delete": "7"}],
        },
        {"name": "tombstone", "key": {"id": 7}, "change": None, "delivers": [{"delete": "7"}]},
        {"name": "skip", "key": {"x": 7}, "change": None, "delivers": []},
        {
            "name": "headers",
            "key": {"id": 7},
            "headers": {"__debezium.newkey": '{"id":7}'},
            "change": {"op": "d", "before": None},
            "delivers": [],
        },
    )


@pytest.mark.parametrize(
    ("example", "words"),
    [
        (
            {"change": CHANGE, "delivers": [{"upsert": {"plan": "free"}}]},
            '`plan` is expected to be "free", and is "gold"',
        ),
        ({"change": CHANGE, "delivers": [{"upsert": {"x": 1}}]}, "`x` is expected to be 1, and is left out"),
        (
            {"change": CHANGE, "exact": True, "delivers": [{"upsert": {"_user_id": "7", "balance": 123.45}}]},
            "not expected",
        ),
        ({"change": CHANGE, "delivers": [{"delete": "7"}]}, "a delivery `delete` is expected"),
        ({"change": CHANGE, "delivers": []}, "0 deliveries are expected, and there are 1: upsert"),
        ({"change": {"op": "c", "after": {}}, "delivers": []}, "rejected by contact.user_id"),
        (
            {"change": {"op": "t", "before": None}, "delivers": [{"delete": "1"}]},
            "skipped by `truncate`",
        ),
        (
            {"change": None, "key": {"x": 1}, "delivers": [{"delete": "1"}]},
            "the key lacks a column that the user id needs; if the topic holds envelopes",
        ),
        ({"change": {1: 2}, "delivers": []}, "not JSON"),
    ],
)
def test_examples_that_fail_say_what_is_different(example: dict[str, Any], words: str) -> None:
    """The author reads the field, the expected value and the actual one."""
    (message,) = run({"name": "it", **example})
    assert message.startswith("example `it`: ")
    assert words in message
