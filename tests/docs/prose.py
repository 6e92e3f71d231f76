"""Lists sentences that the style rules of CONTRIBUTING.md refuse: `python -m tests.docs.prose [PATHS]`."""

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.docs.pages import ROOT

WORDS_MAX = 25

REFUSED = {
    r"anew": "again, or a new …",
    r"(?<!fall )(?<!falls )(?<!far )(?<!lags )behind(?! (?:a|the) (?:\w+ )?proxy)": "after",
    r"stands?|stood(?! up)": "is, are",
    r"tells?|told": "says, knows, decides",
    r"but for": "except",
    r"somebody|nobody|whoever|whomever": "name who: an operator, another client, no instance",
    r"the whole row": "the pipeline",
    r"out of (?:which|what|it)": "from",
    r"no matter": "whatever …, or any",
}
"""Words and phrases that read like a translation, and what to write instead."""

_REFUSED = re.compile("|".join(rf"(?P<w{i}>\b(?:{p})\b)" for i, p in enumerate(REFUSED)), re.IGNORECASE)
_INSTEAD = list(REFUSED.values())
_WHAT = re.compile(r"^What (?!if\b|it promises$|it does not promise$)[^?]*[^?]$")
_FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
_GENERATED = re.compile(r"<!-- generated: .*?<!-- end -->|<!-- From here on written by .*", re.DOTALL)
"""Tables of test names and of kinds of records, whose cells are no sentences."""
_CODE = re.compile(r"``.+?``|`[^`\n]*`")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)\s]*\)")
_SENTENCE_END = re.compile(r"(?<=[.!?])[)\"*_]*\s+(?=[\"(*_\[`]*[A-Z0-9`])")
_ABBREVIATION = re.compile(r"\b(e\.g|i\.e|etc|vs|resp|approx)\.", re.IGNORECASE)
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+\.)\s+|^#+\s+|^>\s*")


class Finding(NamedTuple):
    """One sentence to rewrite, and why."""

    path: str
    line: int
    why: str
    sentence: str

    def __str__(self) -> str:
        """Name it as compilers do."""
        return f"{self.path}:{self.line}: {self.why}: {self.sentence}"


class Text(NamedTuple):
    """One paragraph, table cell, comment or docstring paragraph, and the line it begins on."""

    line: int
    words: str


def of_page(source: str) -> Iterator[Text]:
    """Yield the paragraphs, list items and table cells of a Markdown page; code blocks are left out."""
    written = _GENERATED.sub(lambda part: "\n" * part[0].count("\n"), source)
    yield from _paragraphs(without_blocks(written).splitlines(), 1)


def without_blocks(source: str) -> str:
    """Return a page with empty lines for its code blocks."""
    return _FENCE.sub(lambda fence: "\n" * fence[0].count("\n"), source)


def of_code(source: str, *, strings: bool) -> Iterator[Text]:
    """Yield the docstrings and comments of a Python file, and its other texts where `strings`."""
    tree = ast.parse(source)
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) in docstrings:
                yield from _paragraphs(node.value.splitlines(), node.lineno)
            elif strings and " " in node.value and "\n" not in node.value:
                yield Text(node.lineno, node.value)
    lines: list[str] = []
    begin = last = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT or re.match(
            r"#!|# (?:fmt|type|noqa|ruff|mypy)|# -{5,}", token.string
        ):
            continue
        alone = source.splitlines()[token.start[0] - 1].lstrip().startswith("#")
        if lines and not (alone and token.start[0] == last + 1):
            yield from _paragraphs(lines, begin)
            lines = []
        if not lines:
            begin = token.start[0]
        lines.append(re.sub(r"\bnoqa\b.*", "", token.string.lstrip("# ")))
        last = token.start[0]
    yield from _paragraphs(lines, begin)


def _paragraphs(lines: list[str], first: int) -> Iterator[Text]:
    gathered: list[str] = []
    begin = first
    for number, line in enumerate([*lines, ""], first):
        text = line.strip()
        if text.startswith("|"):
            for cell in re.split(r"(?<!\\)\|", text)[1:-1]:
                yield Text(number, cell.strip())
            text = ""
        if not text or _ITEM.match(line):
            if gathered:
                yield Text(begin, " ".join(gathered))
            gathered = []
        if text:
            if not gathered:
                begin = number
            gathered.append(_ITEM.sub("", line).strip())


def findings(path: str, texts: Iterator[Text], *, words_max: int | None = WORDS_MAX) -> Iterator[Finding]:
    """Judge each sentence of these texts."""
    for line, words in texts:
        plain = _ABBREVIATION.sub(lambda short: short[1], _LINK.sub(r"\1", _CODE.sub("CODE", words)))
        for sentence in _SENTENCE_END.split(plain):
            count = len(re.findall(r"\w[\w'.,/:-]*", sentence))
            if words_max is not None and count > words_max:
                yield Finding(path, line, f"{count} words", sentence)
            if refused := _REFUSED.search(sentence):
                index = next(int(name[1:]) for name, hit in refused.groupdict().items() if hit)
                yield Finding(path, line, f"“{refused[0]}” (write: {_INSTEAD[index]})", sentence)
            if _WHAT.match(sentence) and len(sentence.split()) > 2:
                yield Finding(path, line, "“What …” as a subject", sentence)


def check(path: Path) -> Iterator[Finding]:
    """Judge one file by its kind."""
    source = path.read_text("utf-8")
    name = str(path.relative_to(ROOT))
    if path.suffix == ".md":
        yield from findings(name, of_page(source))
    else:
        product = name.startswith("connector/")
        yield from findings(name, of_code(source, strings=product))


def tracked(*under: str) -> list[Path]:
    """Return the Markdown and Python files that git tracks below these paths."""
    listed = subprocess.run(
        ["git", "ls-files", "--", *under], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listed.stdout.splitlines() if name.endswith((".md", ".py"))]


if __name__ == "__main__":
    for file in tracked(*sys.argv[1:]):
        for finding in check(file):
            print(finding)  # noqa: T201
