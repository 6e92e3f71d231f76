"""A status board with one of everything, for the pages that name its fields and metrics."""

from connector.engine.snapshot import EndpointStatus, PartitionStatus, Snapshot, TopicStatus
from connector.model import Endpoint, SchemaVerdict
from connector.shell.admin.board import StatusBoard
from connector.shell.clock import Clock


def full_board() -> StatusBoard:
    """Return the board."""
    board = StatusBoard(Clock())
    snapshot = Snapshot(
        topics=(TopicStatus("t", skipped={"when": 1}, dead_lettered={"decode": 1}),),
        partitions=(PartitionStatus("t", 0, position=1, committed=1, end=1),),
        endpoints=(EndpointStatus(Endpoint.EVENTS, budget_limit=1, budget_remaining=1),),
        schema_answers={SchemaVerdict.KNOWN: 1},
    )
    board.publish(snapshot, {}, {"nan_values": 1}, {"t": ["JSON"]})
    return board
