"""JSON schemas of the two kinds of file, for editors: `python -m connector.settings.editor_schemas`."""

import json
from pathlib import Path
from typing import Any

from connector.settings.models import ServiceFile
from connector.translate.mapping.rules import Model, TopicRules

MODELS: dict[str, type[Model]] = {"config.schema.json": ServiceFile, "topic.schema.json": TopicRules}

REFERENCE = {"type": "string", "pattern": r"\$\{"}
"""Text with `${NAME}` in it, whose value is known only at the start."""

BY_NAME = ("properties", "$defs")
IN_LIST = ("anyOf", "oneOf", "prefixItems")
INSIDE = ("items", "additionalProperties")


def schema_text(model: type[Model]) -> str:
    """Return the file that describes a model."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **_polish(model.model_json_schema())}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _polish(schema: dict[str, Any]) -> dict[str, Any]:
    """Drop titles, which only repeat the keys, and allow `${NAME}` for every value."""
    polished: dict[str, Any] = {}
    for keyword, inner in schema.items():
        if keyword in BY_NAME:
            polished[keyword] = {name: _polish(part) for name, part in inner.items()}
        elif keyword in IN_LIST:
            polished[keyword] = [_polish(part) for part in inner]
        elif keyword in INSIDE and isinstance(inner, dict):
            polished[keyword] = _polish(inner)
        elif keyword != "title":
            polished[keyword] = inner
    if not _refuses_references(polished):
        return polished
    outside: dict[str, Any] = {
        key: polished.pop(key) for key in ("description", "default") if key in polished
    }
    return {**outside, "anyOf": [polished, REFERENCE]}


def _refuses_references(schema: dict[str, Any]) -> bool:
    narrow_text = schema.get("type") == "string" and not schema.keys().isdisjoint({"pattern", "enum"})
    return narrow_text or schema.get("type") in ("integer", "number", "boolean")


def write(folder: Path) -> None:
    """Write both files."""
    for name, model in MODELS.items():
        (folder / name).write_text(schema_text(model))


if __name__ == "__main__":
    write(Path("schemas"))
