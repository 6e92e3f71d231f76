"""References in code, tests and pages lead somewhere, and all have the forms of docs/reference/README.md."""

from functools import cache
from pathlib import Path

import pytest

from tests.docs import references
from tests.docs.pages import ROOT


@cache
def everything() -> tuple[references.Finding, ...]:
    """Judge all tracked files once."""
    return tuple(references.findings())


def test_every_reference_leads_somewhere() -> None:
    """Sections, entries, promises, paths, modules, links and headings that are named exist."""
    assert "\n".join(str(found) for found in everything() if not found.old) == ""


def test_no_reference_has_an_old_form() -> None:
    """Facts are cited by page and section, entry or promise, and in no other way."""
    assert "\n".join(str(found) for found in everything() if found.old) == ""


@pytest.mark.parametrize(
    "text",
    [
        "It is so (debezium-events.md 2.1, 2.4 and 6; ingest-api.md 10.2).",
        "Retried (F064-F072, F001 to F003, P29, S14, I4; promises 1 to 3).",
        "See docs/reference/faults.md, `engine/lanes.py`, connector/model.py and tests/docs/pages.py.",
        "`connector.model.Record` and `tests.docs.prose` are names; connector.yaml is a file.",
        "tests/docs/test_readme.py::test_yaml_is_valid checks it.",
        "Ruff's S101 and F1, 0xF999, the id 7F999, https://host/F999 and partition P1 are no entries.",
        "As of YAML 1.2.2, section 10.3, and librdkafka issue 5301; from 2.6 on (2.6), 1.5 s (9.9).",
        "2 broken promises; 0 broken promises: 4,461,684 records.",
    ],
)
def test_good_references(text: str, tmp_path: Path) -> None:
    """The documented forms pass, and so does text that only looks like one."""
    assert judged(text, tmp_path) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("debezium-events.md 6.9", "debezium-events.md has no section 6.9"),
        ("debezium-events.md 6.1, 6.9", "debezium-events.md has no section 6.9"),
        ("ingest-api.md 77", "ingest-api.md has no section 77"),
        ("so (F999)", "faults.md has no entry F999"),
        ("so (F099-F101)", "faults.md has no entry F101"),
        ("P99", "faults.md has no entry P99"),
        ("promise 99", "the README has no promise 99"),
        ("docs/nothing.md", "no such file"),
        ("config/nothing.yaml", "no such file"),
        ("`engine/nothing.py`", "no such file"),
        ("tests/docs/pages.py::test_nothing", "the file has no test_nothing"),
        ("connector.model.NoSuch", "no such module, or no such name in it"),
    ],
)
def test_references_that_lead_nowhere(text: str, why: str, tmp_path: Path) -> None:
    """Each kind of reference is followed."""
    assert judged(text, tmp_path) == [(why, False)]


@pytest.mark.parametrize(
    "text",
    [
        "debezium-events 6.3",
        "API reference, section 3.1",
        "(section 8)",
        "design section 4",
        "what the design says",
        "Infinite timestamps (6.2).",
        "librdkafka #5301",
    ],
)
def test_old_forms(text: str, tmp_path: Path) -> None:
    """Each form that was in use before is found."""
    found = judged(text, tmp_path)
    assert found
    assert all(old for _, old in found)


def test_links_are_followed(tmp_path: Path) -> None:
    """A link needs its file and its heading; a heading that occurs twice has a number."""
    page = tmp_path / "page.md"
    page.write_text(
        "# A `b` c, d\n## Twice\n## Twice\n[a](#a-b-c-d) [b](#twice-1) [c](page.md#twice)\n"
        "[d](#twice-2)\n[e](nothing.md)\n[f](https://host/nothing)\n"
    )
    found = [(one.line, one.why, one.text) for one in references.links(page, tmp_path)]
    assert found == [(5, "no such heading", "#twice-2"), (6, "no such file", "nothing.md")]


def judged(text: str, folder: Path) -> list[tuple[str, bool]]:
    """Judge a module whose docstring is this text."""
    file = folder / "module.py"
    file.write_text(f'"""{text}"""\n')
    return [(found.why, found.old) for found in references.check(file, folder)]


def test_the_files_are_found() -> None:
    """Code, tests, pages, configuration and recipes are all searched."""
    names = set(references.searched())
    assert {"README.md", "Makefile", ".ci/run", "pyproject.toml", "docker-compose.yml"} <= names
    assert {"connector/model.py", "tests/docs/test_references.py", "docs/reference/faults.md"} <= names
    assert all((ROOT / name).is_file() for name in names)
