"""`python -m tests.translate.matrix`: writes the generated parts of `docs/formats.md`."""

from pathlib import Path

from tests.translate.matrix.page import filled

PAGE = Path(__file__).parents[3] / "docs" / "formats.md"

if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
