"""Lists references that lead nowhere, and old forms of them: `python -m tests.docs.references [PATHS]`.

docs/reference/README.md documents the forms. Docstrings, comments and pages are searched; code is not.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.docs import prose
from tests.docs.pages import LINK, ROOT, anchors
from tests.proof.catalogue import TITLES

REFERENCE = ROOT / "docs" / "reference"

CODE = re.compile(r"(?<![\w/.:#-])([FPSI])(\d+)(?:(?:-\1?| to \1)(\d+))?\b(?![/.]\w)")
"""One entry of faults.md, or a range of them."""

_DIGITS = {"F": 3, "P": 2, "S": 2, "I": 1}
_HEADING = re.compile(r"^#{2,3} (\d+(?:\.\d+)?)\b", re.MULTILINE)
_PROMISE = re.compile(r"^(\d+)\. \*\*", re.MULTILINE)

_NUMBER = r"\d+(?:\.\d+)?"
_MORE = rf"(?:(?:,| and|, and| to) {_NUMBER}(?![\w.]*\w))*"
_SECTION = re.compile(rf"\b(debezium-events|ingest-api)\.md`? ({_NUMBER}{_MORE})")
_PROMISED = re.compile(r"\b[Pp]romises? (\d+(?:(?:,| and| to) \d+)*)\b(?!,\d)")
_PATH = re.compile(
    r"(?<![\w./:@~$}*-])((?:[\w.-]+/)+[\w-][\w.-]*\.(?:py|md|ya?ml|toml|json|lock))\b(?!\.\w)(?:::(\w+))?"
)
_OURS = ("config/", "connector/", "docs/", "examples/", "schemas/", "tests/")
_MODULE = re.compile(r"(?<![\w./:-])((?:connector|tests)(?:\.[A-Za-z_]\w*)+)\b(?!/)")
_NO_MODULE = {"yaml", "yml", "py", "md"}

_OLD = {
    r"\bdebezium-events(?!\.md)\b": "write debezium-events.md N.N",
    r"(?:debezium-events|ingest-api)\.md`?,? (?:sections?|§) ?\d[\d.]*": "leave out “section”",
    r"\binstasent-ingest-api\b": "write ingest-api.md N.N",
    r"\bAPI reference\b": "write ingest-api.md N.N",
    r"\bdesign\.md\b|\b[Dd]esign,? sections? \d+|\b[Tt]he design(?: says| lists)?\b": "name a page of docs/",
    r"§ ?\d": "write PAGE.md N.N, or a link",
    r"(?<!YAML 1\.2\.2, )(?<!\.md, )\bsections? \d+(?:\.\d+)*": "write PAGE.md N.N, or a link",
    r"\b(?:librdkafka|confluent-kafka|KIP|Vector|jmespath) #\d+": "write “librdkafka issue N”",
}
"""Forms that were in use before the facts lived in docs/reference/, and what to write instead."""

_BARE = re.compile(rf"\(({_NUMBER})(?:(?:,| and) {_NUMBER})*\)")


class Finding(NamedTuple):
    """One reference to mend. `old` says that it has an old form; else it leads nowhere."""

    path: str
    line: int
    why: str
    text: str
    old: bool = False

    def __str__(self) -> str:
        """Name it as compilers do."""
        return f"{self.path}:{self.line}: {self.why}: {self.text}"


Found = Iterator[tuple[str, str]]
"""The text that offends, and why."""


@cache
def sections(page: str) -> frozenset[str]:
    """Return the numbers of the sections of a page of docs/reference."""
    return frozenset(_HEADING.findall((REFERENCE / f"{page}.md").read_text("utf-8")))


@cache
def promises() -> frozenset[str]:
    """Return the numbers of what the README promises."""
    _, _, after = (ROOT / "README.md").read_text("utf-8").partition("\n## What it promises\n")
    return frozenset(_PROMISE.findall(after.partition("\n## ")[0]))


@cache
def tracked(*under: str) -> tuple[str, ...]:
    """Return the files below these paths that git tracks, or will once they are added."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *under]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return tuple(name for name in listed.stdout.splitlines() if (ROOT / name).exists())


def searched(*under: str) -> list[str]:
    """Return the files whose references are checked: pages, code, configuration, recipes."""
    return [
        name
        for name in tracked(*under)
        if name.endswith((".py", ".md", ".yml", ".yaml", ".toml"))
        or name in {"Makefile", "Dockerfile", ".ci/run"}
        if not name.startswith("tests/fixtures/") or name.endswith((".py", ".md"))
    ]


def check(file: Path, root: Path = ROOT) -> Iterator[Finding]:
    """Judge one file; `root` is the folder that findings name it from."""
    name = str(file.relative_to(root))
    source = file.read_text("utf-8")
    lines = source.splitlines()
    for line, words in _texts(name, source):
        for judge, old in ((_dangling, False), (_old, True)):
            for text, why in judge(name, words):
                yield Finding(name, _line_of(lines, line, text), why, text, old=old)
    if name.endswith(".md"):
        yield from links(file, root)


def _texts(name: str, source: str) -> Iterator[prose.Text]:
    if name.endswith(".md"):
        yield from prose.of_page(source)
    elif name.endswith(".py"):
        yield from prose.of_code(source, strings=name.startswith("connector/"))
    else:
        for number, line in enumerate(source.splitlines(), 1):
            if comment := re.search(r"(?:^|\s)#\s(.*)", line):
                yield prose.Text(number, comment[1])


def _line_of(lines: list[str], first: int, text: str) -> int:
    """Return where a text begins, at or after the first line of its paragraph."""
    begins = text.split(maxsplit=1)[0]
    return next((n for n in range(first, len(lines) + 1) if begins in lines[n - 1]), first)


def _dangling(name: str, words: str) -> Found:
    yield from _sections(words)
    yield from _entries(words)
    yield from _promises(words)
    yield from _paths(name, words)
    yield from _modules(words)


def _sections(words: str) -> Found:
    for cited in _SECTION.finditer(words):
        for number in re.findall(_NUMBER, cited[2]):
            if number not in sections(cited[1]):
                yield cited[0], f"{cited[1]}.md has no section {number}"


def _entries(words: str) -> Found:
    for cited in CODE.finditer(words):
        for code in _codes(cited):
            if code not in TITLES:
                yield cited[0], f"faults.md has no entry {code}"


def _promises(words: str) -> Found:
    for cited in _PROMISED.finditer(words):
        for number in re.findall(r"\d+", cited[1]):
            if number not in promises():
                yield cited[0], f"the README has no promise {number}"


def _paths(name: str, words: str) -> Found:
    """Look for each file by its whole path, from the page on, or by the end of its path."""
    without_targets = LINK.sub(lambda link: link[0].partition("](")[0], words)
    for cited in _PATH.finditer(without_targets):
        path, test = cited[1], cited[2]
        if not (path.startswith(_OURS) or path.endswith((".py", ".md"))):
            continue
        ends = [file for file in tracked() if file == path or file.endswith(f"/{path}")]
        if not ends and not ((ROOT / name).parent / path).exists():
            yield cited[0], "no such file"
        elif test and not any(f"def {test}(" in (ROOT / file).read_text("utf-8") for file in ends):
            yield cited[0], f"the file has no {test}"


def _modules(words: str) -> Found:
    for cited in _MODULE.finditer(words):
        if not _is_module(cited[1]):
            yield cited[0], "no such module, or no such name in it"


def _codes(cited: re.Match[str]) -> Iterator[str]:
    letter, first, last = cited.groups()
    if len(first) == _DIGITS[letter]:
        for number in range(int(first), int(last or first) + 1):
            yield f"{letter}{number:0{len(first)}}"


@cache
def _is_module(dotted: str) -> bool:
    """Whether a dotted name is a module or package of ours, or a name in one."""
    place, names = ROOT, dotted.split(".")
    if names[1] in _NO_MODULE:
        return True
    while names and (place / names[0]).is_dir():
        place /= names.pop(0)
    if names and (place / f"{names[0]}.py").is_file():
        place /= f"{names.pop(0)}.py"
    elif names:
        place /= "__init__.py"
    if not names:
        return True
    return place.is_file() and re.search(rf"\b{names[0]}\b", place.read_text("utf-8")) is not None


def _old(name: str, words: str) -> Found:
    for form, instead in _OLD.items():
        for cited in re.finditer(form, words):
            yield cited[0], instead
    if name.endswith(".py"):
        for cited in _BARE.finditer(words):
            if "." in cited[1] and cited[1] in sections("debezium-events") | sections("ingest-api"):
                yield cited[0], "write PAGE.md N.N"


def links(page: Path, root: Path = ROOT) -> Iterator[Finding]:
    """Follow the relative links of a page, to files and to headings."""
    kept = prose.without_blocks(page.read_text("utf-8"))
    for link in LINK.finditer(kept):
        target = link[1]
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        found = (str(page.relative_to(root)), kept.count("\n", 0, link.start()) + 1)
        if not file.is_relative_to(root) or not file.exists():
            yield Finding(*found, "no such file", target)
        elif anchor and anchor not in anchors(file):
            yield Finding(*found, "no such heading", target)


def findings(*under: str) -> list[Finding]:
    """Judge all files below these paths."""
    return [finding for name in searched(*under) for finding in check(ROOT / name)]


if __name__ == "__main__":
    for one in findings(*sys.argv[1:]):
        print(one)  # noqa: T201
