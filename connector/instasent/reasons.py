"""An error of the API → a text that may be logged.

The API's messages may quote what they refuse (S08). Names of fields stay, because the
operator needs them; values go.
"""

import re
from collections.abc import Collection, Iterator

LENGTH_MAX = 300

_MASK = "…"
_SAYING = ("message", "error", "errors", "detail")
"""Where an error body holds its message (`ingest-api.md 8`); the rest is of no use here."""

_ADDRESS = re.compile(r"\S+@\S+")
_NUMBER = re.compile(r"\+?\d(?:[\s().-]*\d){3,}")
_WORD = re.compile(r"[\w-]*\d[\w-]*")
_QUOTED = re.compile(r"([\"'`«])([^\"'`«»]+)([\"'`»])")
_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


def describe(error: object, item: object = None) -> str:
    """Render an error of the API in one line of at most 300 characters, without the values of `item`.

    `error` is a string, `{field: [message, …]}`, or an object with `message`, `error` or `errors`
    (`ingest-api.md 3`, `ingest-api.md 8`). Empty where it says nothing.
    """
    names, values = set[str](), set[str]()
    _collect(item, names, values)
    longest_first = sorted(values, key=len, reverse=True)
    text = "; ".join(_mask(part, names, longest_first) for part in _parts(error))
    return text if len(text) <= LENGTH_MAX else text[: LENGTH_MAX - 1] + _MASK


def _parts(error: object) -> Iterator[str]:
    if isinstance(error, str) and error.strip():
        yield error[:1000]  # before the patterns, which are slow on long texts
    elif isinstance(error, list):
        for part in error[:20]:
            yield from _parts(part)
    elif isinstance(error, dict):
        said = {name: error[name] for name in _SAYING if error.get(name)}
        for name, inner in list((said or error).items())[:20]:
            text = ", ".join(_parts(inner))
            if text:
                yield text if said else f"{name}: {text}"


def _collect(item: object, names: set[str], values: set[str]) -> None:
    """Gather the names and the values of an item; a value of one character would hide half of the text."""
    if isinstance(item, dict):
        names.update(item)
        for value in item.values():
            _collect(value, names, values)
    elif isinstance(item, list):
        for value in item:
            _collect(value, names, values)
    elif isinstance(item, (str, int, float)) and len(str(item)) > 1:
        values.add(str(item))


def _mask(text: str, names: Collection[str], values: Collection[str]) -> str:
    for value in values:
        if value in text:
            text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", _MASK, text)
    text = _WORD.sub(_mask_identifier, _ADDRESS.sub(_MASK, text))
    text = _NUMBER.sub(_MASK, text)
    text = _QUOTED.sub(
        lambda found: (
            found[0] if found[2].startswith("_") or found[2] in names else f"{found[1]}{_MASK}{found[3]}"
        ),
        text,
    )
    return _SPACE.sub(" ", text).strip()


def _mask_identifier(found: re.Match[str]) -> str:
    digits = sum(character.isdigit() for character in found[0])
    return _MASK if digits >= 4 else found[0]
