"""References to environment variables."""

import pytest

from connector.settings.environment import expand
from connector.settings.yaml_source import parse


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${A}", "one"),
        ("x${A}y${B}", "xoneytwo"),
        ("${MISSING:-default}", "default"),
        ("${MISSING:-}", ""),
        ("${EMPTY:-default}", "default"),
        ("${A:-default}", "one"),
        ("${NESTED}", "${A}"),
        ("$${A}", "${A}"),
        ("$A costs 5$", "$A costs 5$"),
    ],
)
def test_values(text: str, value: str) -> None:
    """A reference becomes the variable's text, once; `$$` keeps it literal (S05: no nested expansion)."""
    document = parse(f"a: ['{text}']", "a.yaml")
    environ = {"A": "one", "B": "two", "EMPTY": "", "NESTED": "${A}"}
    expanded, problems = expand(document, environ)
    assert expanded.value == {"a": [value]}
    assert not problems


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${MISSING}", "the environment variable MISSING is not set"),
        ("${EMPTY}", "the environment variable EMPTY is empty"),
        ("${not closed", "not a reference"),
        ("${}", "not a reference"),
    ],
)
def test_what_cannot_be_replaced_is_named(text: str, message: str) -> None:
    """An unset, empty or malformed reference is a problem with its line and path (F099)."""
    _, (problem,) = expand(parse(f"x: 1\na:\n  b: '{text}'", "a.yaml"), {"EMPTY": ""})
    assert message in problem.message
    assert (problem.path, problem.line) == ("a.b", 3)


def test_keys_are_left_alone() -> None:
    """Only values are expanded."""
    expanded, _ = expand(parse("'${A}': 1", "a.yaml"), {"A": "one"})
    assert expanded.value == {"${A}": 1}
