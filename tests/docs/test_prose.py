"""Pages, docstrings, comments and texts keep the style rules of CONTRIBUTING.md."""

import pytest

from tests.docs.prose import check, findings, of_code, of_page, tracked


def test_every_sentence_keeps_the_style() -> None:
    """No sentence is longer than 25 words or has a refused word; `python -m tests.docs.prose` lists them."""
    found = [str(finding) for file in tracked() for finding in check(file)]
    assert "\n".join(found) == ""


@pytest.mark.parametrize(
    ("page", "why"),
    [
        ("The record " + "very " * 23 + "waits.", "26 words"),
        ("It is made anew.", "anew"),
        ("What was read is lost.", "What"),
        ("| a cell | nobody reads it |", "nobody"),
    ],
)
def test_a_sentence_that_breaks_a_rule_is_found(page: str, why: str) -> None:
    """Each rule finds its sentence, in paragraphs and in cells."""
    (found,) = findings("page.md", of_page(page))
    assert why in found.why


@pytest.mark.parametrize(
    "page",
    [
        "A record waits. " * 20,
        "`anew`",
        "```\nmade anew\n```",
        "What is a tombstone?",
        "It runs behind a proxy.",
    ],
)
def test_a_sentence_that_keeps_the_rules_is_not_found(page: str) -> None:
    """Short sentences, code, questions and a proxy are fine."""
    assert list(findings("page.md", of_page(page))) == []


def test_code_is_read_too() -> None:
    """Docstrings, comments and texts for the operator count; a name in code does not."""
    source = 'def anew():\n    """Nobody calls it."""\n    raise ValueError("it stands there")  # anew\n'
    found = list(findings("code.py", of_code(source, strings=True)))
    assert {finding.line for finding in found} == {2, 3}
    assert len(found) == 3
