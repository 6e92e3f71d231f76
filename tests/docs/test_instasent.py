"""docs/instasent.md agrees with docs/reference/ingest-api.md and with the code's limits."""

import re

from annotated_types import Le

from connector.instasent.answers import STATUS
from connector.model import Verdict
from connector.settings.models import Delivery, Instasent
from connector.translate.mapping.event_id import EVENT_ID_LENGTH_MAX
from connector.translate.mapping.rules import ContactRules
from connector.translate.mapping.user_id import USER_ID_LENGTH_MAX
from tests.docs.pages import ROOT, codes, rows

PAGE = ROOT / "docs" / "instasent.md"
REFERENCE = ROOT / "docs" / "reference" / "ingest-api.md"
TEXT = PAGE.read_text("utf-8")


def test_every_known_attribute_is_listed() -> None:
    """The page has the attributes of ingest-api.md 5.1, no more and no fewer."""
    listed = {name for row in rows(PAGE, "Attribute", "Type") for name in codes(row["Attribute"])}
    known = {
        name
        for row in rows(REFERENCE, "Attribute", "Type / format known")
        for name in codes(row["Attribute"])
    }
    assert listed == known


def test_every_event_field_is_listed() -> None:
    """The page has the fields of ingest-api.md 6."""
    listed = {name for row in rows(PAGE, "Field", "Required", "Form") for name in codes(row["Field"])}
    known = {name for row in rows(REFERENCE, "Field", "Required", "Format") for name in codes(row["Field"])}
    assert listed == known


def test_the_headers_are_those_of_the_reference() -> None:
    """The page has the rate-limit headers of ingest-api.md 9."""
    listed = [codes(row["Header of each answer"]) for row in rows(PAGE, "Header of each answer")]
    assert listed == [codes(row["Header"]) for row in rows(REFERENCE, "Header", "Meaning")]


def test_the_limits_are_those_of_the_code() -> None:
    """Items of a request, lengths of ids, the default address and the instant operations."""
    bounds = Delivery.model_fields["batch_items_max"].metadata
    (limit,) = (bound.le for bound in bounds if isinstance(bound, Le))
    assert f"| items in a request | {limit} |" in TEXT
    assert (
        f"`_user_id` up to {USER_ID_LENGTH_MAX} characters, and `_event_id` up to {EVENT_ID_LENGTH_MAX}"
        in TEXT
    )
    assert f"`{Instasent.model_fields['base_url'].default}`" in TEXT
    assert " and ".join(f"`{name}`" for name in ContactRules.model_fields["instant"].default) in TEXT


def test_each_status_is_treated_as_the_page_says() -> None:
    """The statuses of the page have the meaning that the code gives them."""
    said = {
        int(code): row["The connector"] for row in rows(PAGE, "Status") for code in statuses(row["Status"])
    }
    verdicts = {
        "reads the outcome": Verdict.ITEMS,
        "the same": Verdict.ITEMS,
        "searches": Verdict.BATCH_REJECTED,
        "pauses": Verdict.ENVIRONMENT,
        "waits": Verdict.THROTTLED,
    }
    assert said.keys() == {202, 400, 401, 403, 404, 422, 429}
    for status, text in said.items():
        (verdict,) = {verdict for words, verdict in verdicts.items() if text.startswith(words)}
        assert STATUS[status].verdict is verdict


def statuses(cell: str) -> list[str]:
    """Return the codes of a cell that says nothing but codes."""
    return re.findall(r"\d{3}", cell) if re.fullmatch(r"[\d, ]+", cell) else []
