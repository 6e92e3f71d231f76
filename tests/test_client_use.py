"""The Kafka client is used only in ways that lose nothing and never block."""

import ast
from collections.abc import Iterator
from pathlib import Path

SHELL = sorted((Path(__file__).parent.parent / "connector" / "shell").rglob("*.py"))

FORBIDDEN = {
    "consume": "waits for the whole timeout, and an exception takes the whole batch along (P01, P04, P13)",
    "AIOConsumer": "loses what was fetched when it is cancelled (P10)",
    "AIOProducer": "the same threads behind it",
    "store_offsets": "only larger offsets count (P20)",
    "fork": "a client does not survive it (P28)",
    "multiprocessing": "the same",
}


def names(source: Path) -> Iterator[tuple[int, str]]:
    """Give every name that a file uses, with its line."""
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.Attribute):
            yield node.lineno, node.attr
        elif isinstance(node, ast.Name):
            yield node.lineno, node.id
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((node.lineno, alias.name) for alias in node.names)


def test_what_loses_records_is_not_used() -> None:
    """Neither `consume()` nor the AsyncIO client, stored offsets or forks (P04, P10, P13, P20, P28)."""
    found = [
        f"{source.name}:{line}: {name} {FORBIDDEN[name]}"
        for source in SHELL
        for line, name in names(source)
        if name in FORBIDDEN
    ]
    assert found == []


def test_every_commit_is_asynchronous_and_names_its_offsets() -> None:
    """A synchronous commit has no timeout, and one without offsets commits what was dropped (P03, P05)."""
    commits = [
        {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
        for source in SHELL
        for node in ast.walk(ast.parse(source.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("_client.commit")
    ]
    assert commits == [{"offsets": "partitions", "asynchronous": "True"}]
