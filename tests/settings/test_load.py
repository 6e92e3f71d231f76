"""The whole configuration: defaults, limits, contradictions, and all problems together."""

from collections.abc import Callable
from pathlib import Path

import pytest

from connector.errors import ConfigError, Problem
from connector.settings import Settings, load
from tests.settings.conftest import INSTASENT, KAFKA, SERVICE, TOPICS

Load = Callable[..., Settings]
Refuse = Callable[..., list[Problem]]


def test_defaults(settings_of: Load) -> None:
    """Missing keys have the defaults of docs/configuration.md."""
    settings = settings_of(SERVICE)
    assert settings.instasent.base_url == "https://api.instasent.com/v1"
    assert settings.delivery.model_dump() == {
        "batch_items_max": 100,
        "linger_ms": 50,
        "requests_in_flight_max": 8,
        "buffered_records_max": 20_000,
        "buffered_bytes_max": 64 * 1024 * 1024,
        "retry_backoff_ms": (200, 30_000),
        "drain_seconds": 30,
        "request_seconds_max": 20,
    }
    assert settings.dead_letters.topic == "instasent.dead-letters"
    assert (settings.admin.host, settings.admin.port) == ("127.0.0.1", 8085)
    assert settings.kafka_properties == {"bootstrap.servers": "localhost:9092", "group.id": "g"}


def test_variables_stand_for_numbers_too(settings_of: Load) -> None:
    """A variable holds text; where a number is needed it is read as one."""
    settings = settings_of(
        SERVICE + "delivery: {linger_ms: '${LINGER}', buffered_bytes_max: '${BYTES:-2MiB}'}\n",
        {"TOKEN": "t", "LINGER": "5"},
    )
    assert settings.delivery.linger_ms == 5
    assert settings.delivery.buffered_bytes_max == 2 * 1024 * 1024


def test_topic_files_are_found_beside_the_service_file(settings_of: Load) -> None:
    """The pattern is relative to the service file, and a record's topic leads to its rules."""
    settings = settings_of(
        KAFKA + INSTASENT + "topics: topics/*.yaml\n",
        **{
            "topics/b.yaml": "pattern: ^shop[.](x|y)$\nevent: {type: t, user_id: u}",
            "topics/a.yaml": "topic: a\ncontact: {user_id: id}",
            "topics/readme.txt": "not a topic",
        },
    )
    assert [rules.source for rules in settings.topics] == ["a", "^shop[.](x|y)$"]
    assert [rules.matches("shop.y") for rules in settings.topics] == [False, True]
    assert not any(rules.matches("shop.z") for rules in settings.topics)
    found = settings.sections[1].place(Problem("wrong", "event.user_id"))
    assert (Path(found.file).name, found.line) == ("b.yaml", 2)


def test_everything_is_reported_at_once(problems_of: Refuse) -> None:
    """Problems of several kinds in several files come together, each with file, line and path (F098)."""
    problems = problems_of(
        """\
        kafka:
          bootstrap.servers: b
          group.id: g
          enable.auto.commit: true
        instasent:
          project: ${PROJECT}
          datasource: d
          tokn: t
        delivery:
          batch_items_max: 101
        topics: topics/*.yaml
        """,
        **{
            "topics/a.yaml": "topic: a\ncontact:\n  user_id: id\n  attributes:\n    x: {from: x, as: dat}\n",
            "topics/b.yaml": "topic: [",
            "topics/c.yaml": "topic: c\nevent:\n  type: t\n  user_id: 'a['\n",
        },
    )
    found = [(Path(problem.file).name, problem.line, problem.path) for problem in problems]
    assert found == [
        ("connector.yaml", 4, "kafka.enable.auto.commit"),
        ("connector.yaml", 5, "instasent.token"),
        ("connector.yaml", 6, "instasent.project"),
        ("connector.yaml", 8, "instasent.tokn"),
        ("connector.yaml", 10, "delivery.batch_items_max"),
        ("a.yaml", 5, "contact.attributes.x.as"),
        ("b.yaml", 1, ""),
        ("c.yaml", 4, "event.user_id"),
    ]
    assert "`token`" in problems[3].hint
    assert "`date`" in problems[5].hint


def test_a_typo_hides_no_fault_of_another_rule(problems_of: Refuse) -> None:
    """The rules of a topic that is wrong elsewhere are compiled all the same (F098)."""
    topic = """\
        topic: a
        contact:
          user_id: id
          attributes:
            one: {from: one, as: dat}
            two: "two["
            three: {template: "{three"}
            four: {from: four, as: e164, region: XX}
        evnt: {}
        """
    problems = problems_of(KAFKA + INSTASENT + "topics: topics/*.yaml\n", **{"topics/a.yaml": topic})
    assert [problem.line for problem in problems] == [5, 6, 7, 8, 9]


@pytest.mark.parametrize(
    ("extra", "path", "words"),
    [
        ("delivery: {retry_backoff_ms: [500, 100]}", "delivery.retry_backoff_ms", "larger than the largest"),
        ("delivery: {retry_backoff_ms: 500}", "delivery.retry_backoff_ms", "a list is needed"),
        ("delivery: {request_seconds_max: 31}", "delivery.request_seconds_max", "drain (30 s)"),
        ("delivery: {drain_seconds: 10}", "delivery", "at most drain_seconds"),
        ("delivery: {drain_seconds: 300}", "delivery.drain_seconds", "max.poll.interval.ms (300000 ms)"),
        ("delivery: {batch_items_max: 0}", "delivery.batch_items_max", "greater than or equal to 1"),
        ("delivery: {buffered_bytes_max: 64MB}", "delivery.buffered_bytes_max", "such as 64MiB"),
        ("delivery: {linger_ms: soon}", "delivery.linger_ms", "a whole number is needed"),
        ("delivery: {lingr_ms: 1}", "delivery.lingr_ms", "did you mean `linger_ms`?"),
        ("delivery:", "delivery", "a mapping is needed"),
        ("admin: {listen: '8085'}", "admin.listen", "127.0.0.1:8085"),
        ("admin: {listen: 'localhost:99999'}", "admin.listen", "65535"),
        ("dead_letters: {topic: 'a b'}", "dead_letters.topic", "not allowed"),
        ("dead_letters: {topic: t}", "topics[0].topic", "dead letters"),
        (
            "schema_registry: {type: other, url: 'http://r'}",
            "schema_registry.type",
            "should be 'confluent'",
        ),
        ("schema_registry: {url: 'http://u:p@r'}", "schema_registry.url", "no user"),
        ("everything: 1", "everything", "unknown key"),
        ("topcs: 1", "topcs", "did you mean `topics`?"),
    ],
)
def test_values_that_cannot_work(problems_of: Refuse, extra: str, path: str, words: str) -> None:
    """Wrong types, limits and contradictory timeouts are found before the first poll (F098, I5)."""
    (problem,) = problems_of(SERVICE + extra)
    assert problem.path == path
    assert words in f"{problem.message} {problem.hint}"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://api.instasent.com/v1", "https is needed"),
        ("http://127.0.0.1.example.com/v1", "https is needed"),
        ("https://user:pw@host/v1", "no user, query or fragment"),
        ("https://host/v1?a=b", "no user, query or fragment"),
        ("https://host/v1#a", "no user, query or fragment"),
        ("ftp://host/v1", "not an http(s) address"),
        ("https:///v1", "not an http(s) address"),
        ("https://host:port/v1", "not an http(s) address"),
        ("https://host/a b", "not an http(s) address"),
    ],
)
def test_addresses_that_could_leak_the_token(problems_of: Refuse, url: str, words: str) -> None:
    """The token goes to one https host, named without tricks (S02)."""
    (problem,) = problems_of(SERVICE.replace("project: p", f"project: p, base_url: '{url}'"))
    assert problem.path == "instasent.base_url"
    assert words in problem.message
    assert "pw" not in str(problem)


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1:1", "[::1]:1"])
def test_this_machine_may_be_reached_without_tls(settings_of: Load, host: str) -> None:
    """Plain http is for the sandbox API and tests, on a loopback address (S02)."""
    settings = settings_of(SERVICE.replace("project: p", f"project: p, base_url: 'http://{host}/v1/'"))
    assert settings.instasent.base_url == f"http://{host}/v1"


@pytest.mark.parametrize(
    ("topics", "path", "words"),
    [
        ("topics: []", "topics", "a pattern or a list"),
        ("topics: {a: b}", "topics", "a pattern or a list"),
        ("topics: nothing/*.yaml", "topics", "no file matches"),
        ("topics: [{contact: {user_id: id}}]", "topics[0]", "`topic` and `pattern`"),
        ("topics: [{topic: a, pattern: ^a$, contact: {user_id: id}}]", "topics[0]", "`topic` and `pattern`"),
        ("topics: [{topic: a}]", "topics[0]", "`contact`, `event`"),
        ("topics: [{pattern: a$, contact: {user_id: id}}]", "topics[0].pattern", "begins with ^"),
        ("topics: [{pattern: '^(a', contact: {user_id: id}}]", "topics[0].pattern", "regular expression"),
        ("topics: [{pattern: '^\\d+', contact: {user_id: id}}]", "topics[0].pattern", "POSIX"),
        ("topics: [{pattern: '^instasent[.]', contact: {user_id: id}}]", "topics[0].pattern", "dead letters"),
        (
            "topics: [{topic: a, event: {type: t, user_id: u}}, {pattern: ^a, event: {type: t, user_id: u}}]",
            "topics[1].pattern",
            "mapped in",
        ),
        (
            "topics: [{topic: a, event: {type: t, user_id: u}}, {topic: a, event: {type: t, user_id: u}}]",
            "topics[1].topic",
            "mapped in",
        ),
        (
            "topics: [{topic: a, contact: {user_id: x}},{topic: b, contact: {user_id: b, on_delete: clear}}]",
            "topics[0].contact.on_delete",
            "several topics map contacts",
        ),
    ],
)
def test_topics_that_cannot_work(problems_of: Refuse, topics: str, path: str, words: str) -> None:
    """Ambiguous, endless or accidental mappings are refused; so is what this version cannot read yet."""
    (problem,) = problems_of(KAFKA + INSTASENT + topics)
    assert problem.path == path
    assert words in problem.message


def test_avro_needs_a_registry(problems_of: Refuse) -> None:
    """A topic that is all Avro cannot be read without the registry's schemas."""
    problems = problems_of(KAFKA + INSTASENT + "topics: [{topic: a, format: avro, contact: {user_id: id}}]")
    words = " ".join(problem.message for problem in problems)
    assert "`schema_registry`" in words


@pytest.mark.parametrize("text", ["", "- a", "text"])
def test_a_file_that_is_no_mapping(problems_of: Refuse, text: str) -> None:
    """For an empty file or a list the problems name the required keys."""
    assert {problem.path for problem in problems_of(text)} >= {"kafka", "instasent", "topics"}


def test_a_missing_service_file(tmp_path: Path) -> None:
    """A wrong path is a configuration problem that names it."""
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: cannot be read: No such file"):
        load(tmp_path / "nowhere.yaml", {})


def test_an_inline_topic_keeps_no_values_of_the_file(settings_of: Load) -> None:
    """The lines that stay in memory hold no values, and so no secrets (S06)."""
    (section,) = settings_of(KAFKA + INSTASENT + TOPICS).sections
    assert section.value is None
    assert section.document.value is None
