"""`/api/status`: the snapshot as JSON (docs/metrics.md)."""

from typing import Any

from connector.shell.admin.board import StatusBoard


def status_of(board: StatusBoard) -> dict[str, Any]:
    """Render the newest snapshot with the counts by rule and the wire formats."""
    snapshot = board.snapshot
    return {
        "state": snapshot.state,
        "cause": snapshot.cause,
        "causes": dict(board.causes),
        "topics": [
            {
                "topic": t.topic,
                "formats": list(board.formats.get(t.topic, ())),
                "records_consumed": t.records_consumed,
                "deliveries_accepted": t.deliveries_accepted,
                "skipped": sum(t.skipped.values()),
                "skipped_by_rule": dict(t.skipped),
                "dead_lettered": sum(t.dead_lettered.values()),
                "dead_lettered_by_rule": dict(t.dead_lettered),
                "lag": snapshot.lag(t.topic),
            }
            for t in snapshot.topics
        ],
        "partitions": [
            {
                "topic": p.topic,
                "partition": p.partition,
                "position": p.position,
                "committed": p.committed,
                "end": p.end,
                "lag": p.lag,
                "in_flight": p.in_flight,
                "paused": p.paused,
                "parked": p.parked,
            }
            for p in snapshot.partitions
        ],
        "endpoints": [
            {
                "name": e.name,
                "calls": e.calls,
                "items": e.items,
                "limited": e.limited,
                "budget_limit": e.budget_limit,
                "budget_remaining": e.budget_remaining,
                "budget_reset": e.budget_reset,
            }
            for e in snapshot.endpoints
        ],
        "schema_registry": {verdict.value: count for verdict, count in snapshot.schema_answers.items()},
        "in_flight_records": snapshot.in_flight_records,
        "buffered_records": snapshot.buffered_records,
        "buffered_bytes": snapshot.buffered_bytes,
        "unaccounted_records": snapshot.unaccounted_records,
        "values_left_out": dict(board.values_left_out),
    }
