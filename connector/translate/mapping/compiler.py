"""Compiles a topic file once at start, so that a record costs only look-ups."""

from collections.abc import Callable, Iterator
from functools import lru_cache, partial

import orjson
import phonenumbers

from connector.errors import Problem
from connector.model import Operation
from connector.translate.debezium.metadata import wanted_metadata
from connector.translate.formats.connect_schema import ConnectSchema
from connector.translate.mapping.contact_plan import ContactPlan, Fields
from connector.translate.mapping.deliver import Mapping
from connector.translate.mapping.event_plan import EventPlan
from connector.translate.mapping.expressions import compile_condition, compile_expression
from connector.translate.mapping.fast_path import compile_fast_path
from connector.translate.mapping.readers import Read, Reader, compile_rule
from connector.translate.mapping.rules import ContactRules, EventRules, PathRule, Rule, TopicRules, ValueRule

KEY_SCHEMAS_MAX = 64


def compile_topic(rules: TopicRules, schema: ConnectSchema | None = None) -> Mapping:
    """Compile the rules of one topic file, in which `problems` has found none.

    With a schema, the mapping is for rows of that schema, and its semantic types choose how columns are sent.

    Raises:
        ValueError: a rule cannot be compiled.
    """
    omit_nulls = rules.nulls == "omit"
    contact = _contact(rules.contact, omit_nulls, schema) if rules.contact else None
    columns = _columns(rules)
    metadata = wanted_metadata(columns)
    return Mapping(
        rules=rules,
        contact=contact,
        event=_event(rules.event, rules.contact, omit_nulls, schema) if rules.event else None,
        columns=columns,
        metadata=metadata,
        fast_path=compile_fast_path(rules, contact, metadata=bool(metadata)),
    )


def problems(rules: TopicRules) -> list[Problem]:
    """Return all problems of the rules, with paths inside the topic file."""
    found: list[Problem] = []
    for path, rule in _all_rules(rules):
        found += rule_problems(path, rule)
    if rules.event and rules.event.when:
        found += _attempt("event.when", partial(compile_condition, rules.event.when))
    return found


def _columns(rules: TopicRules) -> frozenset[str]:
    """Return the top-level columns that the rules read, and the metadata roots."""
    columns: set[str] = set()
    for _, rule in _all_rules(rules):
        columns |= compile_rule(rule).columns
    if rules.event and rules.event.when:
        columns |= compile_expression(rules.event.when).columns
    return frozenset(columns)


def _contact(rules: ContactRules, omit_nulls: bool, schema: ConnectSchema | None) -> ContactPlan:
    user_id_for = _reader_for(rules.user_id)
    return ContactPlan(
        user_id=user_id_for(schema),
        user_id_for=user_id_for,
        attributes=_fields("contact.attributes", rules.attributes, omit_nulls, schema),
        # A plain domain record names no operation; it counts as an update.
        instant=(*rules.instant, None) if Operation.UPDATE in rules.instant else rules.instant,
        on_delete=rules.on_delete,
        before=rules.before,
    )


def _event(
    rules: EventRules, contact: ContactRules | None, omit_nulls: bool, schema: ConnectSchema | None
) -> EventPlan:
    user_id_for = _reader_for(rules.user_id)
    return EventPlan(
        type=rules.type,
        on=(*rules.on, None),
        user_id=user_id_for(schema),
        user_id_for=user_id_for,
        id=compile_rule(rules.id, schema, identifies=True).read if rules.id else None,
        date=compile_rule(rules.date, schema).read if rules.date else None,
        parameters=_fields("event.parameters", rules.parameters, omit_nulls, schema),
        contact_wait_ms=rules.contact_wait_seconds * 1000,
        when=compile_condition(rules.when, schema) if rules.when else None,
        before=contact.before if contact else "auto",
    )


def _reader_for(rule: Rule) -> Callable[[ConnectSchema | None], Reader]:
    """Return the compiler of `user_id`, because rows and keys may have different schemas."""
    return lru_cache(maxsize=KEY_SCHEMAS_MAX)(partial(compile_rule, rule, identifies=True))


def _fields(path: str, rules: dict[str, Rule], omit_nulls: bool, schema: ConnectSchema | None) -> Fields:
    readers = ((name, compile_rule(rule, schema)) for name, rule in rules.items())
    unchanged: list[tuple[str, str, Read]] = []
    computed: list[tuple[str, Read]] = []
    for name, reader in readers:
        if reader.unchanged_column is None:
            computed.append((name, reader.read))
        else:
            unchanged.append((name, reader.unchanged_column, reader.read))
    return Fields(path, tuple(unchanged), tuple(computed), omit_nulls)


# --------------------------------------------------------------------------------------- problems


def _all_rules(rules: TopicRules) -> Iterator[tuple[str, Rule]]:
    if rules.contact:
        yield "contact.user_id", rules.contact.user_id
        for name, rule in rules.contact.attributes.items():
            yield f"contact.attributes.{name}", rule
    if rules.event:
        yield "event.user_id", rules.event.user_id
        if rules.event.id:
            yield "event.id", rules.event.id
        if rules.event.date:
            yield "event.date", rules.event.date
        for name, rule in rules.event.parameters.items():
            yield f"event.parameters.{name}", rule


def rule_problems(path: str, rule: Rule) -> Iterator[Problem]:
    """Return all problems of one rule; `path` is its place in the topic file."""
    if isinstance(rule, ValueRule):
        if path in _IDENTIFIERS:
            yield Problem("a constant cannot identify anything", path, "take it from the row: `from: id`")
        else:
            yield from _attempt(path, partial(orjson.dumps, rule.value), "only what JSON can hold")
        return
    if isinstance(rule, PathRule) and rule.region and rule.region not in phonenumbers.SUPPORTED_REGIONS:
        yield Problem(
            f"{rule.region} is no country with phone numbers", f"{path}.region", "ISO 3166, such as ES"
        )
    yield from _attempt(path, partial(compile_rule, rule))


_IDENTIFIERS = ("contact.user_id", "event.user_id", "event.id")


def _attempt(path: str, compile_it: Callable[[], object], hint: str = "") -> Iterator[Problem]:
    try:
        compile_it()
    except (ValueError, TypeError) as error:
        yield Problem(str(error), path, hint)
