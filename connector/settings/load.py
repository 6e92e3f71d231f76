"""Reads the configuration and reports all its problems together."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import TypeAdapter, ValidationError

from connector.errors import ConfigError, Problem
from connector.settings import kafka_options, schema_registry, yaml_source
from connector.settings.environment import expand
from connector.settings.models import ServiceFile, ServiceSettings, Settings
from connector.settings.secrets import Secret, resolve_file
from connector.settings.validation import validate
from connector.settings.yaml_source import Document, Section, child_path
from connector.translate.mapping import compiler
from connector.translate.mapping.rules import Rule, TopicRules

Topic: TypeAlias = tuple[TopicRules, Section]

RULE: TypeAdapter[Rule] = TypeAdapter(Rule)


def load(path: Path, environ: Mapping[str, str]) -> Settings:
    """Read the service file and its topics.

    Raises:
        ConfigError: with all problems of all files, each with file, line and YAML path.
    """
    document, missing = expand(yaml_source.read(path), environ)
    values = dict(document.value) if isinstance(document.value, dict) else {}
    listed = values.pop("topics", None)
    missing += _resolve_secrets(document, values, path.parent)
    sections, problems = _topic_sections(document, listed, path.parent, environ)
    missing += problems

    # The topics are checked one by one, so any pattern will do here.
    service, wrong = validate(ServiceFile, {**values, "topics": "*"}, Section(document, values))
    topics, problems = _topics(sections)
    wrong += problems
    wrong += _kafka(document, values.get("kafka"))
    wrong += _between_topics(topics)
    if service is not None:
        wrong += _between_sections(service, document, topics)

    places = {(problem.file, problem.path) for problem in missing}
    problems = missing + [problem for problem in wrong if (problem.file, problem.path) not in places]
    if service is None or problems:
        raise ConfigError(sorted(problems, key=lambda problem: (problem.file, problem.line or 0)))
    return Settings(
        **{name: getattr(service, name) for name in ServiceSettings.model_fields},
        topics=tuple(rules for rules, _ in topics),
        sections=tuple(section.without_values() for _, section in topics),
    )


def _resolve_secrets(document: Document, values: dict[str, Any], folder: Path) -> list[Problem]:
    """Read the files of `..._file` keys, and hide the secrets that `kafka:` holds as text."""
    problems: list[Problem] = []
    for section, keys in (
        ("instasent", ("token",)),
        ("kafka", kafka_options.SECRETS),
        ("schema_registry", schema_registry.SECRETS),
    ):
        if not isinstance(values.get(section), dict):
            continue
        values[section] = block = dict(values[section])
        for key in keys:
            problems += resolve_file(document, section, block, key, folder)
            if isinstance(block.get(key), str):
                block[key] = Secret(block[key])
            if section == "kafka":  # librdkafka does not know this key
                block.pop(f"{key}_file", None)
        if section == "schema_registry":
            names = {
                key: block[key] for key in schema_registry.CERTIFICATES if isinstance(block.get(key), str)
            }
            block.update({key: str(folder / name) for key, name in names.items()})
    return problems


def _topic_sections(
    document: Document, listed: Any, folder: Path, environ: Mapping[str, str]
) -> tuple[list[Section], list[Problem]]:
    """Find the topics: the items of the list, or the files that match the pattern."""
    if isinstance(listed, list) and listed:
        return [Section(document, item, child_path("topics", index)) for index, item in enumerate(listed)], []
    if not isinstance(listed, str) or not listed:
        return [], [document.problem("topics", "a pattern or a list is needed", "such as topics/*.yaml")]
    files = _matching(folder, Path(listed))
    if not files:
        return [], [document.problem("topics", f"no file matches {listed}", f"it is relative to {folder}")]
    sections: list[Section] = []
    problems: list[Problem] = []
    for file in files:
        try:
            topic_file, found = expand(yaml_source.read(file), environ)
        except ConfigError as error:
            problems += error.problems
        else:
            sections.append(Section(topic_file, topic_file.value))
            problems += found
    return sections, problems


def _matching(folder: Path, pattern: Path) -> list[Path]:
    base = Path(pattern.anchor) if pattern.anchor else folder
    try:
        return sorted(file for file in base.glob(str(pattern.relative_to(pattern.anchor))) if file.is_file())
    except ValueError:  # `**` next to other characters
        return []


def _topics(sections: Sequence[Section]) -> tuple[list[Topic], list[Problem]]:
    """Validate and compile each topic separately."""
    topics: list[Topic] = []
    problems: list[Problem] = []
    for section in sections:
        rules, found = validate(TopicRules, section.value, section)
        if rules is not None:
            topics.append((rules, section))
            found += [section.place(problem) for problem in compiler.problems(rules)]
        else:
            found += _not_reported_yet(
                found, [section.place(problem) for problem in _rule_problems(section.value)]
            )
        problems += found
    return topics, problems


def _rule_problems(value: Any) -> Iterator[Problem]:
    """Compile the rules of a topic that has other problems, so that a typo elsewhere hides no problem."""
    for block, key in (("contact", "attributes"), ("event", "parameters")):
        rules = value.get(block) if isinstance(value, dict) else None
        rules = rules.get(key) if isinstance(rules, dict) else None
        for name, written in (rules if isinstance(rules, dict) else {}).items():
            try:
                rule = RULE.validate_python(written)
            except ValidationError:
                continue  # It is among the other problems.
            yield from compiler.rule_problems(child_path(child_path(block, key), name), rule)


def _not_reported_yet(known: Sequence[Problem], more: Sequence[Problem]) -> list[Problem]:
    paths = {problem.path for problem in known}
    return [problem for problem in more if problem.path not in paths]


def _kafka(document: Document, options: Any) -> list[Problem]:
    """Check the properties of the Kafka client, also where other sections have problems."""
    if not isinstance(options, dict):
        return []
    return [
        document.problem(child_path("kafka", key), message, hint)
        for key, message, hint in kafka_options.faults(options)
    ]


def _between_topics(topics: Sequence[Topic]) -> Iterator[Problem]:
    """Find problems between topics: two that map the same records, and accidental deletes."""
    for index, (rules, section) in enumerate(topics):
        for other, place in topics[:index]:
            if other.source == rules.source or rules.matches(other.source) or other.matches(rules.source):
                key = "topic" if rules.topic else "pattern"
                yield section.problem(key, f"these records are mapped in {place.document.file} too")
    contacts = [(rules.contact, section) for rules, section in topics if rules.contact is not None]
    for contact, section in contacts:
        if len(contacts) > 1 and "on_delete" not in contact.model_fields_set:
            yield section.problem(
                "contact.on_delete",
                "is required: several topics map contacts",
                "write delete if a deleted row means a deleted contact, otherwise ignore or clear",
            )


def _between_sections(
    service: ServiceSettings, document: Document, topics: Sequence[Topic]
) -> Iterator[Problem]:
    """Find contradictions between the parts of the configuration."""
    interval = kafka_options.max_poll_interval_ms(service.kafka)
    if interval is not None and service.delivery.drain_seconds * 1000 >= interval:
        yield document.problem(
            "delivery.drain_seconds",
            f"must be shorter than max.poll.interval.ms ({interval} ms)",
            "the group would take the partitions away while they drain",
        )
    if service.schema_registry is not None:
        for key, message, hint in schema_registry.faults(service.schema_registry):
            yield document.problem(child_path("schema_registry", key), message, hint)
    for rules, place in topics:
        if rules.matches(service.dead_letters.topic):
            key = "topic" if rules.topic else "pattern"
            yield place.problem(
                key,
                "includes the topic of dead letters",
                "the connector would read its own dead letters again",
            )
        if rules.format == "avro" and service.schema_registry is None:
            yield place.problem("format", "Avro needs the section `schema_registry`")
