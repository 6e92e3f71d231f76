"""`make proof` writes docs/proof.md; `python -m tests.proof F017` names every test of a number."""

import sys
from pathlib import Path

import click

from tests.proof.page import filled, listing

PAGE = Path(__file__).parents[2] / "docs" / "proof.md"

if __name__ == "__main__":
    if sys.argv[1:]:
        for number in sys.argv[1:]:
            click.echo("\n".join(listing(number)))
    else:
        PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
