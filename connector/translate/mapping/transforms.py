"""`as:`: one entry in `TRANSFORMS` for each form.

An entry makes, once per rule, the function that reads a value. That function gets the decoded value
(never null, never a placeholder) and returns what is sent, or raises `UnreadableError`.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from connector.translate.mapping.numbers import decimal_of, read_number
from connector.translate.mapping.rules import As, PathRule
from connector.translate.mapping.texts import e164_of, read_boolean, read_json, read_string, text_by
from connector.translate.mapping.times import read_date, timestamp_of

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
