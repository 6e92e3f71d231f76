"""The schemas that the registry has delivered, by reference, with their readers.

A schema under an id never changes. Producers decide how many ids exist. So the store forgets the oldest
schemas beyond a limit (S15), and the registry is asked for them again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from connector.errors import InvariantError
from connector.model import SchemaArtifact, SchemaRef
from connector.translate.formats.avro.avro_reader import Wanted, compile_reader
from connector.translate.formats.avro.schema_text import read_avro_schema
from connector.translate.formats.avro.types import AvroType
from connector.translate.formats.connect_schema import ConnectSchema, SchemaRefusedError
from connector.translate.formats.decoded import WHOLE_ROW, DecodeError
from connector.translate.formats.json.connect_schema_text import read_connect_schema
from connector.translate.formats.json.json_schema import read_json_schema

SCHEMAS_MAX = 5_000

_COLUMNS_MIN = 4
"""A projected row keeps more columns than a row of the signalling table has."""

ReadBody = Callable[[bytes, int], Any]


class AwaitSchemaError(Exception):
    """A record cannot be read before the registry has been asked for this schema."""

    def __init__(self, ref: SchemaRef) -> None:
        super().__init__(str(ref))
        self.ref = ref


@dataclass(eq=False)
class WriterSchema:
    """The schema that a producer wrote its records with.

    `format` says how their bodies are read: `avro` by its reader, `json` as JSON text.
    """

    format: str
    connect: ConnectSchema | None
    avro: AvroType | None = None
    _readers: dict[frozenset[str] | None, ReadBody] = field(default_factory=dict)

    @property
    def is_bytes(self) -> bool:
        """Whether the schema is Avro's `bytes` and nothing else."""
        return self.avro is not None and self.avro.kind == "bytes"

    def reader(self, columns: frozenset[str] | None) -> ReadBody:
        """Make the reader of an Avro value; from a change event it builds only the parts for these columns.

        Any other value is read completely, and so is every value where `columns` is None.
        """
        if self.avro is None:
            raise InvariantError("a schema that is not Avro")
        known = self._readers.get(columns)
        if known is None:
            known = self._readers[columns] = compile_reader(self.avro, _wanted(self.avro.connect, columns))
        return known


def _wanted(value: ConnectSchema, columns: frozenset[str] | None) -> Wanted:
    """Choose the parts of a schema's values to read."""
    if columns is None or not value.name.endswith(".Envelope"):
        return None
    rows = {image: _wanted_of_row(value.fields.get(image), columns) for image in ("before", "after")}
    return {"op": None, "source": {"connector": None}, **rows}


def _wanted_of_row(row: ConnectSchema | None, columns: frozenset[str]) -> Wanted:
    """Choose the columns, and some more where a row with few columns could look like a signal."""
    names = () if row is None else tuple(row.fields)
    if WHOLE_ROW in columns or len(names) < _COLUMNS_MIN:
        return None
    needed_first = sorted(names, key=lambda name: name not in columns)
    return dict.fromkeys(needed_first[: max(_COLUMNS_MIN, len(columns.intersection(names)))])


class SchemaStore:
    """All known schemas. `registry` is the type of the registry, None without one."""

    def __init__(self, registry: Literal["confluent", "apicurio"] | None = None) -> None:
        self.configured = registry is not None
        # A schema that is just `bytes` means the unchanged body: Confluent leaves the length out.
        self.raw_bytes = registry == "confluent"
        self._known: dict[SchemaRef, WriterSchema | str] = {}

    def get(self, ref: SchemaRef) -> WriterSchema:
        """Return the schema under a reference.

        Raises:
            AwaitSchemaError: the registry has not been asked yet.
            DecodeError: there is no registry, or the schema cannot be used.
        """
        known = self._known.get(ref)
        if isinstance(known, WriterSchema):
            return known
        if isinstance(known, str):
            raise DecodeError(f"schema {ref}: {known}")
        if self.configured:
            raise AwaitSchemaError(ref)
        raise DecodeError(f"it names schema {ref}, and no `schema_registry` is configured")

    def learn(self, ref: SchemaRef, artifact: SchemaArtifact) -> None:
        """Remember a schema that the registry has delivered."""
        while len(self._known) >= SCHEMAS_MAX:
            del self._known[next(iter(self._known))]
        try:
            self._known[ref] = _compiled(artifact)
        except SchemaRefusedError as error:
            self._known[ref] = str(error)


def _compiled(artifact: SchemaArtifact) -> WriterSchema:
    kind = artifact.type.upper() or _kind_of(artifact.text)
    compile_kind = _KINDS.get(kind)
    if compile_kind is None:
        raise SchemaRefusedError(f"{kind} is not supported; write Avro, JSON Schema or JSON")
    return compile_kind(artifact)


def _avro(artifact: SchemaArtifact) -> WriterSchema:
    root = read_avro_schema(artifact.text, artifact.references)
    return WriterSchema("avro", root.connect, root)


def _json(artifact: SchemaArtifact) -> WriterSchema:
    return WriterSchema("json", read_json_schema(artifact.text, artifact.references))


def _connect(artifact: SchemaArtifact) -> WriterSchema:
    try:
        return WriterSchema("json", read_connect_schema(orjson.loads(artifact.text)))
    except orjson.JSONDecodeError:
        raise SchemaRefusedError("the schema is not JSON") from None


_KINDS: Mapping[str, Callable[[SchemaArtifact], WriterSchema]] = {
    "AVRO": _avro,
    "JSON": _json,
    "KCONNECT": _connect,
}


def _kind_of(text: str) -> str:
    """Guess the language of a schema where the registry does not say it."""
    try:
        schema = orjson.loads(text)
    except orjson.JSONDecodeError:
        return "PROTOBUF" if "syntax" in text or "message " in text else "AVRO"
    if isinstance(schema, dict):
        if schema.get("type") == "struct" or "optional" in schema:
            return "KCONNECT"
        if "$schema" in schema or schema.get("type") == "object" or "properties" in schema:
            return "JSON"
    return "AVRO"
