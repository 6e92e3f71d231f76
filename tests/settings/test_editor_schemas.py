"""The published JSON schemas."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from connector.settings import load
from connector.settings.editor_schemas import MODELS, schema_text, write
from connector.settings.yaml_source import read

ROOT = Path(__file__).parents[2]
ENVIRON = {"INSTASENT_PROJECT": "p", "INSTASENT_DATASOURCE": "d", "INSTASENT_TOKEN": "t"}


def validator(name: str) -> Draft202012Validator:
    """Return a validator of a published schema."""
    schema = json.loads((ROOT / "schemas" / name).read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def service() -> Any:
    """Return the shipped service file as values."""
    return read(ROOT / "config/connector.yaml").value


def topic(name: str) -> Any:
    """Return a shipped topic file as values."""
    return read(ROOT / f"config/topics/{name}.yaml").value


@pytest.mark.parametrize("name", MODELS)
def test_the_published_files_are_those_of_the_models(name: str) -> None:
    """After a change of a model write the schemas again: `python -m connector.settings.editor_schemas`."""
    assert (ROOT / "schemas" / name).read_text() == schema_text(MODELS[name])


def test_writing(tmp_path: Path) -> None:
    """The command writes one file per schema."""
    write(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == set(MODELS)


def test_the_shipped_configuration_is_accepted() -> None:
    """Schemas and `load` accept the shipped files, with the references unexpanded."""
    validator("config.schema.json").validate(service())
    for name in ("customers", "orders"):
        validator("topic.schema.json").validate(topic(name))
    settings = load(ROOT / "config/connector.yaml", ENVIRON)
    assert [rules.topic for rules in settings.topics] == ["shop.public.customers", "shop.orders.placed"]


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("delivery", "linger_ms", "${LINGER}"),
        ("delivery", "buffered_bytes_max", 1048576),
        ("instasent", "base_url", "http://localhost:1/v1"),
        ("kafka", "max.poll.interval.ms", 300000),
        ("kafka", "ssl.key.password_file", "/run/secrets/key"),
    ],
)
def test_the_schema_accepts(section: str, key: str, value: object) -> None:
    """References may replace numbers, and Kafka properties have their natural types."""
    values = service()
    values[section][key] = value
    validator("config.schema.json").validate(values)


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("delivery", "linger_ms", "soon"),
        ("delivery", "batch_items_max", 101),
        ("delivery", "lingr_ms", 1),
        ("delivery", "buffered_bytes_max", "64MB"),
        ("kafka", "enable.auto.commit", True),
        ("kafka", "bootstrap.server", "b"),
        ("instasent", "token_file", "both"),
        ("instasent", "project", "a/b"),
    ],
)
def test_the_schema_refuses(section: str, key: str, value: object) -> None:
    """An editor shows typos, limits and refused keys."""
    values = service()
    values[section][key] = value
    assert list(validator("config.schema.json").iter_errors(values))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["contact", "attributes", "x"], {"from": "x", "as": "lowrcase"}),
        (["contact", "attributes", "x"], {"form": "x"}),
        (["contact", "attributes", "x"], {"from": "x", "as": {"timestamp": "minutes"}}),
        (["contact", "attributes", "x"], 3),
        (["contact", "on_delete"], "drop"),
        (["contact", "instant"], ["insert"]),
        (["pattern"], "^a"),
        (["shape"], "table"),
    ],
)
def test_the_topic_schema_refuses(path: list[str], value: object) -> None:
    """An editor shows mistakes in the mapping language."""
    values = topic("customers")
    inner = values
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    assert list(validator("topic.schema.json").iter_errors(values))
