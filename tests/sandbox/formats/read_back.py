"""Reads what the sandbox wrote without any of its code: framing by hand, bodies by fastavro and json."""

import base64
import io
import json
import uuid
from collections.abc import Iterable
from typing import Any

import fastavro

from connector.sandbox.registry.store import Registered, RegistryStore

Headers = Iterable[tuple[str, bytes | None]]


def schema_of(
    store: RegistryStore, data: bytes, headers: Headers, role: str, *, eight: bool = False
) -> tuple[Registered, bytes]:
    """Return the schema that wrote the bytes, and the body (debezium-events.md 7)."""
    named = dict(headers)
    confluent = named.get(f"__{role}_schema_id")
    global_id = named.get(f"apicurio.{role}.globalId")
    content_id = named.get(f"apicurio.{role}.contentId")
    artifact = named.get(f"apicurio.{role}.artifactId")
    if confluent:
        return _confluent(store, confluent)[0], data
    if global_id:
        return _found(store.find(global_id=int.from_bytes(global_id, "big"))), data
    if content_id:
        return _found(store.find(content_id=int.from_bytes(content_id, "big"))), data
    if artifact:
        version = int(named[f"apicurio.{role}.version"] or b"")
        return _found(store.find(subject=artifact.decode(), version=version)), data
    if eight:
        assert data[0] == 0
        return _found(store.find(global_id=int.from_bytes(data[1:9], "big"))), data[9:]
    return _confluent(store, data)


def _confluent(store: RegistryStore, data: bytes) -> tuple[Registered, bytes]:
    if data[0] == 1:
        return _found(store.find(guid=uuid.UUID(bytes=data[1:17]))), data[17:]
    assert data[0] == 0
    number = int.from_bytes(data[1:5], "big")
    return _found(store.find(content_id=number) or store.find(global_id=number)), data[5:]


def _found(known: Registered | None) -> Registered:
    assert known is not None
    return known


def read_avro(store: RegistryStore, known: Registered, body: bytes) -> Any:
    """Decode a body; integers and bytes stay as they travel."""
    if json.loads(known.text) == "bytes":
        return body
    definitions: dict[str, Any] = {}
    for each in _all_references(store, known):
        fastavro.parse_schema(_bare(json.loads(each.text)), named_schemas=definitions)
    parsed = fastavro.parse_schema(_bare(json.loads(known.text)), named_schemas=definitions)
    stream = io.BytesIO(body)
    value = fastavro.schemaless_reader(stream, parsed, None)
    assert stream.read() == b"", "bytes were left over"
    return value


def _all_references(store: RegistryStore, known: Registered) -> list[Registered]:
    found: list[Registered] = []
    for reference in known.references:
        part = _found(store.find(subject=reference.subject, version=reference.version))
        found += [each for each in (*_all_references(store, part), part) if each not in found]
    return found


def _bare(schema: Any) -> Any:
    """Take Avro's logical types out, so that fastavro converts nothing."""
    if isinstance(schema, dict):
        return {name: _bare(member) for name, member in schema.items() if name != "logicalType"}
    return [_bare(member) for member in schema] if isinstance(schema, list) else schema


def as_json(value: Any) -> Any:
    """Give a value as Connect's JSON has it: bytes as base64, and a map with other keys as pairs."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        if all(isinstance(name, str) for name in value):
            return {name: as_json(member) for name, member in value.items()}
        return [[key, as_json(member)] for key, member in value.items()]
    return [as_json(member) for member in value] if isinstance(value, list) else value
