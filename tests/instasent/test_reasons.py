"""Messages of the API: the field stays, the value goes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.instasent.reasons import LENGTH_MAX, describe

ITEM = {
    "_user_id": "u-77",
    "_email": "ada@",
    "_first_name": "Ada",
    "nested": {"tags": ["gold", 31]},
    "flag": True,
}


@pytest.mark.parametrize(
    ("error", "text"),
    [
        ("The email is not valid", "The email is not valid"),
        ({"_email": ["not a valid email", "too short"]}, "_email: not a valid email, too short"),
        ({"_email": "bad", "plan": ["unknown"]}, "_email: bad; plan: unknown"),
        ({"message": "malformed", "traceId": "abc"}, "malformed"),
        ({"error": {"message": "nope"}}, "nope"),
        ({"errors": [{"field": "plan", "message": "unknown"}]}, "unknown"),
        (["a", "b"], "a; b"),
        ("  spread\r\n over\x00 lines ", "spread over lines"),
        (None, ""),
        (3, ""),
        ({}, ""),
    ],
)
def test_forms(error: object, text: str) -> None:
    """Every form that is documented or that clients expect (`ingest-api.md 8`) becomes one line."""
    assert describe(error) == text


@pytest.mark.parametrize(
    ("error", "text"),
    [
        ("Ada is not allowed", "… is not allowed"),
        ("ada@ is no address", "… is no address"),
        ("contact u-77 is locked", "contact … is locked"),
        ("gold and 31 are unknown", "… and … are unknown"),
        ("Adam is another word", "Adam is another word"),
        ("'plan x' is unknown", "'…' is unknown"),
        ("'_email' and \"nested\" are wrong", "'_email' and \"nested\" are wrong"),
        ("no such address: grace.hopper@example.org!", "no such address: …"),
        ("+34 600 11 22 33 is too long", "… is too long"),
        ("(600)112233 is too long", "(600)… is too long"),
        ("id 3f2504e0-4f89-41d3-9a0c-0305e82c3301 is taken", "id … is taken"),
        ("at most 100 items", "at most 100 items"),
    ],
)
def test_values_go(error: str, text: str) -> None:
    """S08: values of the item, quotations, addresses, phone numbers and ids go; field names stay."""
    assert describe(error, ITEM) == text


@given(st.text(max_size=3000), st.dictionaries(st.text(max_size=5), st.text(max_size=30), max_size=5))
def test_one_bounded_line(error: str, item: dict[str, str]) -> None:
    """S08 S14: whatever the error, the reason is one line of at most 300 characters."""
    text = describe(error, item)
    assert len(text) <= LENGTH_MAX
    assert not set(text) & set("\r\n\x00")
