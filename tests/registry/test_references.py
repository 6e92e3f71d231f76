"""Schemas that refer to others: in order, each once, and within bounds."""

from typing import Any

import pytest

from connector.model import RefKind, SchemaArtifact, SchemaRef, SchemaVerdict
from connector.registry.apicurio import Apicurio
from connector.registry.confluent import Confluent
from connector.registry.conversation import RegistryReply
from connector.registry.references import CHARACTERS_MAX, DEPTH_MAX, REFERENCES_MAX
from tests.registry.holding import hold, reply

CONFLUENT = Confluent(RefKind.CONTENT_ID, RefKind.GLOBAL_ID)
REF = SchemaRef(RefKind.ID, "1")
MISSING = reply({"error_code": 40402, "message": "Version not found"}, 404)
Graph = dict[str, tuple[str, ...]]


def written(name: str, referred: tuple[str, ...]) -> RegistryReply:
    """Give a schema whose text is its name."""
    references = [{"name": other, "subject": other, "version": 1} for other in referred]
    return reply({"schema": name, "references": references})


def registry(root: tuple[str, ...], graph: Graph) -> dict[str, RegistryReply]:
    """Serve a graph of subjects, and a root by its id."""
    pages = {
        f"/subjects/{name}/versions/1?deleted=true": written(name, referred)
        for name, referred in graph.items()
    }
    return {"/schemas/ids/1": written("root", root), **pages}


@pytest.mark.parametrize(
    ("root", "graph", "order"),
    [
        ((), {}, ()),
        (("a", "b"), {"a": (), "b": ()}, ("a", "b")),
        (("a",), {"a": ("b",), "b": ("c",), "c": ()}, ("c", "b", "a")),
        (("a", "b"), {"a": ("c",), "b": ("c", "a"), "c": ()}, ("c", "a", "b")),
        (("b", "c"), {"b": ("a",), "c": ("a",), "a": ()}, ("a", "b", "c")),
    ],
)
def test_what_is_referred_to_comes_first(root: tuple[str, ...], graph: Graph, order: tuple[str, ...]) -> None:
    """Each schema is there once and is asked for once, also one that is referred to indirectly or twice."""
    answer, asked = hold(CONFLUENT, REF, registry(root, graph), MISSING)
    assert answer.artifact == SchemaArtifact("root", "AVRO", order)
    assert len(asked) == len(graph) + 1


def test_one_text_under_two_names_is_given_once() -> None:
    """A schema that is registered twice would be defined twice."""
    pages = {**registry(("a", "b"), {"a": ()}), "/subjects/b/versions/1?deleted=true": written("a", ())}
    answer, _ = hold(CONFLUENT, REF, pages, MISSING)
    assert answer.artifact == SchemaArtifact("root", "AVRO", ("a",))


def chain(length: int) -> Graph:
    """Let each refer to the next."""
    return {f"s{n}": (f"s{n + 1}",) if n + 1 < length else () for n in range(length)}


@pytest.mark.parametrize(
    ("root", "graph", "reason"),
    [
        (("a",), {"a": ("a",)}, "refers to itself, through subject a, version 1"),
        (("a",), {"a": ("b",), "b": ("a",)}, "refers to itself"),
        (("s0",), chain(DEPTH_MAX + 1), "or over more than"),
        (tuple(f"s{n}" for n in range(REFERENCES_MAX + 1)), {f"s{n}": () for n in range(1000)}, "more than"),
        (("a",), {"a": ("gone",)}, "asked for subject gone, version 1, which the schema refers to"),
        ((".",), {}, "no address can hold"),
        (("x" * 513,), {}, "no address can hold"),
    ],
)
def test_a_schema_that_cannot_be_put_together_is_unknown(
    root: tuple[str, ...], graph: Graph, reason: str
) -> None:
    """S01 S14: cycles, endless graphs, gaps and names of paths end, and block no topic forever."""
    answer, asked = hold(CONFLUENT, REF, registry(root, graph), MISSING)
    assert answer.verdict is SchemaVerdict.UNKNOWN
    assert reason in answer.reason
    assert len(asked) <= REFERENCES_MAX + 2


def test_deepest_and_widest_are_allowed() -> None:
    """A graph of exactly the largest size is read."""
    answer, _ = hold(CONFLUENT, REF, registry(("s0",), chain(DEPTH_MAX)), MISSING)
    assert answer.verdict is SchemaVerdict.KNOWN
    wide = tuple(f"s{n}" for n in range(REFERENCES_MAX))
    answer, _ = hold(CONFLUENT, REF, registry(wide, dict.fromkeys(wide, ())), MISSING)
    assert answer.verdict is SchemaVerdict.KNOWN


def test_too_much_text_is_unknown() -> None:
    """S14: many schemas, each small enough, are bounded together."""
    names = [letter * (CHARACTERS_MAX // 4) for letter in "abcde"]
    pages = {
        "/schemas/ids/1": written("root", tuple("abcde")),
        **{f"/subjects/{name[0]}/versions/1?deleted=true": written(name, ()) for name in names},
    }
    answer, _ = hold(CONFLUENT, REF, pages, MISSING)
    assert answer.verdict is SchemaVerdict.UNKNOWN
    assert "longer than" in answer.reason


def test_a_fault_in_the_middle_is_a_fault_of_the_whole() -> None:
    """F040: with one part unavailable the schema is unavailable as a whole."""
    pages = registry(("a",), {"a": ()})
    answer, _ = hold(CONFLUENT, REF, {"/schemas/ids/1": pages["/schemas/ids/1"]}, reply({}, 503))
    assert answer.verdict is SchemaVerdict.UNAVAILABLE
    assert answer.artifact is None
    assert "503" in answer.reason
    assert "subject a, version 1" in answer.reason


@pytest.mark.parametrize(
    "reference", [1, {}, {"subject": "a"}, {"subject": 1, "version": 1}, {"subject": "a", "version": "1"}]
)
def test_references_that_cannot_be_read(reference: Any) -> None:
    """A malformed reference is no answer of a registry."""
    page = reply({"schema": "root", "references": [reference]})
    answer, _ = hold(CONFLUENT, REF, {"/schemas/ids/1": page}, MISSING)
    assert answer.verdict is SchemaVerdict.UNAVAILABLE


def test_subjects_are_percent_encoded_whole() -> None:
    """S01: a slash in a subject does not divide the path."""
    path = "/subjects/a%2Fb%20%C3%A9%3Fc/versions/1?deleted=true"
    pages = {"/schemas/ids/1": written("root", ("a/b é?c",)), path: written("inner", ())}
    answer, asked = hold(CONFLUENT, REF, pages, MISSING)
    assert answer.artifact == SchemaArtifact("root", "AVRO", ("inner",))
    assert asked == ["/schemas/ids/1", path]


def test_apicurio_leaves_the_default_group_out() -> None:
    """References of Apicurio lead to versions of artifacts, in both versions of its API."""
    content = reply(b'"root"')
    references = reply([{"artifactId": "a/b", "name": "io.example.A", "version": "1"}])
    inner = "/groups/default/artifacts/a%2Fb/versions/1"
    for version, suffix in ((2, ""), (3, "/content?references=PRESERVE")):
        pages = {
            "/ids/contentIds/1": content,
            "/ids/contentIds/1/references": references,
            inner + suffix: reply(b'"inner"'),
            inner + "/references": reply([]),
        }
        answer, _ = hold(
            Apicurio(RefKind.CONTENT_ID, RefKind.CONTENT_ID, version), REF, pages, reply({}, 500)
        )
        assert answer.artifact == SchemaArtifact('"root"', "", ('"inner"',))
