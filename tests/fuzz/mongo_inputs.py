"""MongoDB: documents and ids in Extended JSON of every version, or something near it."""

from tests.fuzz import json_texts
from tests.fuzz.draw import Draw
from tests.fuzz.hostile import COLUMNS, NUMBERS, TEXTS

_WRAPPERS = (
    *(
        '{"$oid":T}',
        '{"$numberLong":T}',
        '{"$numberInt":T}',
        '{"$numberDouble":T}',
        '{"$numberDecimal":T}',
        '{"$date":T}',
    ),
    *(
        '{"$date":N}',
        '{"$date":{"$numberLong":T}}',
        '{"$uuid":T}',
        '{"$symbol":T}',
        '{"$undefined":true}',
        '{"$minKey":1}',
    ),
    *(
        '{"$binary":{"base64":T,"subType":"04"}}',
        '{"$binary":T,"$type":"04"}',
        '{"$type":T,"$binary":T}',
        '{"$type":"00"}',
    ),
    *(
        '{"$timestamp":{"t":N,"i":1}}',
        '{"$regex":T,"$options":"i"}',
        '{"$regularExpression":{"pattern":T,"options":""}}',
    ),
    *(
        '{"$code":T}',
        '{"$code":T,"$scope":{}}',
        '{"$scope":{},"$code":T}',
        '{"$oid":T,"a":1}',
        '{"$numberLong":N}',
    ),
    *(
        '{"$ref":T,"$id":T}',
        '{"$date":{"$date":N}}',
        '{"$numberDecimal":"1E+6144"}',
        '{"$numberDecimal":"-NaN"}',
    ),
)


def document(draw: Draw, levels: int = 3) -> str:
    """Write a document in Extended JSON of any version, or something near it."""
    members = (f'"{draw.pick(COLUMNS)}":{_member(draw, levels)}' for _ in range(draw.small(7)))
    row_id = (
        draw.pick(('{"$oid":"65a1"}', "7", '{"$numberLong":"7"}')) if draw.chance(0.7) else _member(draw, 1)
    )
    return f'{{"_id":{row_id}{"".join("," + member for member in members)}}}'


def _member(draw: Draw, levels: int) -> str:
    kind = draw.below(8)
    if kind < 4:
        word = f'"{draw.pick(TEXTS)}"' if draw.chance(0.6) else f'"{draw.pick(NUMBERS)}"'
        return draw.pick(_WRAPPERS).replace("T", word).replace("N", draw.pick(NUMBERS))
    if kind < 5 and levels:
        return document(draw, levels - 1)
    if kind < 6 and levels:
        return f"[{','.join(_member(draw, levels - 1) for _ in range(draw.small(4)))}]"
    return json_texts.value(draw, 1)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def text(draw: Draw) -> str:
    """Write a change event of MongoDB: its documents are text."""
    write = draw.pick(
        (document, document, document, document, json_texts.deep, json_texts.wide, json_texts.value)
    )
    connector = "mongodb" if draw.chance(0.9) else ""
    return json_texts.envelope(draw, lambda inner: _quoted(write(inner)), connector)


def key(draw: Draw) -> str:
    """Write a key of MongoDB, whose id is text as well."""
    return f'{{"id":{_quoted(_member(draw, 1))}}}'
