"""The topic files of the fuzzer: every shape, every `as:`, expressions, templates, keys and headers."""

from functools import cache
from typing import Any

from connector.translate.mapping import compiler
from connector.translate.mapping.deliver import Mapping
from connector.translate.mapping.rules import TopicRules
from connector.translate.values.forms import As

_FORMS: tuple[Any, ...] = (
    *As,
    {"timestamp": "us"},
    {"timestamp": "s"},
    {"timestamp": "ns"},
    {"decimal": 2},
    {"decimal": 0},
)

_PLAIN = {name: name for name in ("id", "a", "b", "email", "phone", "ts_ms", "payload", "name", "balance")}

_EXPRESSIONS = {
    "nested": "a.b.id",
    "searched": "to_string(a || b)",
    "summed": "sum(a)",
    "number": "to_number(b)",
    "filtered": "a[?id > `1`].id",
    "sorted": "sort(a)",
    "length": "length(b)",
    "compared": "a == b",
    "values": "values(a)",
    "whole": "@",
    "text": {"template": "{a} {b}-{id}"},
    "key": "__key.id",
    "whole_key": "__key",
    "headers": "__headers",
}

_EVENT = {
    "type": "seen",
    "on": ["create", "update", "delete", "read"],
    "user_id": "id || a",
    "parameters": {"a": "a", "b": {"from": "b", "as": "json"}},
}


def _topic_files() -> list[dict[str, Any]]:
    def contact(attributes: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        return {"user_id": "id", "attributes": attributes or {}, **more}

    shapes: list[dict[str, Any]] = [
        {"shape": shape, "contact": contact(_PLAIN), "format": form}
        for shape in ("auto", "envelope", "flattened", "outbox", "event")
        for form in ("auto", "auto", "auto", "json", "avro")
    ]
    return [
        *shapes,
        *[
            {"contact": contact(_PLAIN, user_id="_id"), "shape": shape}
            for shape in ("auto", "auto", "envelope")
        ],
        {"contact": contact(_PLAIN), "event": _EVENT},
        {"event": _EVENT | {"id": "a", "date": "b", "when": "a != 'x' && b < `7`"}},
        {"shape": "outbox", "event": _EVENT | {"user_id": "__key"}},
        {"shape": "flattened", "contact": contact(_PLAIN, user_id="_id", on_delete="clear")},
        {"contact": contact(_PLAIN, on_delete="clear", before="full"), "nulls": "omit"},
        {"contact": contact(_PLAIN, user_id={"template": "{id}-{a}"}, before="full")},
        {"contact": contact(on_delete="ignore", before="key")},
        *(
            {"contact": contact({"a": {"from": "a", "as": form}, "b": {"from": "b", "as": form}})}
            for form in _FORMS
        ),
        *({"contact": contact({name: rule}), "shape": "auto"} for name, rule in _EXPRESSIONS.items()),
        *({"contact": contact({name: rule}), "shape": "event"} for name, rule in _EXPRESSIONS.items()),
    ]


@cache
def mappings() -> tuple[Mapping, ...]:
    """Return the topic files, compiled; the topics are called t0, t1 and so on."""
    models = [
        TopicRules.model_validate({"topic": f"t{number}", **written})
        for number, written in enumerate(_topic_files())
    ]
    return tuple(map(compiler.compile_topic, models))
