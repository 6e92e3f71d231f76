"""Bounds on the size of a schema: a registered schema must exhaust neither stack nor memory."""

from connector.translate.formats.connect_schema import SchemaRefusedError

DEPTH_MAX = 64  # as deep as a value may be (S16)
NODES_MAX = 20_000  # an envelope has each column twice, and a table of MySQL at most 4,096


class SchemaLimits:
    """Counts the nodes of one schema while it is read."""

    def __init__(self) -> None:
        self._nodes = 0

    def enter(self, depth: int) -> None:
        """Count one node at a depth, which is 0 for the root.

        Raises:
            SchemaRefusedError: the schema is too deep or has too many nodes.
        """
        if depth > DEPTH_MAX:
            raise SchemaRefusedError(f"the schema is nested deeper than {DEPTH_MAX} levels")
        self._nodes += 1
        if self._nodes > NODES_MAX:
            raise SchemaRefusedError(f"the schema has more than {NODES_MAX} types")
