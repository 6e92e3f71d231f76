"""docs/troubleshooting.md names fields of the status and rules that exist."""

import re

from connector.shell.admin.status import status_of
from connector.shell.runner import POLL_RECORDS_MAX
from tests.docs.full_board import full_board
from tests.docs.pages import ROOT, blocks, codes, prose, rows

PAGE = ROOT / "docs" / "troubleshooting.md"
MAPPING = ROOT / "docs" / "mapping.md"


def test_each_field_of_the_status_exists() -> None:
    """The commands at the top name lists of `/api/status` and, as a comment, fields of their entries."""
    status = status_of(full_board())
    text = "".join(block.text for block in blocks("sh") if block.page == "docs/troubleshooting.md")
    found = re.findall(r"jq \.(\w+) +# (.+)", text)
    assert [name for name, _ in found] == ["topics", "partitions", "endpoints"]
    for name, fields in found:
        assert set(fields.split(", ")) <= status[name][0].keys()


def test_each_field_in_the_text_exists() -> None:
    """A word with an underscore is a field of the status, or a key, rule or value that other pages define."""
    status = status_of(full_board())
    fields = {*status, *(key for name in ("topics", "partitions", "endpoints") for key in status[name][0])}
    others = "".join(
        prose(ROOT / "docs" / f"{name}.md") for name in ("mapping", "configuration", "log-events")
    )
    words = {word for code in codes(prose(PAGE)) for word in re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", code)}
    defined = {*re.findall(r"\w+", others), "unavailable_values", "nan_values"}
    assert words - fields - defined == set()


def test_each_rule_exists() -> None:
    """The table has the rules of dead letters."""
    listed = {code for row in rows(PAGE, "Rule") for code in codes(row["Rule"])}
    known = {
        code.replace("<name>", "…") for row in rows(MAPPING, "Rule", "Cause") for code in codes(row["Rule"])
    }
    assert listed == known - {"topic"}  # no record comes from a topic that no file is about


def test_the_size_of_a_poll_is_the_codes() -> None:
    """The page says how many records wait with one that ends the process."""
    assert f"Up to {POLL_RECORDS_MAX} records of one poll" in prose(PAGE)
