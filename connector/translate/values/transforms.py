"""`as:`: one entry in `TRANSFORMS` for each form.

An entry makes, once per rule, the function that reads a value. That function gets the decoded value
(never null, never a placeholder) and returns what is sent, or raises `UnreadableError`. Where a schema
says what the column is, `transform_for` puts before it the reader of the column's type.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from connector.translate.formats.connect_schema import ConnectSchema
from connector.translate.mapping.rules import As, PathRule
from connector.translate.values.column_types import semantics
from connector.translate.values.dates import read_date, timestamp_of
from connector.translate.values.numbers import decimal_of, read_number
from connector.translate.values.text import e164_of, read_boolean, read_json, read_string, text_by
from connector.translate.values.unusable import LeftOut

ReadValue: TypeAlias = Callable[[Any], Any]

TRANSFORMS: Mapping[As, Callable[[PathRule], ReadValue]] = {
    As.LOWERCASE: lambda _rule: text_by(str.lower),
    As.UPPERCASE: lambda _rule: text_by(str.upper),
    As.TRIM: lambda _rule: text_by(str.strip),
    As.STRING: lambda _rule: read_string,
    As.BOOLEAN: lambda _rule: read_boolean,
    As.JSON: lambda _rule: read_json,
    As.E164: lambda rule: e164_of(rule.region),
    As.NUMBER: lambda _rule: read_number,
    As.DECIMAL: lambda rule: decimal_of(rule.as_.scale if rule.as_ else None),
    As.DATE: lambda _rule: read_date,
    As.TIMESTAMP: lambda rule: timestamp_of(rule.as_.unit if rule.as_ else None),
}


def transform_for(rule: PathRule, schema: ConnectSchema, *, identifies: bool = False) -> ReadValue | None:
    """Make the reader of a rule for a column of a known type; None where a value needs no function.

    An `as:` that says no more than the schema adds nothing: the schema's scale and unit count. What
    `identifies` somebody is not sent as a number: a decimal stays one, with all its digits.

    The reader raises what those of `semantics` raise.
    """
    known = semantics(schema)
    if rule.as_ is None or rule.as_.name in known.says:
        return known.handed if identifies else known.sent
    # The scale of `as: {decimal: 2}` is about base64, which text of a known type is not.
    is_text = rule.as_.name is As.DECIMAL and schema.base not in ("bytes", "any")
    transform = decimal_of(None) if is_text else TRANSFORMS[rule.as_.name](rule)
    return transform if known.handed is None else in_turn(known.handed, transform)


def in_turn(first: ReadValue, then: ReadValue) -> ReadValue:
    """Make the reader that reads what another one has made, unless that leaves the value out."""

    def read(value: Any) -> Any:
        handed = first(value)
        return handed if type(handed) is LeftOut else then(handed)

    return read
