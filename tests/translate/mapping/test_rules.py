"""The mapping language, as it is read from YAML values."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from connector.model import Operation
from connector.translate.mapping.rules import (
    ExpectedDelivery,
    PathRule,
    Rule,
    TemplateRule,
    TopicRules,
    ValueRule,
)
from connector.translate.values.forms import As, Form

RULE: TypeAdapter[PathRule | TemplateRule | ValueRule] = TypeAdapter(Rule)


def contact(**more: Any) -> dict[str, Any]:
    """Return a small topic file with further keys."""
    return {"topic": "a", "contact": {"user_id": "id"}, **more}


def hints_of(model: Any, values: Any) -> str:
    """Return the messages about values that must be refused."""
    with pytest.raises(ValidationError) as caught:
        model(values)
    return " ".join(f"{error['msg']} {error.get('ctx', {}).get('hint')}" for error in caught.value.errors())


def test_the_forms_of_a_rule() -> None:
    """Text is a path; otherwise the one key that only this form has decides."""
    path = RULE.validate_python("customer.id")
    assert path == RULE.validate_python({"from": "customer.id"})
    assert isinstance(path, PathRule)
    assert path.from_ == "customer.id"
    template = RULE.validate_python({"template": "{a} {b}"})
    assert isinstance(template, TemplateRule)
    assert template.template == "{a} {b}"
    for constant in (None, 0, "x", [1], {"a": 1}):
        assert RULE.validate_python({"value": constant}) == ValueRule(value=constant)


@pytest.mark.parametrize(
    ("form", "transform"),
    [
        *((name.value, Form(name)) for name in As),
        ({"timestamp": "us"}, Form(As.TIMESTAMP, unit="us")),
        ({"decimal": 2}, Form(As.DECIMAL, scale=2)),
        ({"decimal": "2"}, Form(As.DECIMAL, scale=2)),
    ],
)
def test_the_forms_of_as(form: object, transform: Form) -> None:
    """Every `as:` becomes a name, with the unit or scale that the value does not carry."""
    rule = RULE.validate_python({"from": "x", "as": form})
    assert isinstance(rule, PathRule)
    assert rule.as_ == transform


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("", "at least 1 character"),
        ({}, "not a rule"),
        (3, "not a rule"),
        ({"from": "x", "value": 1}, "not permitted"),
        ({"from": "x", "from_": "x"}, "not permitted"),
        ({"from": "x", "as": "lowrcase"}, "did you mean `lowercase`?"),
        ({"from": "x", "as": {"timestamp": "minutes"}}, "timestamp: s|ms|us|ns"),
        ({"from": "x", "as": {"timestamp": "s", "decimal": 1}}, "not a form of `as`"),
        ({"from": "x", "as": {"decimal": True}}, "not a form of `as`"),
        ({"from": "x", "as": {"decimal": -1}}, "not a form of `as`"),
        ({"from": "x", "region": "ES"}, "it belongs to `as: e164`"),
        ({"from": "x", "as": "e164", "region": "es"}, "pattern"),
    ],
)
def test_what_is_no_rule(rule: object, words: str) -> None:
    """The message about a mistake leads to the right form (F098)."""
    assert words in hints_of(RULE.validate_python, rule)


def test_defaults_of_a_topic() -> None:
    """The defaults are those of docs/configuration.md."""
    rules = TopicRules.model_validate(contact(event={"type": "t", "user_id": "id"}))
    assert (rules.format, rules.shape, rules.start, rules.offsets_lost, rules.nulls) == (
        "auto",
        "auto",
        "earliest",
        "pause",
        "send",
    )
    assert rules.contact is not None
    assert rules.contact.instant == (Operation.CREATE, Operation.UPDATE)
    assert (rules.contact.on_delete, rules.contact.before) == ("delete", "auto")
    assert rules.event is not None
    assert rules.event.on == (Operation.CREATE,)
    assert rules.event.contact_wait_seconds == 60


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"contact": {"user_id": "id"}}, "exactly one of `topic` and `pattern`"),
        (contact(pattern="^a"), "exactly one of `topic` and `pattern`"),
        ({"topic": "a"}, "`contact`, `event` or both"),
        (contact(contact={"user_id": "id", "attributes": {"_user_id": "id"}}), "write `contact.user_id`"),
        ({"pattern": "a", "contact": {"user_id": "id"}}, "begins with ^"),
        ({"pattern": "^(?:a)", "contact": {"user_id": "id"}}, "not a POSIX expression"),
        ({"pattern": "^\\w", "contact": {"user_id": "id"}}, "not a POSIX expression"),
        ({"pattern": "^a+?", "contact": {"user_id": "id"}}, "not a POSIX expression"),
        ({"pattern": "^[a", "contact": {"user_id": "id"}}, "not a regular expression"),
    ],
)
def test_what_is_no_topic(values: dict[str, Any], words: str) -> None:
    """A topic is named once, maps something, and its pattern means the same to librdkafka and to us."""
    assert words in hints_of(TopicRules.model_validate, values)


def test_matching() -> None:
    """A name matches itself; a pattern is searched from the start, as librdkafka does."""
    exact = TopicRules.model_validate(contact())
    assert exact.source == "a"
    assert exact.matches("a")
    assert not exact.matches("ab")
    pattern = TopicRules.model_validate({"pattern": "^shop\\.(a|b)", "contact": {"user_id": "id"}})
    assert pattern.source == "^shop\\.(a|b)"
    assert pattern.matches("shop.a")
    assert pattern.matches("shop.brands")
    assert not pattern.matches("my.shop.a")


@pytest.mark.parametrize("values", [{}, {"upsert": {}, "delete": "7"}, {"delete": ""}, {"unknown": 1}])
def test_an_expected_delivery_is_one_thing(values: dict[str, Any]) -> None:
    """An example says exactly one of upsert, delete and event for each delivery."""
    with pytest.raises(ValidationError):
        ExpectedDelivery.model_validate(values)
