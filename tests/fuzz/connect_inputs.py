"""JSON with its schema: schemas of Connect's, true or hostile, and payloads that match them or do not."""

from collections.abc import Callable

from tests.fuzz import json_texts
from tests.fuzz.draw import Draw
from tests.fuzz.hostile import CANARY, COLUMNS, CONNECT_NAMES, LITERALS, NUMBERS, TEXTS

_SCALARS = ("boolean", "int8", "int16", "int32", "int64", "float", "double", "string", "bytes")
_BASES = (*_SCALARS, *_SCALARS, "array", "map", "struct", "struct", "any", "uint", CANARY)

_LEVELS_MAX = 300
_FIELDS_MAX = 3_000


def schema(draw: Draw, levels: int = 3, field: str = "") -> str:
    """Write a schema; one of a struct's field names it."""
    base = draw.pick(_BASES if levels else _SCALARS)
    members = [f'"type":"{base}"', '"optional":true']
    if field:
        members.append(f'"field":"{field}"')
    if draw.chance(0.5):
        members.append(f'"name":"{draw.pick(CONNECT_NAMES)}"')
    if draw.chance(0.4):
        scale = draw.pick(("2", "0", "-2", "400", "1001", "-2000000000", "x", "", "99999999999"))
        members.append(f'"parameters":{{"scale":"{scale}","length":"9"}}')
    if draw.chance(0.1):
        members.append(draw.pick(_ODD))
    if base == "struct":
        names = (draw.pick(COLUMNS) for _ in range(draw.small(6)))
        members.append(f'"fields":[{",".join(schema(draw, levels - 1, name) for name in names)}]')
    elif base == "array":
        members.append(f'"items":{schema(draw, levels - 1)}')
    elif base == "map":
        members.append(f'"keys":{schema(draw, 0)},"values":{schema(draw, levels - 1)}')
    return f"{{{','.join(members)}}}"


_ODD = (
    *(
        '"parameters":{"payload":"x"}',
        '"parameters":{"scale":2}',
        '"parameters":[]',
        '"default":{"a":1,"payload":2}',
    ),
    *(
        '"doc":",\\"payload\\":"',
        '"version":1.5',
        '"name":7',
        '"fields":{}',
        '"items":null',
        '"type":["struct"]',
    ),
    f'"doc":"{CANARY}"',
)


def hostile_schema(draw: Draw) -> str:
    """Write a schema that is deep, wide, long or none at all."""
    return draw.pick(_HOSTILE)(draw)


def _deep(draw: Draw) -> str:
    levels = draw.below(_LEVELS_MAX)
    begin, end = draw.pick(
        (
            ('{"type":"array","items":', "}"),
            ('{"type":"struct","fields":[{"field":"a","type":"struct","fields":[', "]}]}"),
            ('{"type":"map","keys":{"type":"string"},"values":', "}"),
        )
    )
    return begin * levels + '{"type":"int32"}' + end * levels


def _wide(draw: Draw) -> str:
    fields = (f'{{"field":"c{number}","type":"int8"}}' for number in range(draw.small(_FIELDS_MAX)))
    return f'{{"type":"struct","fields":[{",".join(fields)}]}}'


def _long(draw: Draw) -> str:
    return f'{{"type":"struct","fields":[],"doc":"{"x" * draw.small(40_000)}"}}'


_HOSTILE: tuple[Callable[[Draw], str], ...] = (_deep, _wide, _long, json_texts.value, json_texts.deep)


def envelope_schema(draw: Draw) -> str:
    """Write the schema of a change event around rows of one schema."""
    inner = schema(draw, 2)
    fields = (f'{{"field":"{name}",{inner[1:]}' for name in ("before", "after"))
    name = draw.pick(("crm.t.Envelope", "crm.t.Value", "", "x.Heartbeat", "crm.t.Key"))
    return (
        f'{{"type":"struct","name":"{name}","fields":[{",".join(fields)},{{"field":"op","type":"string"}}]}}'
    )


def text(draw: Draw) -> str:
    """Write a record with its schema, mostly as Connect's converter does."""
    kind = draw.below(10)
    if kind < 5:
        beside, payload = envelope_schema(draw), json_texts.envelope(draw, typed_row)
    elif kind < 8:
        beside, payload = schema(draw), typed_row(draw)
    else:
        beside, payload = hostile_schema(draw), json_texts.text(draw)
    return (
        draw.pick(_FORMS).replace("S", beside, 1).replace("P", payload, 1)
        if draw.chance(0.3)
        else _plain(beside, payload)
    )


def _plain(beside: str, payload: str) -> str:
    return f'{{"schema":{beside},"payload":{payload}}}'


_FORMS = (
    '{"schema":S,"payload":P,"x":1}',
    '{"schema":S ,"payload":P}',
    '{ "schema" : S , "payload" : P }',
    '{"payload":P,"schema":S}',
    '{"schema":S,"payload":P} ',
    '{"schema":S,"payload":P}}',
    '{"schema":S,"payload":1,"payload":P}',
    '{"schema":null,"payload":P}',
    '{"schema":S,"payload":null}',
    '{"schema":S,"payload":}',
)


def typed_row(draw: Draw) -> str:
    """Write a row whose columns look like those of a database."""
    members = (f'"{draw.pick(COLUMNS)}":{_column(draw)}' for _ in range(draw.small(8)))
    return f'{{"id":{draw.below(99)}{"".join("," + member for member in members)}}}'


def _column(draw: Draw) -> str:
    kind = draw.below(8)
    if kind < 2:
        return draw.pick(NUMBERS)
    if kind < 5:
        return f'"{draw.pick(TEXTS)}"'
    if kind < 6:
        return draw.pick(LITERALS)
    if kind < 7:
        scale = draw.pick(("2", "0", "-2", "-2000000000", "2000000000", "1e3", '"2"', "null"))
        return f'{{"scale":{scale},"value":"{draw.pick(TEXTS)}"}}'
    return json_texts.value(draw, 2)


def key(draw: Draw) -> str:
    """Write a key with its schema."""
    return _plain(schema(draw, 1), json_texts.row(draw, 1))
