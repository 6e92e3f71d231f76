"""Default ids of events of flattened rows, and the parts that no id may have (I4, F079)."""

from dataclasses import replace
from typing import Any

import pytest

from connector.model import Event
from tests.translate.records import TIMESTAMP_MS, Headers, envelope, record, translator

RULES: dict[str, Any] = {"type": "seen", "user_id": "id", "on": ["create", "update", "delete", "read"]}
PLACE = f"shop.public.customers-3-42-{TIMESTAMP_MS}"


def event_id(value: Any, offset: int = 42, headers: Headers | None = None, **rules: Any) -> str:
    """Return the id of the event that a record at an offset becomes."""
    one = replace(record(value, {"id": 7}, headers), offset=offset)
    result = translator(event={**RULES, **rules}).translate(one)
    assert isinstance(result, list), result
    (event,) = result
    assert isinstance(event, Event)
    identifier: str = event.body["_event_id"]
    return identifier


def flat(**members: Any) -> dict[str, Any]:
    """Make a flattened row that says its operation."""
    return {"id": 7, "plan": "gold", "__op": "u", **members}


@pytest.mark.parametrize(
    "position",
    [
        {"__lsn": 5},
        {"__source_lsn": 5},
        {"__source": {"lsn": 5}},
        {"__source_ts_ms": 5},
        {"__file": "b", "__pos": 5},
    ],
)
def test_a_flattened_row_with_a_position_keeps_its_id(position: dict[str, Any]) -> None:
    """Written again, it has another place in Kafka and another time, and is the same event."""
    once = event_id(flat(**position, __ts_ms=1))
    assert once == event_id(flat(**position, __ts_ms=2), offset=99)
    assert len(once) == 40


def test_flattened_rows_at_different_positions_are_different_events() -> None:
    """Position, operation and row distinguish them."""
    ids = [
        event_id(flat(__lsn=5)),
        event_id(flat(__lsn=6)),
        event_id({**flat(__lsn=5), "__op": "c"}),
        event_id({**flat(__lsn=5), "plan": "free"}),
        event_id(flat(__file="a", __pos=5)),
        event_id(flat(__change_lsn="a")),
    ]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    "value",
    [
        flat(),
        flat(__ts_ms=5),
        flat(__table="customers", __db="shop"),
        {"id": 7, "__deleted": "false"},
        {"op": "u", "before": None, "after": {"id": 7}, "source": {"connector": "postgresql"}},
    ],
)
def test_without_a_position_the_place_of_the_record_is_the_id(value: Any) -> None:
    """A row may return to an earlier state: two changes to the same state are two events."""
    assert event_id(value) == PLACE
    assert event_id(value, offset=43) != PLACE


def test_a_deleted_flattened_row_has_an_id_of_its_own() -> None:
    """The delete of a row at one position is not its update."""
    deleted = flat(__lsn=5, __deleted="true", __op="d")
    assert len({event_id(deleted), event_id(flat(__lsn=5))}) == 2
    assert event_id(deleted) == event_id(deleted, offset=99)


@pytest.mark.parametrize(
    "value", [envelope("u", after={"id": 7}), flat(__lsn=5), envelope("d", before={"id": 7})]
)
def test_headers_and_key_of_a_mapping_are_not_in_the_id(value: Any) -> None:
    """Every run of the source writes other headers: a mapping that reads them makes the same ids."""
    plain = event_id(value)
    parameters = {"source": "__headers.origin", "key": "__key.id"}
    for run in (b"1", b"2"):
        headers: Headers = [("origin", b"crm"), ("__debezium.context.runId", run)]
        assert event_id(value, headers=headers, parameters=parameters) == plain
