"""One connector of a capture."""

from tests.stack.debezium import Options


class Connector:
    """Which tables it streams, in what form, and the topic whose first record says that it is through."""

    def __init__(self, tables: str, *parts: Options, framing: str = "", done: str = "") -> None:
        """`tables` are names with blanks between; without `done` the table `done` is streamed as well."""
        self.tables = tables.split() if done else [*tables.split(), "done"]
        self.parts = parts
        self.framing = framing
        self.done = done
