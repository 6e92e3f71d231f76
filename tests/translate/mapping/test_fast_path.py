"""The fast path gives the same result as the general path, and is taken where it should be."""

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.model import Record, Translated, Upsert
from connector.translate.mapping import compiler
from connector.translate.mapping.rules import TopicRules
from connector.translate.translate import Translator
from tests.translate.records import PLACEHOLDER, envelope, record

RULES = {
    "topic": "shop.public.customers",
    "contact": {
        "user_id": "id",
        "attributes": {"a": "a", "b": "b", "low": {"from": "a", "as": "lowercase"}, "n": {"value": 1}},
        "instant": ["create"],
    },
}

VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["x", "", PLACEHOLDER])
    | st.lists(st.integers(), max_size=2)
)
ROWS = st.dictionaries(st.sampled_from(["id", "a", "b", "c", "type", "data"]), VALUES, max_size=6)
CHANGES = st.builds(
    envelope,
    st.sampled_from("cudrtmCx"),
    after=ROWS | st.none(),
    before=ROWS | st.none(),
    connector=st.sampled_from(["postgresql", "mysql", "mongodb", "cassandra", "", 7, None]),
)


def translators(**more: Any) -> tuple[Translator, Translator]:
    """Compile one topic file with and without the fast path."""
    mapping = compiler.compile_topic(TopicRules.model_validate({**RULES, **more}))
    assert mapping.fast_path is not None
    return Translator([mapping]), Translator([replace(mapping, fast_path=None)])


def shown(translated: Translated) -> Any:
    """Write the outcome so that it can be compared."""
    if isinstance(translated, list):
        return [
            (type(one).__name__, one.user_id, one.instant, sorted(json.loads(orjson.dumps(one.body)).items()))
            if isinstance(one, Upsert)
            else repr((type(one).__name__, one.user_id))
            for one in translated
        ]
    return translated


@settings(max_examples=2000, deadline=None)
@given(change=CHANGES | ROWS | VALUES, shape=st.sampled_from(["auto", "envelope"]), omit=st.booleans())
def test_both_paths_agree(change: Any, shape: str, omit: bool) -> None:
    """Whatever a record holds, the fast path gives the same result or declines it (F036, F044)."""
    with_it, without_it = translators(shape=shape, nulls="omit" if omit else "send")
    one = Record("shop.public.customers", 0, 0, b'{"id":7}', json.dumps(change).encode(), 0, lambda: None)
    assert shown(with_it.translate(one)) == shown(without_it.translate(one))
    assert with_it.counts == without_it.counts


@pytest.mark.parametrize("op", ["c", "u", "r"])
def test_it_is_taken(op: str) -> None:
    """Creates, updates and reads of a usual row need nothing else."""
    mapping = compiler.compile_topic(TopicRules.model_validate(RULES))
    assert mapping.fast_path is not None
    value = envelope(op, after={"id": 7, "a": "x", "b": 1, "c": 2})
    upsert = mapping.fast_path.upsert(value, Counter())
    assert upsert is not None
    assert upsert.instant is (op == "c")


@pytest.mark.parametrize(
    "more",
    [
        {"shape": "flattened"},
        {"event": {"type": "seen", "user_id": "id"}},
        {"contact": {"user_id": "id", "attributes": {"k": "__key"}}},
        {"contact": {"user_id": {"template": "{id}-x"}}},
    ],
)
def test_it_is_compiled_only_where_it_can_occur(more: dict[str, Any]) -> None:
    """Other shapes, events, metadata and other rules for the user id take the general path."""
    assert compiler.compile_topic(TopicRules.model_validate({**RULES, **more})).fast_path is None


def test_a_signal_takes_the_general_path() -> None:
    """A row of the signalling table is skipped by either path."""
    row = {"id": "1", "type": "execute-snapshot", "data": None}
    with_it, without_it = translators()
    one = record(envelope("c", after=row), {"id": 1})
    assert with_it.translate(one) == without_it.translate(one)
