"""The records of real connectors: the captures of `tests/fixtures`, with the schemas that they name."""

import base64
import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from connector.model import RefKind, SchemaArtifact, SchemaRef

FIXTURES = Path(__file__).parents[1] / "fixtures"


class Captured(NamedTuple):
    """One record, and the schemas of its capture."""

    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]
    timestamp_ms: int
    schemas: dict[SchemaRef, SchemaArtifact]


@cache
def captured() -> tuple[Captured, ...]:
    """Return the records of all captures."""
    records: list[Captured] = []
    for file in sorted(FIXTURES.glob("*.jsonl")):
        schemas = _schemas(file.with_suffix(".schemas.json"))
        records += (_record(json.loads(line), schemas) for line in file.read_text().splitlines())
    return tuple(records)


def _record(line: dict[str, Any], schemas: dict[SchemaRef, SchemaArtifact]) -> Captured:
    headers = [(name, _bytes(value)) for name, value in line["headers"]]
    return Captured(_bytes(line["key"]), _bytes(line["value"]), headers, line["timestamp"][1], schemas)


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)


def _schemas(file: Path) -> dict[SchemaRef, SchemaArtifact]:
    """Read the schemas beside a capture: by id, or by the kind of reference and id."""
    if not file.exists():
        return {}
    document = json.loads(file.read_text())
    texts = document.pop("texts", None)
    if texts is None:
        return {
            SchemaRef(RefKind.ID, number): SchemaArtifact(text, "AVRO") for number, text in document.items()
        }
    schemas = {
        SchemaRef(RefKind(kind), number): SchemaArtifact(
            texts[entry["text"]], entry["type"], tuple(texts[place] for place in entry["references"])
        )
        for kind, entries in document.items()
        for number, entry in entries.items()
    }
    # Ids of eight bytes are global ids, unless the registry's settings say otherwise.
    long_ids = {ref._replace(kind=RefKind.LONG_ID): known for ref, known in schemas.items()}
    return {**long_ids, **schemas}
