"""The headers of a record are data from any producer."""

from hypothesis import given
from hypothesis import strategies as st

from tests.translate.records import contact, envelope, record

FORGED = (
    "instasent.reason",
    "instasent.rule",
    "instasent.topic",
    "instasent.offset",
    "instasent.timestamp",
    "kafka_backoff-timestamp",
    "kafka_dlt-original-offset",
    "retry_topic-attempts",
    "retry_topic-backoff-timestamp",
    "__connect.errors.topic",
    "__debezium.context.taskId",
    "x-death",
)
HEADERS = st.lists(st.tuples(st.sampled_from(FORGED), st.none() | st.binary(max_size=20)), max_size=5)
TRANSLATOR = contact({"name": "name"})
ROW = {"id": 1, "name": "Ada"}
CHANGES = st.sampled_from(
    [
        (envelope("c", ROW), {"id": 1}),
        (envelope("u", ROW), {"id": 1}),
        (envelope("d", None, {"id": 1}), {"id": 1}),
        (None, {"id": 1}),
        (b"not json", {"id": 1}),
    ]
)


@given(CHANGES, HEADERS)
def test_forged_headers_change_nothing(
    change: tuple[object, object], headers: list[tuple[str, bytes | None]]
) -> None:
    """Counters of retries, back-offs and our own dead letters' headers decide nothing (S04)."""
    value, key = change
    forged, plain = (TRANSLATOR.translate(record(value, key, having)) for having in (headers, None))
    assert repr(forged) == repr(plain)
