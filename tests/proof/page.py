"""Writes docs/proof.md from what the tests claim, the figures that were measured, and the reasons."""

import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.proof.catalogue import CATALOGUE, FAULTS, TITLES
from tests.proof.claims import Claim, claims
from tests.proof.layers import Layer
from tests.proof.reasons import NARROWER, UNTESTED
from tests.simulation.mutants import names

FIGURES = Path(__file__).with_name("figures.toml")

SHOWN = 2
"""Tests that are named for each number and layer; of more there is a count."""

MARK = "<!-- From here on written by `make proof`. -->\n"


def filled(text: str) -> str:
    """Return the page with everything after its mark replaced."""
    beginning, mark, _ = text.partition(MARK)
    written = [*_figures(), *_matrix(), *_tables(), *_untested(), *_narrower()]
    return beginning + mark + "\n" + "\n".join(written)


def listing(number: str) -> Iterator[str]:
    """Name all that covers a number, a line each."""
    yield f"{number}: {TITLES[number]}"
    for claim in claims():
        if claim.number == number:
            where = "an instrument" if claim.layer is None else claim.layer.value
            yield f"  {where}: tests/{claim.path}::{claim.name}"
    if number in UNTESTED:
        yield f"  {UNTESTED[number]}"


def covered() -> Mapping[str, Mapping[Layer, Sequence[Claim]]]:
    """Return the claims of each number by layer, the most real one first; instruments are left out."""
    found: dict[str, dict[Layer, list[Claim]]] = {number: defaultdict(list) for number in TITLES}
    for layer in Layer:
        for claim in claims():
            if claim.layer is layer and claim.number in found:
                found[claim.number][layer].append(claim)
    return found


def _figures() -> Iterator[str]:
    """Write the figures that commands have printed, and those that the tests themselves are."""
    tested = sum(bool(covered()[number]) for number in FAULTS)
    broken = len(names())
    rows = [
        (one["what"], one["printed"], one["command"]) for one in tomllib.loads(FIGURES.read_text())["figure"]
    ]
    rows += [
        ("faults that a test covers", f"{tested} of {len(FAULTS)}", "make proof"),
        ("planted bugs caught", f"{broken} of {broken}", "python -m pytest tests/simulation/test_mutants.py"),
    ]
    yield "## Figures\n\n| What | Measured | Command |\n| --- | --- | --- |"
    yield from (f"| {what} | {printed} | `{command}` |" for what, printed, command in rows)
    yield ""


def _matrix() -> Iterator[str]:
    """Write how many numbers each layer covers."""
    layers = list(Layer)
    yield "## Coverage\n"
    yield f"| | all | tested | {' | '.join(layer.value for layer in layers)} |"
    yield f"| {' | '.join(['---'] * (len(layers) + 3))} |"
    for heading, titles in CATALOGUE.items():
        found = [covered()[number] for number in titles]
        counts = [
            len(found),
            sum(map(bool, found)),
            *(sum(layer in one for one in found) for layer in layers),
        ]
        yield f"| {heading.lower()} | {' | '.join(map(str, counts))} |"
    yield ""


def _tables() -> Iterator[str]:
    """Write a table for each part of the catalogue."""
    for heading, titles in CATALOGUE.items():
        yield f"## {heading}\n\n| | What | Tests |\n| --- | --- | --- |"
        for number, title in titles.items():
            tests = "; ".join(_layer(layer, found) for layer, found in covered()[number].items())
            yield f"| {number} | {title} | {tests or 'none: [why](#without-a-test)'} |"
        yield ""


def _layer(layer: Layer, found: Sequence[Claim]) -> str:
    shown = ", ".join(f"[{_short(claim.name)}](../tests/{claim.path})" for claim in found[:SHOWN])
    more = len(found) - SHOWN
    return f"*{layer.value}* {shown}" + (f" and {more} more" if more > 0 else "")


def _short(name: str) -> str:
    return name.removeprefix("test_").replace("_", " ")


def _untested() -> Iterator[str]:
    yield "## Without a test\n\n| | What | Why |\n| --- | --- | --- |"
    yield from (f"| {number} | {TITLES[number]} | {why} |" for number, why in UNTESTED.items())
    yield ""


def _narrower() -> Iterator[str]:
    yield "## Where less is promised than one might wish\n\n| | What | Promised |\n| --- | --- | --- |"
    yield from (f"| {number} | {TITLES[number]} | {what} |" for number, what in NARROWER.items())
    yield "\nThe [README](../README.md#what-it-does-not-promise) says it in plain words.\n"
