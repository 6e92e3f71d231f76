"""`as: e164`: phone numbers in the international form, such as +34612345678."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import phonenumbers

from connector.translate.values.unusable import ConversionError

_LENGTH_MAX = 64
_NUMBERS_CACHED = 65_536  # reading one costs as much as ten records; some 20 MB when full


def e164_of(region: str | None) -> Callable[[Any], str]:
    """Make the reader of phone numbers; `region` is the country of national numbers."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or len(value) > _LENGTH_MAX:
            raise ConversionError("a phone number is expected")
        number = _e164(value, region)
        if number is None:
            raise ConversionError("a possible phone number is expected")
        return number

    return read


@lru_cache(maxsize=_NUMBERS_CACHED)
def _e164(text: str, region: str | None) -> str | None:
    """Return the number in E.164, or None where its country has no number of that length.

    The number need not be assigned: the library's tables are older than the newest ranges.
    """
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
