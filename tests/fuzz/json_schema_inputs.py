"""JSON Schema of a registry: true, recursive, doubling, or something near it."""

from connector.model import SchemaArtifact
from tests.fuzz.draw import Draw
from tests.fuzz.hostile import CANARY, COLUMNS, CONNECT_NAMES

_REFS = (
    "#",
    "#/definitions/a",
    "#/definitions/b",
    "#/$defs/a",
    "#/properties/id",
    "x.json",
    "x.json#/definitions/a",
    "http://[",
    "",
)
_TYPES = ("integer", "number", "string", "boolean", "null", "object", "array", CANARY)
_LEVELS_MAX = 200


def json_schema(draw: Draw, levels: int = 3) -> str:
    """Write a JSON Schema; many refer to themselves."""
    members = [f'"type":"{draw.pick(_TYPES)}"']
    kind = draw.below(9 if levels else 3)
    if kind < 3:
        members.append(f'"title":"{draw.pick(CONNECT_NAMES)}"')
        members.append(f'"connect.type":"{draw.pick(("int8", "int32", "bytes", "float64", "map", "x"))}"')
        members.append(f'"connect.parameters":{{"scale":"{draw.pick(("2", "-2", "x", "-2000000000"))}"}}')
    elif kind < 5:
        inner = (f'"{draw.pick(COLUMNS)}":{json_schema(draw, levels - 1)}' for _ in range(draw.small(6)))
        members = ['"type":"object"', f'"properties":{{{",".join(inner)}}}']
    elif kind < 6:
        members = ['"type":"array"', f'"items":{json_schema(draw, levels - 1)}']
    elif kind < 7:
        members = [
            f'"{draw.pick(("oneOf", "anyOf", "allOf"))}":[{{"type":"null"}},{json_schema(draw, levels - 1)}]'
        ]
    else:
        members = [f'"$ref":"{draw.pick(_REFS)}"']
    if levels == 3:
        definitions = (f'"{name}":{json_schema(draw, 1)}' for name in "ab")
        members.append(f'"definitions":{{{",".join(definitions)}}}')
    return f"{{{','.join(members)}}}"


def _doubling(draw: Draw) -> str:
    levels = draw.below(60)
    definitions = []
    for n in range(levels):
        twice = f'"a":{{"$ref":"#/$defs/d{n + 1}"}},"b":{{"$ref":"#/$defs/d{n + 1}"}}'
        definitions.append(f'"d{n}":{{"type":"object","properties":{{{twice}}}}}')
    definitions.append(f'"d{levels}":{{"type":"string"}}')
    return f'{{"$ref":"#/$defs/d0","$defs":{{{",".join(definitions)}}}}}'


def _nested(draw: Draw) -> str:
    levels = draw.below(_LEVELS_MAX)
    return '{"type":"array","items":' * levels + "{}" + "}" * levels


def json_schema_artifact(draw: Draw) -> SchemaArtifact:
    """Draw what a registry holds of the type JSON."""
    write = json_schema if draw.chance(0.95) else draw.pick((_doubling, _nested))
    references = (f'{{"$id":"x.json",{json_schema(draw)[1:]}',) if draw.chance(0.3) else ()
    return SchemaArtifact(write(draw), "JSON", references)
