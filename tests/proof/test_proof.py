"""docs/proof.md says what the tests say, and every number of the catalogue has a test or a reason."""

from pathlib import Path

import pytest

from tests.proof.catalogue import CATALOGUE, FAULTS, INVARIANTS, PITFALLS, SECURITY, TITLES
from tests.proof.claims import claims, numbers
from tests.proof.layers import Layer, layer
from tests.proof.page import covered, filled
from tests.proof.reasons import NARROWER, UNTESTED

PAGE = Path(__file__).parents[2] / "docs" / "proof.md"


def test_the_page_is_what_the_tests_say() -> None:
    """Every test that names a number is on it."""
    text = PAGE.read_text(encoding="utf-8")
    assert text == filled(text), "make proof"


def test_every_number_exists() -> None:
    """A docstring that names a number that there is not claims nothing."""
    unknown = [
        f"{claim.path}::{claim.name}: {claim.number}" for claim in claims() if claim.number not in TITLES
    ]
    assert unknown == []


def test_every_number_has_a_test_or_a_reason() -> None:
    """Nothing is forgotten, and nothing that is tested is called untested."""
    tested = {number for number, layers in covered().items() if layers}
    forgotten = sorted(TITLES.keys() - tested - UNTESTED.keys())
    assert forgotten == [], "name them in a test's docstring, or say in reasons.toml why not"
    outdated = sorted(tested & UNTESTED.keys())
    assert outdated == [], "they have tests: delete their lines of reasons.toml"


def test_what_is_narrower_is_tested() -> None:
    """Less than one might wish is promised, but that is tested."""
    assert all(covered()[number] for number in NARROWER)


def test_the_catalogue_is_whole() -> None:
    """A hundred faults, nine invariants, thirty pitfalls, twenty-one rules, without a gap."""
    parts = {"F": (FAULTS, 100), "I": (INVARIANTS, 9), "P": (PITFALLS, 30), "S": (SECURITY, 21)}
    for letter, (titles, count) in parts.items():
        assert list(titles) == [f"{letter}{n:0{len(str(count))}}" for n in range(1, count + 1)]
    assert sum(map(len, CATALOGUE.values())) == len(TITLES)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("It holds (F017).", ["F017"]),
        ("F064-F066 S01: so.", ["F064", "F065", "F066", "S01"]),
        ("A range (F052 to F054, I8).", ["F052", "F053", "F054", "I8"]),
        ("SHA1 and F1x name nothing.", []),
    ],
)
def test_how_numbers_are_read(text: str, named: list[str]) -> None:
    """Single ones and ranges count; what only looks like a number does not."""
    assert list(numbers(text)) == named


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("stack/test_groups.py", Layer.REAL_BROKER),
        ("stack/test_harness.py", None),
        ("sandbox/api/test_ledger.py", None),
        ("integration/test_poison.py", Layer.PROCESS),
        ("shell/kafka/test_client_settings.py", Layer.UNIT),
        ("shell/kafka/test_rebalance.py", Layer.BROKER),
        ("shell/registry/test_registry_faults.py", Layer.HTTP),
        ("engine/test_lanes.py", Layer.UNIT),
    ],
)
def test_layers(path: str, where: Layer | None) -> None:
    """A file's folder says how real the ground was; tests of instruments prove nothing of the service."""
    assert layer(path) is where
