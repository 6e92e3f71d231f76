"""Expressions of the mapping language: plain dotted paths become direct look-ups, the rest is JMESPath."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions

from connector.translate.debezium.change import Row
from connector.translate.formats.connect_schema import ConnectSchema
from connector.translate.formats.decoded import WHOLE_ROW
from connector.translate.mapping.decimal_jmespath import search_of
from connector.translate.values.column_types import column_type
from connector.translate.values.unusable import (
    MISSING,
    NOT_A_NUMBER,
    UNAVAILABLE,
    ConversionError,
    LeftOut,
    is_unavailable,
)

Find: TypeAlias = Callable[[Row], Any]

_EVALUATION_ERRORS = (
    JMESPathError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""The errors that an expression on an arbitrary row can raise."""

_INNER_SCOPE = {
    "subexpression",
    "index_expression",
    "pipe",
    "projection",
    "value_projection",
    "filter_projection",
}
"""Nodes of which only the first child reads the row; the others read the result of the first."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression. `columns` are the top-level columns it reads, or hold `WHOLE_ROW`.

    `path` holds the names of a plain path and is empty for anything else.
    """

    find: Find
    columns: frozenset[str]
    path: tuple[str, ...] = ()


def compile_expression(text: str, schema: ConnectSchema | None = None) -> Expression:
    """Compile a path or JMESPath expression, for rows of a schema where there is one.

    On a plain path a missing column is MISSING and a null is None. JMESPath cannot distinguish the two, so a
    null from any other expression is left out: nothing is cleared by accident. An expression over a column
    that holds the unavailable placeholder is unavailable itself. A plain path finds the decoded column;
    other expressions see the value that the schema describes.

    Raises:
        ValueError: it cannot be compiled; the text says why.
    """
    try:
        compiled = jmespath.compile(text)
    except JMESPathError as error:
        raise ValueError(" ".join(str(error).split())) from None
    unknown = _unknown_function(compiled.parsed)
    if unknown:
        raise ValueError(unknown)
    path = _plain_path(compiled.parsed)
    columns = frozenset(_columns(compiled.parsed))
    if len(path) == 1:
        return Expression(_column(path[0]), columns, path)
    if path:
        return Expression(_nested(path), columns, path)
    search = search_of(compiled.parsed)
    return Expression(_searched(search, columns, _conversions(schema, columns)), columns)


def _conversions(schema: ConnectSchema | None, columns: frozenset[str]) -> dict[str, Callable[[Any], Any]]:
    """Return how the columns of an expression are converted, for those that have to be."""
    if schema is None:
        return {}
    names = schema.fields if WHOLE_ROW in columns else columns & schema.fields.keys()
    converters = {name: column_type(schema.fields[name]).for_expression for name in names}
    return {name: convert for name, convert in converters.items() if convert is not None}


def compile_condition(text: str, schema: ConnectSchema | None = None) -> Callable[[Row], bool]:
    """Compile a condition; it holds where JMESPath finds the result truthy.

    Raises:
        ValueError: it cannot be compiled; the text says why.
    """
    expression = compile_expression(text, schema)

    def holds(row: Row) -> bool:
        found = expression.find(row)
        if found is UNAVAILABLE:
            raise ConversionError("the condition needs a column whose value the source did not send")
        return not (found is MISSING or found is None or found is False or found in ("", [], {}))

    return holds


def _column(name: str) -> Find:
    return lambda row: row.get(name, MISSING)


def _nested(path: tuple[str, ...]) -> Find:
    def find(row: Row) -> Any:
        value: Any = row
        for name in path:
            if type(value) is not dict or name not in value:
                return MISSING
            value = value[name]
        return value

    return find


def _searched(
    search: Callable[[Row], Any], columns: frozenset[str], conversions: dict[str, Callable[[Any], Any]]
) -> Find:
    def find(row: Row) -> Any:
        read = row.values() if WHOLE_ROW in columns else map(row.get, columns)
        if any(map(is_unavailable, read)):
            return UNAVAILABLE
        if conversions:
            row = _converted(row, conversions)
        try:
            found = search(row)
        except _EVALUATION_ERRORS as error:
            raise ConversionError(f"the expression cannot be evaluated ({type(error).__name__})") from None
        if found is None:
            return MISSING
        if type(found) is float and not abs(found) < float("inf"):
            return NOT_A_NUMBER
        return found

    return find


def _converted(row: Row, conversions: dict[str, Callable[[Any], Any]]) -> Row:
    """Return the row with its columns converted; columns that are left out are missing."""
    converted = dict(row)
    for name, convert in conversions.items():
        value = row.get(name)
        if value is not None:
            converted[name] = convert(value)
            if type(converted[name]) is LeftOut:
                del converted[name]
    return converted


# ----------------------------------------------------------------------- reading the syntax tree


def _plain_path(node: Mapping[str, Any]) -> tuple[str, ...]:
    if node["type"] == "field":
        return (node["value"],)
    if node["type"] == "subexpression" and all(child["type"] == "field" for child in node["children"]):
        return tuple(child["value"] for child in node["children"])
    return ()


def _columns(node: Mapping[str, Any]) -> set[str]:
    if node["type"] == "field":
        return {node["value"]}
    if node["type"] == "literal":
        return set()
    children = node["children"]
    if not children or node["type"] == "expref":
        return {WHOLE_ROW}
    if node["type"] in _INNER_SCOPE:
        return _columns(children[0])
    return set().union(*map(_columns, children))


def _unknown_function(node: Mapping[str, Any]) -> str:
    """Name a function that does not exist; JMESPath itself says so only when it is called."""
    if node["type"] == "function_expression" and node["value"] not in Functions.FUNCTION_TABLE:
        return f"unknown function {node['value']}()"
    return next(filter(None, map(_unknown_function, node["children"])), "")
