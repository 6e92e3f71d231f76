"""The strict part of YAML that configuration files may use."""

from pathlib import Path

import pytest

from connector.errors import ConfigError, Problem
from connector.settings.yaml_source import BYTES_MAX, DEPTH_MAX, parse, read


def problems_of(text: str) -> tuple[Problem, ...]:
    """Parse a text that must be refused."""
    with pytest.raises(ConfigError) as caught:
        parse(text, "a.yaml")
    return caught.value.problems


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-0", 0),
        ("1.5e3", 1500.0),
        ("true", True),
        ("~", None),
        ("", None),
        ("yes", "yes"),
        ("off", "off"),
        ("2020-01-01", "2020-01-01"),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("'1'", "1"),
        ('"true"', "true"),
        ("|\n  1\n", "1\n"),
        ("[1, {a: b}]", [1, {"a": "b"}]),
    ],
)
def test_scalars_follow_the_core_schema(text: str, value: object) -> None:
    """Plain scalars are what YAML 1.2 says; quoted ones, dates and YAML 1.1 booleans are text (S17)."""
    parsed = parse(text, "a.yaml").value
    assert parsed == value
    assert type(parsed) is type(value)


def test_every_path_knows_its_line() -> None:
    """A problem can name the line of any key or item, or of the nearest thing around it."""
    document = parse("# first\nkafka:\n  group.id: g\nlist:\n  - a\n  - b: 1\n", "a.yaml")
    assert document.line_of("kafka.group.id") == 3
    assert document.line_of("list[1].b") == 6
    assert document.line_of("list[1].missing.deeper") == 6
    assert document.line_of("nothing") == 2


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\nb: &x 1", 2, "anchors"),
        ("a: 1\nb: *x", 2, "anchors"),
        ("a: 1\na: 2", 2, "twice"),
        ("a: 1\n---\nb: 2", 2, "second document"),
        ("a: !!python/object:os.system x", 1, "tags"),
        ("a: {b: 1}\nc: {<<: {d: 1}}", 2, "plain text"),
        ("? [a]\n: 1", 1, "plain text"),
        ("a: 1\n b: 2", 2, "not valid YAML"),
        ("a: [", 1, "not valid YAML"),
        ("a: \x01", None, "control characters"),
        ("[" * (DEPTH_MAX + 2), 1, "nested deeper"),
    ],
)
def test_what_is_refused_is_named_with_its_line(text: str, line: int | None, message: str) -> None:
    """Anchors, aliases, tags, merges, duplicates, several documents and broken text are refused (S17)."""
    problem = problems_of(text)[0]
    assert message in problem.message
    assert problem.file == "a.yaml"
    assert problem.line == line


def test_several_problems_of_one_file_come_together() -> None:
    """One bad key does not hide the next (F098)."""
    assert [problem.line for problem in problems_of("a: &x 1\na: *x\nb: !t 1")] == [1, 2, 2, 3]


def test_syntax_errors_do_not_quote_the_file() -> None:
    """The text around a syntax error may be a secret, so it is not repeated (S06)."""
    assert "hunter2" not in str(problems_of("token: hunter2\n  : [hunter2"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: " + b"x" * BYTES_MAX, "larger than"),
        (b"a: 1\nb: \xff", "UTF-8"),
        (None, "cannot be read"),
    ],
)
def test_files_that_are_no_configuration(tmp_path: Path, content: bytes | None, message: str) -> None:
    """Huge, binary and missing files are problems of that file (S17)."""
    file = tmp_path / "a.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=message) as caught:
        read(file)
    assert caught.value.problems[0].file == str(file)
