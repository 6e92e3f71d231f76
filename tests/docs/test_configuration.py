"""docs/configuration.md has every key of both files, with its default, and what is refused is refused."""

from collections.abc import Iterator
from itertools import product
from typing import Any, get_args
from uuid import UUID

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from ruamel.yaml import YAML

from connector.model import RefKind, SchemaRef
from connector.registry.conversation import Language, SchemaNotFoundError
from connector.registry.languages import LANGUAGES
from connector.settings import kafka_options, schema_registry
from connector.settings.models import ServiceFile
from connector.shell.kafka import client_settings
from connector.translate.mapping.rules import (
    EventRules,
    PathRule,
    TemplateRule,
    TopicRules,
    ValueRule,
)
from tests.docs.pages import ROOT, codes, prose, rows

PAGE = ROOT / "docs" / "configuration.md"
RULES = (PathRule, TemplateRule, ValueRule)
DOCUMENTED = {row["Key"].strip("`"): row for row in rows(PAGE, "Key", "Default")}

WORDS = {
    # the Default column where the model alone does not say it
    "instasent.token": "this or `token_file`",
    "topic": "this or `pattern`",
    "delivery": "all defaults",
    "dead_letters": "all defaults",
    "admin": "all defaults",
    "delivery.buffered_bytes_max": "`64MiB`",
    "examples": "none",
}


def keys(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Yield every key of a model and of the models inside it, except those of rules."""
    for name, field in model.model_fields.items():
        here = f"{path}{field.alias or name}"
        yield here, field
        for inner, is_list in models_in(field.annotation):
            if inner not in (*RULES, TopicRules):
                yield from keys(inner, f"{here}[]." if is_list else f"{here}.")


def models_in(annotation: Any, *, is_list: bool = False) -> Iterator[tuple[type[BaseModel], bool]]:
    """Yield the models in a type, and whether they are in a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, is_list
    for part in get_args(annotation):
        yield from models_in(part, is_list=is_list or "tuple" in str(annotation))


def expected() -> dict[str, FieldInfo]:
    """Return every key of the service file, of a topic file and of a rule."""
    found = dict(keys(ServiceFile)) | dict(keys(TopicRules))
    for rule in RULES:
        found |= dict(keys(rule))
    return found


def test_every_key_is_documented() -> None:
    """The tables have the keys of the models, no more and no fewer."""
    assert DOCUMENTED.keys() == expected().keys()


@pytest.mark.parametrize(("key", "field"), expected().items())
def test_the_default_is_the_real_one(key: str, field: FieldInfo) -> None:
    """The Default column says what the model does: required, none, or the value as YAML."""
    cell = DOCUMENTED[key]["Default"]
    if key in WORDS:
        assert cell == WORDS[key]
    elif field.is_required():
        assert cell == "required"
    elif field.default is None:
        assert cell == "none"
    else:
        (text,) = codes(cell)
        value = YAML(typ="safe").load(text)
        default = field.default
        assert value == (
            [str(part) if isinstance(part, str) else part for part in default]
            if isinstance(default, tuple)
            else default
        )


def test_the_words_for_defaults_are_true() -> None:
    """The sections without a default of their own have one, and 64MiB is the number of the model."""
    fields = expected()
    for name in ("delivery", "dead_letters", "admin"):
        assert fields[name].default == type(fields[name].default)()
    assert fields["delivery.buffered_bytes_max"].default == 64 * 1024**2
    assert EventRules.model_fields["on"].default == ("create",)


def test_kafka_defaults_are_the_real_ones() -> None:
    """The table of our defaults is that of the code."""
    table = {row["Property"].strip("`"): row["Value"].strip("`") for row in rows(PAGE, "Property", "Value")}
    real = {name: kafka_options.as_text(value) for name, value in client_settings.DEFAULTS.items()}
    assert table == real
    fixed = {row["Property"].strip("`") for row in rows(PAGE, "Property", "Value") if "fixed" in row["Why"]}
    assert fixed == {name for name in real if name in kafka_options.FIXED or name in kafka_options.REFUSED}


def test_what_is_said_to_be_refused_is_refused() -> None:
    """Each property of the table of refusals is refused, or bound to one value (S13)."""
    named = {name for row in rows(PAGE, "Property", "Why") for name in codes(row["Property"])}
    names = {name.partition(":")[0] for name in named if "…" not in name and not name.endswith("*")}
    assert len(names) > 15
    assert names - kafka_options.REFUSED.keys() - kafka_options.FIXED.keys() == set()


def test_every_secret_is_named() -> None:
    """The list of secrets is complete."""
    text = prose(PAGE)
    names = [*kafka_options.SECRETS, *(f"schema_registry.{name}" for name in schema_registry.SECRETS)]
    assert [name for name in names if f"`{name}`" not in text] == []


def test_the_registry_can_be_asked_as_the_table_says() -> None:
    """Each way to name a schema is looked up, or unknown, as the table of `schema_registry` says."""
    samples = dict.fromkeys(RefKind, "1") | {RefKind.GUID: str(UUID(int=1)), RefKind.ARTIFACT: "g/a/1"}
    table = list(rows(PAGE, "A record names"))
    kinds = [
        (RefKind.ID,),
        (RefKind.LONG_ID,),
        (RefKind.GUID,),
        (RefKind.CONTENT_ID,),
        (RefKind.GLOBAL_ID,),
        (RefKind.CONTENT_HASH, RefKind.ARTIFACT),
    ]
    for row, named in zip(table, kinds, strict=True):
        for kind, name in product(named, LANGUAGES):
            cell = row[f"`type: {name}`"]
            for use_id in (RefKind.CONTENT_ID, RefKind.GLOBAL_ID):
                wanted = "`use_id: " not in cell or f"`use_id: {use_id}`" in cell
                language = LANGUAGES[name](use_id, "http://r/v2")
                assert known(language, SchemaRef(kind, samples[kind])) is (cell != "unknown" and wanted)


def known(language: Language, ref: SchemaRef) -> bool:
    """Whether a language has a path for a reference."""
    try:
        return bool(language.path(ref))
    except SchemaNotFoundError:
        return False
