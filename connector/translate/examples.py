"""Runs the examples of a topic file: compares the expected deliveries with the real ones."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import orjson

from connector.errors import Problem
from connector.model import AwaitsSchema, Delete, Delivery, Event, Record, Rejection, Skip, Translated, Upsert
from connector.translate.mapping.compiler import compile_topic
from connector.translate.mapping.rules import Example, ExpectedDelivery, TopicRules
from connector.translate.translate import Translator

_SOURCE = {"connector": "example", "name": "example"}
"""The `source` of an example without one, so that its change counts as an envelope."""


def failures(rules: TopicRules) -> list[Problem]:
    """Run every example and return one problem for each that fails; `compiler.problems` must be empty."""
    translator = Translator([compile_topic(rules)])
    found: list[Problem] = []
    for index, example in enumerate(rules.examples):
        path = f"examples[{index}]"
        try:
            record = _record(rules, example, index)
        except orjson.JSONEncodeError as error:
            found.append(Problem(f"example `{example.name}`: not JSON: {error}", path))
            continue
        difference = _difference(example, translator.translate(record))
        if difference:
            found.append(Problem(f"example `{example.name}`: {difference}", path))
    return found


def _record(rules: TopicRules, example: Example, offset: int) -> Record:
    change = example.change
    if (
        rules.shape != "event"
        and isinstance(change, dict)
        and "op" in change
        and ("before" in change or "after" in change)
    ):
        change = {"source": _SOURCE, **change}
    headers = [(name, None if text is None else text.encode()) for name, text in example.headers.items()]
    return Record(
        topic=rules.topic or "example",
        partition=0,
        offset=offset,
        key=None if example.key is None else orjson.dumps(example.key),
        value=None if change is None else orjson.dumps(change),
        timestamp_ms=0,
        read_headers=lambda: headers,
    )


def _difference(example: Example, translated: Translated) -> str:
    """Return the differences from the example's expectation; empty for none."""
    if isinstance(translated, Rejection):
        return f"the record is rejected by {translated.rule}: {translated.reason}"
    if isinstance(translated, AwaitsSchema):
        return f"the record needs schema {translated.ref}, and examples have no registry"
    if isinstance(translated, Skip):
        return f"the record is skipped by `{translated.rule}`" if example.delivers else ""
    if len(translated) != len(example.delivers):
        kinds = ", ".join(type(delivery).__name__.lower() for delivery in translated)
        return f"{len(example.delivers)} deliveries are expected, and there are {len(translated)}: {kinds}"
    pairs = zip(example.delivers, translated, strict=True)
    return next((text for pair in pairs for text in _differences(*pair, exact=example.exact)), "")


def _differences(expected: ExpectedDelivery, delivery: Delivery, *, exact: bool) -> Iterator[str]:
    kind, body = _named(expected)
    actual_kind = type(delivery).__name__.lower()
    if kind != actual_kind:
        yield f"a delivery `{kind}` is expected, and there is `{actual_kind}`"
        return
    actual = _plain({"_user_id": delivery.user_id} if isinstance(delivery, Delete) else delivery.body)
    for name, value in _plain(body).items():
        if name not in actual:
            yield f"`{name}` is expected to be {_shown(value)}, and is left out"
        elif _shown(actual[name]) != _shown(value) and actual[name] != value:
            yield f"`{name}` is expected to be {_shown(value)}, and is {_shown(actual[name])}"
    if exact:
        for name in actual.keys() - body.keys():
            yield f"`{name}` is not expected, and is {_shown(actual[name])}"


def _named(expected: ExpectedDelivery) -> tuple[str, dict[str, Any]]:
    if expected.upsert is not None:
        return Upsert.__name__.lower(), expected.upsert
    if expected.event is not None:
        return Event.__name__.lower(), expected.event
    return Delete.__name__.lower(), {"_user_id": expected.delete}


def _plain(body: dict[str, Any]) -> dict[str, Any]:
    """Write and read again: exact digits and dates become comparable with YAML's values."""
    plain: dict[str, Any] = json.loads(orjson.dumps(body), parse_float=Decimal)
    return plain


def _shown(value: Any) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)
