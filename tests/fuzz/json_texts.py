"""Writes JSON and nearly-JSON: any shape of record, any depth and width, names twice, numbers of any kind."""

from collections.abc import Callable

from tests.fuzz.draw import Draw
from tests.fuzz.hostile import COLUMNS, LITERALS, NO_LITERALS, NO_NUMBERS, NUMBERS, TEXTS

_BROKEN = (*NO_NUMBERS, *NO_LITERALS)
_DEEP_MAX = 3_000
_WIDE_MAX = 6_000


def value(draw: Draw, levels: int = 3) -> str:
    """Write a value of so many levels at most."""
    if draw.chance(0.01):
        return draw.pick(_BROKEN)
    kind = draw.below(10 if levels else 6)
    if kind < 2:
        return draw.pick(NUMBERS)
    if kind < 5:
        return f'"{draw.pick(TEXTS)}"'
    if kind < 6:
        return draw.pick(LITERALS)
    if kind < 8:
        return row(draw, levels - 1)
    return f"[{','.join(value(draw, levels - 1) for _ in range(draw.small(6)))}]"


def row(draw: Draw, levels: int = 2) -> str:
    """Write an object; most have an id, some have a name twice."""
    members = [f'"{draw.pick(COLUMNS)}":{value(draw, levels)}' for _ in range(draw.small(7))]
    if draw.chance(0.7):
        members.append(f'"id":{draw.below(99)}')
    return f"{{{_separator(draw).join(members)}}}"


def _separator(draw: Draw) -> str:
    return draw.pick((",", ",", ",", ",", ",", ",", ", ", ",\n", ",,", ";"))


def deep(draw: Draw) -> str:
    """Write something nested deeply, closed or not."""
    opening, closing = draw.pick((("[", "]"), ('{"a":', "}"), ('[{"id":', "}]"), ('{"a":[', "]}")))
    levels = draw.below(_DEEP_MAX) if draw.chance(0.3) else draw.below(140)
    return (
        opening * levels
        + draw.pick(("1", "null", '"x"', "", "[]"))
        + (closing * levels if draw.chance(0.8) else "")
    )


def wide(draw: Draw) -> str:
    """Write very many small things beside each other."""
    unit = draw.pick(("[]", "{}", '{"":0}', "0", "1.5", '"ab"', "null", '{"a":[]}', "123456789012345678901"))
    if draw.chance(0.5):
        return f"[{','.join([unit] * draw.below(_WIDE_MAX))}]"
    return "{" + ",".join(f'"{number}":{unit}' for number in range(draw.below(_WIDE_MAX // 4))) + "}"


_CONNECTORS = (
    "postgresql",
    "postgresql",
    "mysql",
    "mariadb",
    "sqlserver",
    "oracle",
    "mongodb",
    "cassandra",
    "",
)


def source(draw: Draw, connector: str = "") -> str:
    """Write the content of `source`, of one connector or of any."""
    if draw.chance(0.05):
        return value(draw, 1)
    position = f'"ts_ms":{draw.pick(NUMBERS)},"db":"shop","table":"t","lsn":7'
    if draw.chance(0.05):
        return f'{{"connector":{value(draw, 1)},{position}}}'
    return f'{{"connector":"{connector or draw.pick(_CONNECTORS)}","name":"crm",{position}}}'


def envelope(draw: Draw, image: Callable[[Draw], str] = row, connector: str = "") -> str:
    """Write a change event around images."""
    members = [
        f'"op":"{draw.pick("cccccuuuuuddddrrtmCx")}"',
        f'"source":{source(draw, connector)}',
        f'"after":{"null" if draw.chance(0.2) else image(draw)}',
        f'"before":{"null" if draw.chance(0.6) else image(draw)}',
        f'"ts_ms":{draw.pick(NUMBERS)}',
    ]
    if draw.chance(0.1):
        members.pop(draw.below(len(members)))
    return f"{{{','.join(members)}}}"


def flattened(draw: Draw) -> str:
    """Write a flattened row with what the source may have added."""
    added = draw.pick(
        (
            '"__deleted":"true"',
            '"__deleted":"false"',
            '"__op":"c"',
            '"__op":"d"',
            '"__op":7',
            '"__source_lsn":7',
        )
    )
    inner = row(draw)
    return f"{inner[:-1]}{',' if len(inner) > 2 else ''}{added}}}"


def outbox(draw: Draw) -> str:
    """Write an outbox event."""
    inner = row(draw)
    payload = draw.pick(
        (inner, '"' + inner.replace("\\", "\\\\").replace('"', '\\"') + '"', '"eyJpZCI6N30="', value(draw))
    )
    return draw.pick(
        (
            payload,
            f'{{"payload":{payload},"eventType":"x"}}',
            f'{{"id":"{draw.below(9)}","payload":{payload}}}',
        )
    )


def not_a_row(draw: Draw) -> str:
    """Write what Debezium writes besides rows, with other members among them."""
    members = [
        *(
            f'"ts_ms":{draw.pick(NUMBERS)}',
            '"status":"BEGIN"',
            '"ddl":"x"',
            '"id":"1"',
            '"type":"execute-snapshot"',
        ),
        *('"data":"{}"', '"event_count":1', '"data_collections":[]', '"source":{}', '"tableChanges":[]'),
        *(
            '"aggregate_type":"x"',
            '"additional_data":{}',
            '"timestamp":1',
            '"specversion":"1.0"',
            '"databaseName":"x"',
        ),
    ]
    return f"{{{','.join(draw.pick(members) for _ in range(1 + draw.below(6)))}}}"


def text(draw: Draw) -> str:
    """Write the value of a record."""
    return draw.pick(_WRITERS)(draw)


_WRITERS: tuple[Callable[[Draw], str], ...] = (
    *(envelope, envelope, envelope, envelope, envelope, row, row, row, flattened, flattened, outbox, outbox),
    *(not_a_row, value, value, deep, wide),
    lambda draw: envelope(draw, lambda inner: f'{{"id":7,"a":{draw.pick((deep, value))(inner)}}}'),
)


def key(draw: Draw) -> str | None:
    """Write the key of a record."""
    if draw.chance(0.6):
        return f'{{"id":{draw.below(99)}}}'
    return draw.pick((None, "null", "7", '"7"', "customer-7", "Struct{id=7}", "{}", row(draw), value(draw)))
