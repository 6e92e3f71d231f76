"""Reads the pages that ship with the project: their blocks, tables and links."""

import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "tests" / "README.md",
    ROOT / "SECURITY.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
SOURCES = "\n".join(file.read_text("utf-8") for file in sorted((ROOT / "connector").rglob("*.py")))

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
"""A link of Markdown; its group is the target."""

_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


class Block(NamedTuple):
    """One fenced block: its page, the language after its fence, and its text."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        """Name it for a test's id."""
        return f"{self.page}:{self.line}"


def blocks(*languages: str) -> list[Block]:
    """Return the fenced blocks of these languages on all pages."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for fence in _FENCE.finditer(text):
            line = text.count("\n", 0, fence.start()) + 1
            found.append(Block(str(page.relative_to(ROOT)), line, fence[1], fence[2]))
    return [block for block in found if not languages or block.language in languages]


def commands() -> list[tuple[str, str]]:
    """Return every `$ command` of the console blocks with its page."""
    return [
        (block.page, line.removeprefix("$ "))
        for block in blocks("console")
        for line in block.text.splitlines()
        if line.startswith("$ ")
    ]


def prose(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def links(page: Path) -> list[str]:
    """Return the targets of a page's links."""
    return LINK.findall(prose(page))


def anchors(page: Path) -> set[str]:
    """Return the names under which GitHub lets a page's headings be linked to."""
    found: set[str] = set()
    for heading in _HEADING.findall(prose(page)):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")
        numbered = (f"{slug}-{number}" for number in count(1))
        found.add(slug if slug not in found else next(name for name in numbered if name not in found))
    return found


def rows(page: Path, *header: str) -> Iterator[dict[str, str]]:
    """Yield the rows of every table on a page whose header begins with these cells."""
    titles: list[str] | None = None
    for line in prose(page).splitlines():
        if not line.startswith("|"):
            titles = None
            continue
        cells = [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if titles is None:
            titles = cells
        elif titles[: len(header)] == list(header) and set(line) - set("|- :"):
            yield dict(zip(titles, cells, strict=True))


def codes(cell: str) -> list[str]:
    """Return the texts in backticks in a cell."""
    return re.findall(r"`([^`]+)`", cell)
