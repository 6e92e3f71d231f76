"""Which values identify a contact."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.model import Rejection, Upsert
from connector.translate.mapping.user_id import user_id_of
from connector.translate.values.unusable import ConversionError
from tests.translate.records import PLACEHOLDER, contact, envelope, record


@pytest.mark.parametrize(
    ("value", "user_id"),
    [
        (7, "7"),
        (-1, "-1"),
        (2**64 - 1, str(2**64 - 1)),
        (7.0, "7"),
        ("a/b c?d#e", "a/b c?d#e"),
        ("ñ", "ñ"),
        ("x" * 512,) * 2,
    ],
)
def test_text_and_whole_numbers_identify(value: Any, user_id: str) -> None:
    """Numbers become text, text stays unchanged (F039)."""
    assert user_id_of(value) == user_id


@pytest.mark.parametrize(
    "value",
    [
        *("", " ", "\t", "\u3000", ".", "..", "a\nb", "a\x00", "\x7f", "\x85", "x\ud800", "x" * 513),
        *(None, True, False, 1.5, 1e300, 2**80, float("nan"), float("inf")),
        *([], {}, ["7"], {"id": 7}),
    ],
)
def test_what_cannot_identify_is_refused(value: Any) -> None:
    """Blank, dots, control characters, surrogates, booleans and the rest are refused (F039, S01)."""
    with pytest.raises(ConversionError):
        user_id_of(value)


@given(st.text(alphabet=st.characters(), max_size=20))
def test_an_accepted_id_is_a_path_segment(value: str) -> None:
    """Whatever text is accepted can be encoded, is not blank and is no dot segment (S01)."""
    try:
        user_id = user_id_of(value)
    except ConversionError:
        return
    assert user_id.encode().strip()
    assert user_id not in {".", ".."}
    assert not any(char < " " or char == "\x7f" for char in user_id)


@pytest.mark.parametrize("row", [{}, {"id": None}, {"id": True}, {"id": ".."}, {"id": PLACEHOLDER}])
def test_a_row_without_an_id_is_a_mapping_error(row: dict[str, Any]) -> None:
    """The rejection names the rule (F039)."""
    result = contact().translate(record(envelope("c", after=row)))
    assert isinstance(result, Rejection)
    assert result.rule == "contact.user_id"


def test_the_id_may_be_any_rule() -> None:
    """A path with `as:` or an expression identifies as well as a column."""
    subject = contact(user_id={"from": "email", "as": "lowercase"})
    result = subject.translate(record(envelope("c", after={"email": "A@B.C"})))
    assert isinstance(result, list)
    assert isinstance(result[0], Upsert)
    assert result[0].user_id == "a@b.c"
