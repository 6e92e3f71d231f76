"""`as:`: one entry in `TRANSFORMS` for each form.

An entry makes, once per rule, the function that reads a value. That function gets the decoded value
(never null, never a placeholder). It returns the value to send, or raises `ConversionError`. Where a schema
names the column's type, `transform_for` puts the reader of that type before it.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from connector.translate.formats.connect_schema import ConnectSchema
from connector.translate.values.column_types import column_type
from connector.translate.values.dates import read_date, timestamp_of
from connector.translate.values.forms import As, Form
from connector.translate.values.numbers import decimal_of, read_number
from connector.translate.values.phone import e164_of
from connector.translate.values.text import read_boolean, read_json, read_string, text_by
from connector.translate.values.unusable import LeftOut

ReadValue: TypeAlias = Callable[[Any], Any]

TRANSFORMS: Mapping[As, Callable[[Form], ReadValue]] = {
    As.LOWERCASE: lambda _form: text_by(str.lower),
    As.UPPERCASE: lambda _form: text_by(str.upper),
    As.TRIM: lambda _form: text_by(str.strip),
    As.STRING: lambda _form: read_string,
    As.BOOLEAN: lambda _form: read_boolean,
    As.JSON: lambda _form: read_json,
    As.E164: lambda form: e164_of(form.region),
    As.NUMBER: lambda _form: read_number,
    As.DECIMAL: lambda form: decimal_of(form.scale),
    As.DATE: lambda _form: read_date,
    As.TIMESTAMP: lambda form: timestamp_of(form.unit),
}


def transform_for(form: Form | None, schema: ConnectSchema, *, identifies: bool = False) -> ReadValue | None:
    """Make the reader of a column of a known type; None where a value needs no function.

    An `as:` that the type implies adds nothing: the schema's scale and unit count. A value that `identifies`
    a contact is never sent as a number: a decimal keeps all its digits.

    The reader raises the exceptions of the readers in `column_types.py`.
    """
    column = column_type(schema)
    if form is None or form.name in column.implies:
        return column.for_transform if identifies else column.for_sending
    # The scale of `as: {decimal: 2}` applies to base64; text of a known type is not base64.
    is_text = form.name is As.DECIMAL and schema.base not in ("bytes", "any")
    transform = decimal_of(None) if is_text else TRANSFORMS[form.name](form)
    return transform if column.for_transform is None else compose(column.for_transform, transform)


def compose(first: ReadValue, then: ReadValue) -> ReadValue:
    """Make the reader that passes the result of `first` to `then`, unless that leaves the value out."""

    def read(value: Any) -> Any:
        found = first(value)
        return found if type(found) is LeftOut else then(found)

    return read
