"""docs/schema-registry.md explains each text that the code gives about a schema registry."""

import ast
from collections.abc import Iterator

from connector.engine.schema_requests import DOUBT_MS, UNKNOWN_MS
from connector.registry.confluent import NOT_HERE
from connector.registry.conversation import STATUS
from connector.shell.registry.exchange import FAILURES
from connector.translate.formats.schema_store import SCHEMAS_MAX
from tests.docs.pages import ROOT, SOURCES, prose, rows

PAGE = ROOT / "docs" / "schema-registry.md"
RAISERS = {"unknown", "unreadable", "_UnusableAnswerError", "SchemaNotFoundError"}


def quoted(column: str) -> list[str]:
    """Return the texts that a table explains."""
    cells = [row[column] for row in rows(PAGE, column)]
    return [text.strip().strip("`").strip() for cell in cells for text in cell.split("`, `")]


def literal(node: ast.AST) -> str:
    """Return a text of the code, with `{}` for the values in it; empty where it is no text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(literal(part) or "{}" for part in node.values)
    return ""


def raised() -> Iterator[str]:
    """Yield the texts of the failures that the registry's files raise."""
    folder = ROOT / "connector"
    for file in [*(folder / "registry").glob("*.py"), folder / "shell" / "registry" / "exchange.py"]:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RAISERS:
                text = literal(node.args[-1])
                if text:
                    yield (
                        f"answered with {text} instead of a schema" if node.func.id == "unreadable" else text
                    )


def test_each_text_is_explained() -> None:
    """Texts of failures, statuses and refusals each contain a text of the page."""
    explained = [*quoted("The text says"), *quoted("The dead letter says")]
    given = [*raised(), *STATUS.values(), *NOT_HERE.values(), *(text for _, text in FAILURES)]
    assert len(given) > 25
    assert [text for text in given if text != "{error}" and not any(e in text for e in explained)] == []


def test_each_quotation_is_the_codes() -> None:
    """The page quotes no text that the code does not give, except the one that OpenSSL gives."""
    one_line = " ".join(SOURCES.split()).replace('" "', "").replace('" f"', "")
    texts = {*quoted("The text says"), *quoted("The dead letter says")} - {"CERTIFICATE_VERIFY_FAILED"}
    statuses = {f"answered {status}" for status in STATUS}
    assert [text for text in sorted(texts - statuses) if text not in one_line] == []


def test_figures_are_the_codes() -> None:
    """Numbers that the text repeats are those of the code."""
    text = " ".join(prose(PAGE).split())
    assert (DOUBT_MS, "after two seconds" in text) == (2_000, True)
    assert (UNKNOWN_MS, "For five seconds after that" in text) == (5_000, True)
    assert f"the newest {SCHEMAS_MAX:,}" in text
