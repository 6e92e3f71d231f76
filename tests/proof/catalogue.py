"""The codes that tests name, with titles, as docs/reference/faults.md has them."""

import re
from collections.abc import Mapping
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "faults.md"

_ENTRY = re.compile(
    r"^(?:\| ([FP]\d+) \| ([^|]+) \||- \*\*([IS]\d+) (.+?)\.\*\*)",
    re.MULTILINE,
)
"""A row of a table, or an item of a list whose title is bold."""


def _titles() -> dict[str, str]:
    found = _ENTRY.findall(PAGE.read_text("utf-8"))
    return dict(sorted((row or item, title or bold) for row, title, item, bold in found))


TITLES: Mapping[str, str] = _titles()


def _part(letter: str) -> Mapping[str, str]:
    return {code: title for code, title in TITLES.items() if code.startswith(letter)}


FAULTS = _part("F")
INVARIANTS = _part("I")
PITFALLS = _part("P")
SECURITY = _part("S")

CATALOGUE: Mapping[str, Mapping[str, str]] = {
    "Faults": FAULTS,
    "Invariants": INVARIANTS,
    "Pitfalls of the Kafka client": PITFALLS,
    "Security": SECURITY,
}
