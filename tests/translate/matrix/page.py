"""The generated parts of `docs/formats.md`: the cases of the matrix, as tables."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from connector.model import RefKind, Skip
from connector.sandbox.registry.store import RegistryStore
from tests.translate.matrix import outbox, refused, rows
from tests.translate.matrix.case import (
    ACCESS,
    Case,
    Deleted,
    Happened,
    Kind,
    Outcome,
    Refused,
    Upserted,
)
from tests.translate.matrix.columns import COLUMN_TYPES, Column
from tests.translate.matrix.kinds import SHOWN
from tests.translate.matrix.registry import APICURIO_2, APICURIO_3, CONFLUENT, Access
from tests.translate.matrix.running import Reader, differences, records_of

Row = Sequence[str]

# ------------------------------------------------------------------------------------ wire formats

CONVERTERS: Mapping[str, str] = {
    # format of the sandbox -> what writes it
    "json": "`JsonConverter`, `schemas.enable: false`",
    "json-embedded": "`JsonConverter`, `schemas.enable: true` (Connect's default)",
    "avro-confluent": "Confluent's `AvroConverter`",
    "avro-confluent-guid": "… with the GUID in front (framing version 1)",
    "avro-confluent-header": "… with `HeaderSchemaIdSerializer`: the GUID in a header",
    "avro-confluent-header-id": "… with the id in a header",
    "avro-apicurio-4": "Apicurio's `AvroConverter` 3; 2 with `as-confluent: true`, `use-id: contentId`",
    "avro-apicurio-4-global": "… 2 with `as-confluent: true`, `use-id: globalId`",
    "avro-apicurio-8": "… 2 with `headers.enabled: false`: 8 bytes",
    "avro-apicurio-header": "… 2 with `headers.enabled: true`: a global id",
    "avro-apicurio-header-content": "… with `headers.enabled: true`: a content id",
    "avro-apicurio-header-artifact": "… with `headers.enabled: true`: hash, group, artifact and version",
    "avro-referring": "an Avro converter that registers nested records separately (references)",
    "json-schema-confluent": "Confluent's `JsonSchemaConverter`",
    "json-schema-confluent-guid": "… with the GUID in front",
    "json-schema-confluent-header": "… with the GUID in a header",
    "json-schema-confluent-header-id": "… with the id in a header",
    "apicurio-json": "Apicurio's `ExtJsonConverter`, with content ids (2 writes global ids by default)",
    "apicurio-json-framed": "… in its compact form",
    "string": "`StringConverter`: only for text that is JSON, such as the outbox router's",
    "bytes": "`ByteArrayConverter`, `BinaryDataConverter`: for bytes that are JSON or framed Avro",
}

_REGISTRIES = (CONFLUENT, APICURIO_2, APICURIO_3)
_DELETE = next(kind for kind in rows.KINDS if kind.name.startswith("DELETE"))
_CARRIED = {
    # the kind that represents a format without rows
    "string": next(kind for kind in outbox.KINDS if kind.name == "outbox event: json text"),
    "bytes": next(kind for kind in outbox.KINDS if kind.name == "outbox event: bytes"),
}


def wire_formats() -> Iterator[Row]:
    """Name the records of each converter, and the registries with their schemas."""
    for name, converter in CONVERTERS.items():
        case = Case(_CARRIED.get(name, _DELETE), name)
        needs = ["not needed"] * 3 if None in ACCESS[name] else [_access(case, way) for way in _REGISTRIES]
        yield (converter, f"`{_met(case)}`", *needs)


def _met(case: Case) -> str:
    """Name the format that a case's records are in, as `/api/status` does."""
    store = RegistryStore()
    reader = Reader(case.kind.rules, store, case.access[-1])
    for record in records_of(case, store):
        reader.read(record)
    (name,) = reader.formats
    return name


def _access(case: Case, registry: Access) -> str:
    """Find the `use_id` that a registry needs for the schemas of a case, by trying."""
    for use_id in (None, RefKind.CONTENT_ID, RefKind.GLOBAL_ID):
        way = registry._replace(use_id=use_id)
        if not differences(case._replace(kind=replace(case.kind, access=(way,)))):
            return f"`use_id: {use_id}`" if use_id else "yes"
    return "no"


# ------------------------------------------------------------------------------------------ shapes


class Shape(NamedTuple):
    """How a shape is recognised: `samples` begins the names of the sandbox's own."""

    samples: str
    what: str
    recognised_by: str
    write: str


SHAPES_SHOWN = (
    Shape(
        "envelope",
        "change events of Debezium; those of MongoDB have documents as text",
        "`op`, `before` or `after`, `source` with `connector` or time and database; or a schema `….Envelope`",
        "`envelope`, where the first record after a restart may be a tombstone, or `source` is missing",
    ),
    Shape(
        "flattened",
        "rows of `ExtractNewRecordState`, documents of `ExtractNewDocumentState`",
        "`__op` or `__deleted` in the row, or a schema `….Value`",
        "`flattened`, for JSON without a schema to which no field is added",
    ),
    Shape(
        "outbox",
        "events of the outbox router, rows of an outbox table",
        "nothing: any payload is possible",
        "`outbox`, always",
    ),
    Shape(
        "notices",
        "heartbeats, transactions, schema changes, notifications, messages",
        "their members, and the key of a heartbeat",
        "",
    ),
    Shape("signals", "signals to Debezium", "`type` and `data`, and nothing but an `id` beside them", ""),
    Shape(
        "event",
        "events of any other producer",
        "all others",
        "`event`, where one could be taken for a change event",
    ),
)


def shapes() -> Iterator[Row]:
    """Describe for each shape how it is recognised."""
    for shape in SHAPES_SHOWN:
        yield shape.what, shape.recognised_by, shape.write or "nothing"


# ----------------------------------------------------------------------------------------- columns


def column_types() -> Iterator[Row]:
    """Give the value sent for each column, and the `as:` to write."""
    for column in COLUMN_TYPES:
        same = column.bare == column.sent
        yield column.name, f"`{column.sent}`", "the same" if same else f"`{column.bare}`", _to_write(column)


def _to_write(column: Column) -> str:
    """Name the `as:` that a column needs, or one that it can have, or say that none helps."""
    if column.remedy:
        return column.remedy
    if column.other is not None:
        form, sent = column.other
        return f"nothing, or `as: {_yaml(form)}` for `{sent}`"
    if column.form is not None:
        return f"`as: {_yaml(column.form)}`"
    return "nothing" if column.bare == column.sent else "no `as:` reads it: use a schema"


def _yaml(form: object) -> str:
    if isinstance(form, dict):
        return "{" + ", ".join(f"{name}: {value}" for name, value in form.items()) + "}"
    return str(form)


# ------------------------------------------------------------------------------------------- kinds

TAILS_MAX = 15
"""More kinds than these that end alike are counted, not named."""


def records() -> Iterator[Row]:
    """Give the outcome of each kind of record, under its heading."""
    for heading, kinds in SHOWN.items():
        yield f"**{heading}**", ""
        yield from _merged((kind.name, _becomes(kind)) for kind in kinds)


def remedies() -> Iterator[Row]:
    """Give the reason, or the outcome, and the remedy of each kind that has one."""
    all_kinds = (*refused.KINDS, *(kind for kinds in SHOWN.values() for kind in kinds))
    return _merged((kind.name, _reason(kind), kind.remedy) for kind in all_kinds if kind.remedy)


def _merged(rows_: Iterable[Row]) -> Iterator[Row]:
    """Join neighbours that begin with the same words and have the same outcome."""
    for (head, *rest), group in groupby(rows_, lambda row: (row[0].partition(": ")[0], *row[1:])):
        tails = [row[0].partition(": ")[2] for row in group]
        if len(tails) > TAILS_MAX:
            yield f"{head} (each of {len(tails)})", *rest
        else:
            named = "; ".join(tail for tail in tails if tail)
            yield f"{head}: {named}" if named else head, *rest


def _becomes(kind: Kind) -> str:
    words = [_words(outcome) for outcome in kind.becomes[kind.context :]]
    told = ", then ".join(word for word, _ in groupby(_once(words))) or "nothing"
    return f"{told}; {kind.note}" if kind.note else told


def _once(words: Sequence[str]) -> Sequence[str]:
    """Return a sequence that repeats itself once."""
    for size in range(1, len(words)):
        if [*words[:size]] * (len(words) // size) == words:
            return words[:size]
    return words


def _reason(kind: Kind) -> str:
    refusals = [outcome for outcome in kind.becomes if isinstance(outcome, Refused)]
    return refusals[0].says or _becomes(kind) if refusals else _becomes(kind)


def _words(outcome: Outcome) -> str:
    if isinstance(outcome, tuple) and not isinstance(outcome, Skip):
        return " and ".join(map(_words, outcome))
    if isinstance(outcome, Upserted):
        return "upsert" if outcome.instant else "queued upsert"
    if isinstance(outcome, Deleted | Happened):
        return "deletion" if isinstance(outcome, Deleted) else "event"
    return f"{'skip' if isinstance(outcome, Skip) else 'dead letter'} `{outcome.rule}`"


# -------------------------------------------------------------------------------------------- page

TABLES: Mapping[str, tuple[Row, Callable[[], Iterable[Row]]]] = {
    # name of a part -> the header of its table, and the rows; in the order of the page
    "columns": (("My column", "Sent with a schema", "In JSON without one", "Write"), column_types),
    "wire formats": (
        (
            "At the source",
            "In `/api/status`",
            "`type: confluent`",
            "`type: apicurio`, `…/v2`",
            "`type: apicurio`, `…/v3`",
        ),
        wire_formats,
    ),
    "shapes": (("Records", "Recognised by", "Write `shape:`"), shapes),
    "records": (("Record", "Becomes"), records),
    "remedies": (("Record", "The reason says, or it becomes", "Do"), remedies),
}

_PART = re.compile(r"(<!-- generated: ([^>]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def filled(text: str) -> str:
    """Return a page with new generated parts.

    Raises:
        KeyError: the page names a part that there is not.
    """
    return _PART.sub(lambda part: f"{part[1]}\n{table(part[2])}\n{part[3]}", text)


def parts(text: str) -> list[str]:
    """Return the names of a page's generated parts."""
    return [part[2] for part in _PART.finditer(text)]


def table(name: str) -> str:
    """Return one table."""
    header, make = TABLES[name]
    lines = [header, ["---"] * len(header), *make()]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)
