"""The interface of a converter: it writes keys, values or header values, each with its schema."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeAlias

from connector.sandbox.records.schema import AnySchema

Role: TypeAlias = Literal["key", "value"]
"""Which side of a record; subjects and headers are named after it."""


class Encoded(NamedTuple):
    """The bytes of a key or a value, None for Kafka's null, and the headers that say how to read them."""

    data: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


Write: TypeAlias = Callable[[Any], Encoded]
"""Writes a value of one schema; the value may be None."""


Converter: TypeAlias = Callable[[str, Role, AnySchema], Write]
"""Makes the writer for one schema, and registers the schema where the format needs that.

Called with a topic once for each role and schema; its writer for each record. A schema that the format cannot
write raises TypeError.
"""
