"""Records of megabytes: each is taken or refused within the memory that one record may have (F041, S14)."""

import pytest

from tests.fuzz.large_worker import LARGE
from tests.fuzz.run import measure
from tests.fuzz.worker import BYTES_MAX

TAKEN = {
    *("empty arrays", "small objects", "texts", "numbers with exact digits", "objects in a document"),
    *("a wide text", "a wide text in a document", "a long text", "a wide text in a schema"),
    *("a wide text in Avro", "arrays in Avro", "a map in Avro"),
}


@pytest.mark.parametrize("name", LARGE)
def test_one_record_takes_no_more_than_it_may(name: str) -> None:
    """In a process of its own, so that nothing in use before hides what this one needs (F041, I6, S14)."""
    cost = measure(list(LARGE).index(name), "tests.fuzz.large_worker")
    assert cost.bytes <= BYTES_MAX
    assert cost.outcome == ("delivered" if name in TAKEN else "rejected by decode")
