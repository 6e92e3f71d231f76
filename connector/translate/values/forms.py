"""The forms of `as:`: a rule names one, and `transforms.py` has its function."""

from enum import StrEnum
from typing import Literal, NamedTuple, TypeAlias


class As(StrEnum):
    """The names of the forms, as topic files write them."""

    LOWERCASE = "lowercase"
    UPPERCASE = "uppercase"
    TRIM = "trim"
    E164 = "e164"
    DATE = "date"
    TIMESTAMP = "timestamp"
    DECIMAL = "decimal"
    NUMBER = "number"
    STRING = "string"
    BOOLEAN = "boolean"
    JSON = "json"


TimeUnit: TypeAlias = Literal["s", "ms", "us", "ns"]


class Form(NamedTuple):
    """One `as:` with its options: `unit` of a timestamp, `scale` of a decimal, `region` of a phone number.

    Without a unit or a scale, the value itself must say it.
    """

    name: As
    unit: TimeUnit | None = None
    scale: int | None = None
    region: str | None = None
