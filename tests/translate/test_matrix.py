"""The matrix (debezium-events.md 11): every kind of record in every wire format, by the real translator.

The records are the sandbox's, their schemas come from its registry in the registry's own language, and what
each becomes is in `tests/translate/matrix`. `docs/formats.md` shows the same to operators.
"""

from collections import Counter

import pytest

from connector.sandbox.records.columns import SEMANTIC
from tests.imitation.every_shape import SHAPES
from tests.imitation.formats import FORMATS
from tests.translate.matrix import columns, shapes, vectors
from tests.translate.matrix.__main__ import PAGE
from tests.translate.matrix.case import ACCESS, STRUCTS, Kind, cases_of
from tests.translate.matrix.kinds import KINDS, SHOWN
from tests.translate.matrix.page import CONVERTERS, SHAPES_SHOWN, TABLES, filled, parts
from tests.translate.matrix.running import differences


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_becomes_what_it_must(kind: Kind) -> None:
    """In each format, with each registry that has its schemas, and with its shape recognised or configured.

    F036, F037, F038, F040, F043, F044, F045, F079, F080.
    """
    assert [words for case in cases_of([kind]) for words in differences(case)] == []


def test_every_shape_of_the_sandbox_is_tried_in_every_format() -> None:
    """A new shape, or a new format, fails here until the matrix says what becomes of it."""
    tried = {(kind.name, name) for kind in shapes.KINDS for name in kind.formats}
    assert tried == {(shape, name) for shape in SHAPES for name in FORMATS}
    assert ACCESS.keys() == FORMATS.keys()


def test_every_kind_of_row_is_tried_in_every_format_that_can_carry_it() -> None:
    """A format is missing from a kind only where the kind tests one format, or schemas."""
    for heading in ("Rows", "No value", "PostgreSQL", "MongoDB", "Flattened rows"):
        for kind in SHOWN[heading]:
            assert set(kind.formats) == set(STRUCTS), kind.name


def test_every_section_of_the_reference_is_tried() -> None:
    """The parts of debezium-events.md 11 about records, down to the sections that its matrix names."""
    sections = {"1.2", "1.3", "1.4", "1.5", "1.6", "2.1", "2.2", "2.3", "2.4", "2.5", "3", "4", "5"}
    sections |= {"6", "6.1", "6.2", "6.3", "6.5", "7", "8", "9", "11"}
    assert {kind.section for kind in KINDS} == sections


def test_every_semantic_type_of_the_sandbox_is_tried() -> None:
    """Each type of debezium-events.md 6 has a value with a known outcome."""
    known = {column.schema.name for column in columns.COLUMN_TYPES}
    known |= {vector.column.name for vector in vectors.VECTORS}
    assert SEMANTIC.keys() <= known


def test_names_are_unique_within_a_format() -> None:
    """A kind is found by its name."""
    count = Counter((kind.name, name) for kind in KINDS for name in kind.formats)
    assert [case for case, times in count.items() if times > 1] == []


def test_every_case_has_records() -> None:
    """Only a record that the sandbox cannot write at all is left out."""
    assert {case.format for case in cases_of(KINDS) if not case.becomes} == {"bytes"}


def test_the_page_shows_the_matrix() -> None:
    """`docs/formats.md` is what `make formats` writes, and has every table."""
    text = PAGE.read_text(encoding="utf-8")
    assert filled(text) == text, "run `make formats`"
    assert parts(text) == list(TABLES)


def test_the_page_knows_every_format_and_shape() -> None:
    """A new format or shape of the sandbox fails here until the page has words for it."""
    assert CONVERTERS.keys() == FORMATS.keys()
    for shape in SHAPES:
        assert [row.what for row in SHAPES_SHOWN if shape.startswith(row.samples)], shape
