"""Rules become readers: one function call for each mapped field, made once per topic file and schema."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from connector.translate.debezium.change import Row
from connector.translate.formats.connect_schema import ConnectSchema
from connector.translate.mapping.expressions import Expression, Find, compile_expression
from connector.translate.mapping.rules import PathRule, Rule, TemplateRule
from connector.translate.values.column_types import column_type
from connector.translate.values.schemaless import to_json_value
from connector.translate.values.text import read_string
from connector.translate.values.transforms import TRANSFORMS, ReadValue, compose, transform_for
from connector.translate.values.unusable import (
    MISSING,
    UNAVAILABLE,
    UNAVAILABLE_TEXTS,
    ConversionError,
    LeftOut,
    is_unavailable,
)

Read: TypeAlias = Callable[[Row], Any]
"""Takes a row; returns the value to send (None included) or a `LeftOut`; raises `ConversionError`."""

_TEMPLATE_PART = re.compile(r"(\{\{|\}\})|\{([^{}]*)\}|([^{}]+)|(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Reader:
    """A compiled rule, and the top-level columns that it reads.

    `unchanged_column` names the column that the rule sends unchanged. That is the commonest rule of all, and
    `fill` needs no call for it.
    """

    read: Read
    columns: frozenset[str]
    unchanged_column: str | None = None


def compile_rule(rule: Rule, schema: ConnectSchema | None = None, *, identifies: bool = False) -> Reader:
    """Compile a rule of any form for rows of a schema, or for rows without one.

    A value that `identifies` a contact is never sent as a number: a decimal keeps all its digits.

    Raises:
        ValueError: a path or template cannot be compiled; the text says why.
    """
    if isinstance(rule, PathRule):
        expression = compile_expression(rule.from_, schema)
        column = column_schema(schema, expression.path)
        transform = _transform(rule, column, identifies=identifies)
        unchanged = transform in (to_json_value, _unchanged) and len(expression.path) == 1
        read = _path_reader(expression, transform, rule.from_)
        return Reader(read, expression.columns, expression.path[0] if unchanged else None)
    if isinstance(rule, TemplateRule):
        return _template_reader(rule.template, schema)
    constant = rule.value
    return Reader(lambda _row: constant, frozenset())


def column_schema(schema: ConnectSchema | None, path: Sequence[str]) -> ConnectSchema | None:
    """Return the schema of the column or member at a plain path, None where it is not known."""
    for name in path:
        schema = schema.fields.get(name) if schema is not None else None
    return schema if path else None


def _transform(rule: PathRule, column: ConnectSchema | None, *, identifies: bool) -> ReadValue:
    """Choose the conversion of the value: by its semantic type, then by `as:`."""
    without_as = _unchanged if identifies else to_json_value
    if column is not None:
        return transform_for(rule.form, column, identifies=identifies) or without_as
    return TRANSFORMS[rule.form.name](rule.form) if rule.form else without_as


def _unchanged(value: Any) -> Any:
    return value


def _path_reader(expression: Expression, transform: ReadValue, name: str) -> Read:
    if len(expression.path) == 1:
        return _transformed_column(expression.path[0], transform)
    return _transformed(expression.find, transform, name)


def _transformed_column(column: str, transform: ReadValue) -> Read:
    """Do as `_transformed`, with the look-up of a single column written out."""

    def read(row: Row) -> Any:
        value = row.get(column, MISSING)
        kind = type(value)
        if kind is str:
            if value in UNAVAILABLE_TEXTS:
                return UNAVAILABLE
        elif kind is not int:
            if value is None or kind is LeftOut:
                return value
            if is_unavailable(value):
                return UNAVAILABLE
        try:
            return transform(value)
        except ConversionError as error:
            raise ConversionError(f"column {column}: {error}") from None

    return read


def _transformed(find: Find, transform: ReadValue, name: str) -> Read:
    def read(row: Row) -> Any:
        value = find(row)
        if value is None or type(value) is LeftOut:
            return value
        if is_unavailable(value):
            return UNAVAILABLE
        try:
            return transform(value)
        except ConversionError as error:
            raise ConversionError(f"column {name}: {error}") from None

    return read


def _template_reader(template: str, schema: ConnectSchema | None) -> Reader:
    """Compile a template; `{{` and `}}` are braces. A missing or null column leaves the field out."""
    parts: list[str | Find] = []
    columns: set[str] = set()
    for brace, path, text, stray in _TEMPLATE_PART.findall(template):
        if stray:
            raise ValueError("a brace is alone; write {{ or }} for a brace in the text")
        if brace or text:
            parts.append(brace[:1] or text)
            continue
        expression = compile_expression(path) if path else None
        if expression is None or not expression.path:
            raise ValueError(f"{{{path}}} is not a path into the row")
        columns |= expression.columns
        column = column_schema(schema, expression.path)
        first = None if column is None else column_type(column).for_transform
        write = read_string if first is None else compose(first, read_string)
        parts.append(_path_reader(expression, write, path))
    if not columns:
        raise ValueError("the template has no {column}; write `value:` for text that is always the same")
    return Reader(_fill_in(tuple(parts)), frozenset(columns))


def _fill_in(parts: tuple[str | Find, ...]) -> Read:
    def read(row: Row) -> Any:
        texts = []
        for part in parts:
            text = part if isinstance(part, str) else part(row)
            if text is None:
                return MISSING
            if type(text) is LeftOut:
                return text
            texts.append(text)
        return "".join(texts)

    return read
