"""`SABOTAGE=… python -m tests.chaos.sabotage run -c …`: the connector, broken on purpose.

To see that chaos notices: `make chaos ROUNDS=1 SABOTAGE="gives back at once"` must fail.
"""

import os
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from connector.engine.engine import Engine
from connector.engine.ledger import Partition
from connector.instasent.requests import HttpRequest, Requests
from connector.shell.kafka.dead_letter_writer import DeadLetterWriter

VARIABLE = "SABOTAGE"


class Break(NamedTuple):
    """A replacement for the attribute of this name in a class of the product."""

    kind: type
    name: str
    instead: Any


SABOTAGES: Mapping[str, Break] = {
    "commits what is not settled": Break(Partition, "committable", property(lambda self: self.position)),
    "gives back at once": Break(Engine, "draining", lambda *_: False),
    "believes in dead letters": Break(
        DeadLetterWriter, "write", lambda self, letter_id, *_: self._note(letter_id, None)
    ),
    "writes ids as they are": Break(
        Requests, "delete", lambda self, user: HttpRequest("DELETE", self._contact + quote(user, safe="/?#%"))
    ),
}


def sabotage(name: str) -> None:
    """Break the product in this process."""
    broken = SABOTAGES[name]
    setattr(broken.kind, broken.name, broken.instead)


if __name__ == "__main__":
    from connector.__main__ import main

    sabotage(os.environ[VARIABLE])
    main(sys.argv[1:], prog_name="instasent-connector")
