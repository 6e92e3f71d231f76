"""Avro schemas and values for tests, and fastavro as the judge of their meaning."""

import io
from collections.abc import Callable, Mapping
from typing import Any

import fastavro
import orjson
from hypothesis import strategies as st

from connector.translate.formats.avro.avro_reader import Wanted
from connector.translate.formats.avro.schema_text import read_avro_schema
from connector.translate.formats.avro.types import AvroType

SCALARS: Mapping[str, st.SearchStrategy[Any]] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1) | st.integers(-70, 70),
    "float": st.floats(width=32, allow_nan=False),
    "double": st.floats(allow_nan=False),
    "bytes": st.binary(max_size=80),
    "string": st.text(max_size=80),
}

_LOGICAL = {
    "int": ["date", "time-millis"],
    "long": ["time-micros", "timestamp-millis", "timestamp-micros", "local-timestamp-nanos"],
    "bytes": ["decimal"],
    "string": ["uuid"],
}


def tree(schema: object, *references: object) -> AvroType:
    """Read a schema given as Python objects."""
    return read_avro_schema(_text(schema), tuple(map(_text, references)))


def _text(schema: object) -> str:
    return orjson.dumps(schema).decode()


def written(schema: Any, value: object) -> bytes:
    """Return what fastavro writes."""
    target = io.BytesIO()
    fastavro.schemaless_writer(target, fastavro.parse_schema(_bare(schema)), value)
    return target.getvalue()


def read_by_fastavro(schema: Any, data: bytes) -> object:
    """Return what fastavro reads; it converts nothing, because the logical types are taken away."""
    return fastavro.schemaless_reader(io.BytesIO(data), fastavro.parse_schema(_bare(schema)), None)


def _bare(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_bare(one) for one in schema]
    if isinstance(schema, dict):
        return {name: _bare(one) for name, one in schema.items() if name != "logicalType"}
    return schema


Drawn = tuple[Any, st.SearchStrategy[Any]]
"""A schema, and the strategy of its values."""


class Sampler:
    """Draws schemas; named types that were drawn before may be used again by their names."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._named: dict[str, st.SearchStrategy[Any]] = {}
        self._names = 0

    def record(self) -> Drawn:
        """Draw the schema of a record."""
        return self._record(3, "")

    def schema(self, levels: int, namespace: str = "", *, null: bool = True, union: bool = True) -> Drawn:
        """Draw a schema of at most that many levels, maybe `null` itself or a union."""
        kinds: list[Callable[[int, str], Drawn]] = [self._scalar, self._scalar, self._enum, self._fixed]
        if self._known(namespace):
            kinds.append(self._again)
        if levels:
            kinds += [self._record, self._array, self._map]
            if union:
                kinds += [self._optional, self._optional, self._union]
        schema, values = self._draw(st.sampled_from(kinds))(levels - 1, namespace)
        if not null and schema in ("null", {"type": "null", "connect.version": 1}):
            return "boolean", SCALARS["boolean"]
        return schema, values

    def _scalar(self, _levels: int, _namespace: str) -> Drawn:
        name = self._draw(st.sampled_from(list(SCALARS)))
        form = self._draw(st.sampled_from(["bare", "object", "logical"]))
        if form == "logical" and name in _LOGICAL:
            logical = self._draw(st.sampled_from(_LOGICAL[name]))
            more = {"precision": 4, "scale": 2} if logical == "decimal" else {}
            return {"type": name, "logicalType": logical, **more}, SCALARS[name]
        return ({"type": name, "connect.version": 1} if form == "object" else name), SCALARS[name]

    def _name(self, namespace: str) -> tuple[dict[str, str], str, str]:
        """Draw a name: the members that say it, the whole of it, and the namespace inside its type."""
        self._names += 1
        simple = f"T{self._names}"
        form = self._draw(st.sampled_from(["inherited", "own", "dotted"]))
        if form == "inherited":
            return {"name": simple}, f"{namespace}.{simple}" if namespace else simple, namespace
        inside = self._draw(st.sampled_from(["io.debezium", "crm"]))
        full = f"{inside}.{simple}"
        return ({"name": simple, "namespace": inside} if form == "own" else {"name": full}), full, inside

    def _enum(self, _levels: int, namespace: str) -> Drawn:
        name, full, _ = self._name(namespace)
        symbols = ["a", "b", "c"][: self._draw(st.integers(1, 3))]
        self._named[full] = st.sampled_from(symbols)
        return {"type": "enum", **name, "symbols": symbols}, self._named[full]

    def _fixed(self, _levels: int, namespace: str) -> Drawn:
        name, full, _ = self._name(namespace)
        size = self._draw(st.integers(1, 20))
        self._named[full] = st.binary(min_size=size, max_size=size)
        return {"type": "fixed", **name, "size": size}, self._named[full]

    def _known(self, namespace: str) -> list[str]:
        """Name the types that can be used: one without a namespace only where there is none around."""
        return [full for full in self._named if "." in full or not namespace]

    def _again(self, _levels: int, namespace: str) -> Drawn:
        full = self._draw(st.sampled_from(self._known(namespace)))
        within, _, simple = full.rpartition(".")
        short = within == namespace and self._draw(st.booleans())
        return (simple if short else full), self._named[full]

    def _record(self, levels: int, namespace: str) -> Drawn:
        name, full, inside = self._name(namespace)
        fields, values = [], {}
        for number in range(self._draw(st.integers(1, 5))):
            schema, values[f"f{number}"] = self.schema(levels, inside, null=number > 0)
            fields.append({"name": f"f{number}", "type": schema})
        self._named[full] = st.fixed_dictionaries(values)
        return {"type": "record", **name, "fields": fields}, self._named[full]

    def _optional(self, levels: int, namespace: str) -> Drawn:
        schema, values = self.schema(levels, namespace, null=False, union=False)
        return (["null", schema] if self._draw(st.booleans()) else [schema, "null"]), st.none() | values

    def _union(self, levels: int, namespace: str) -> Drawn:
        drawn = self.schema(levels, namespace, null=False, union=False)
        kind = drawn[0]["type"] if isinstance(drawn[0], dict) else drawn[0]
        others = st.lists(
            st.sampled_from([name for name in SCALARS if name != kind]), unique=True, max_size=3
        )
        branches = [*((name, SCALARS[name]) for name in self._draw(others)), drawn]
        branches = self._draw(st.permutations(branches))
        return [schema for schema, _ in branches], st.one_of([values for _, values in branches])

    def _array(self, levels: int, namespace: str) -> Drawn:
        items, values = self.schema(levels, namespace, null=False)
        return {"type": "array", "items": items}, st.lists(values, max_size=4)

    def _map(self, levels: int, namespace: str) -> Drawn:
        items, values = self.schema(levels, namespace)
        return {"type": "map", "values": items}, st.dictionaries(st.text(max_size=9), values, max_size=4)


@st.composite
def samples(draw: st.DrawFn, *, record: bool = False) -> tuple[Any, bytes]:
    """Draw a schema, of a record if asked for, and what fastavro writes of a value of it."""
    sampler = Sampler(draw)
    schema, values = sampler.record() if record else sampler.schema(3)
    return schema, written(schema, draw(values))


@st.composite
def wanteds(draw: st.DrawFn, root: AvroType) -> Wanted:
    """Draw which fields of a schema are wanted; of what may be a map always everything."""
    options = root.branches or (root,)
    fields = {name: member for option in options for name, member in option.fields}
    if not fields or any(option.kind == "map" for option in options) or draw(st.booleans()):
        return None
    names = draw(st.lists(st.sampled_from(list(fields)), unique=True))
    return {name: draw(wanteds(fields[name])) for name in names}


def projected(value: Any, wanted: Wanted) -> Any:
    """Return the wanted parts of a value that was read completely."""
    if wanted is None or not isinstance(value, dict):
        return value
    return {name: projected(member, wanted[name]) for name, member in value.items() if name in wanted}
