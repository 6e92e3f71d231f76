"""All kinds of records, in the order and under the headings of the page."""

from collections.abc import Mapping, Sequence

from tests.translate.matrix import (
    columns,
    flattened,
    keys,
    mongodb,
    no_value,
    outbox,
    postgres,
    refused,
    rows,
    schemas,
    service_messages,
    shapes,
    vectors,
)
from tests.translate.matrix.case import Kind

SHOWN: Mapping[str, Sequence[Kind]] = {
    "Rows": (*rows.KINDS, *rows.AGAIN),
    "No value": no_value.KINDS,
    "Keys": (*postgres.KEY_CHANGES, *keys.KINDS),
    "PostgreSQL": (*postgres.DELETES, *postgres.TOAST),
    "MongoDB": mongodb.KINDS,
    "Flattened rows": flattened.KINDS,
    "Outbox": outbox.KINDS,
    "Schemas and values": schemas.KINDS,
    "About no row": service_messages.KINDS,
}
"""The kinds of records, by heading."""

KINDS: Sequence[Kind] = (
    *(kind for kinds in SHOWN.values() for kind in kinds),
    *refused.KINDS,
    *columns.KINDS,
    *shapes.KINDS,
    *vectors.KINDS,
    *vectors.REFUSED,
)
"""The whole matrix."""
