"""Apicurio's own API in both versions. Most replies were recorded from Apicurio 2.6.13."""

import pytest

from connector.model import RefKind, SchemaArtifact, SchemaRef, SchemaVerdict
from connector.registry.conversation import Language, RegistryReply
from connector.registry.languages import LANGUAGES
from tests.registry.holding import hold, reply

V2, V3 = (LANGUAGES["apicurio"](None, f"http://r/{version}") for version in ("v2", "v3"))
V2_GLOBAL = LANGUAGES["apicurio"](RefKind.GLOBAL_ID, "http://r/v2")
V2_CONTENT = LANGUAGES["apicurio"](RefKind.CONTENT_ID, "http://r/v2")
REF = SchemaRef(RefKind.ID, "3")
LONG_REF = SchemaRef(RefKind.LONG_ID, "3")
TEXT = '{"type":"string"}'
CONTENT = RegistryReply(200, {"content-type": "application/octet-stream"}, TEXT.encode())


def refusal(name: str) -> RegistryReply:
    """Refuse as an exception of that name does."""
    return reply({"detail": f"{name}: canary", "error_code": 404, "message": "canary", "name": name}, 404)


NO_SUCH_PATH = refusal("NotFoundException")
INFO = reply({"name": "apicurio-registry", "version": "2.6.13.Final"})


@pytest.mark.parametrize(
    ("language", "ref", "asked"),
    [
        (V2, REF, ["/ids/contentIds/3", "/ids/contentIds/3/references"]),
        (V2_GLOBAL, REF, ["/ids/globalIds/3", "/ids/globalIds/3/references"]),
        (V3, REF, ["/ids/contentIds/3", "/ids/contentIds/3/references"]),
        (V2, LONG_REF, ["/ids/globalIds/3", "/ids/globalIds/3/references"]),
        (V2_CONTENT, LONG_REF, ["/ids/contentIds/3", "/ids/contentIds/3/references"]),
        (V3, LONG_REF, ["/ids/contentIds/3", "/ids/contentIds/3/references"]),
        (
            V2,
            SchemaRef(RefKind.GLOBAL_ID, "9223372036854775807"),
            ["/ids/globalIds/9223372036854775807", "/ids/globalIds/9223372036854775807/references"],
        ),
        (
            V3,
            SchemaRef(RefKind.GLOBAL_ID, "3"),
            ["/ids/globalIds/3?references=PRESERVE&returnArtifactType=true", "/ids/globalIds/3/references"],
        ),
        (
            V2_GLOBAL,
            SchemaRef(RefKind.CONTENT_ID, "3"),
            ["/ids/contentIds/3", "/ids/contentIds/3/references"],
        ),
        (
            V2,
            SchemaRef(RefKind.CONTENT_HASH, "ab12"),
            ["/ids/contentHashes/ab12", "/ids/contentHashes/ab12/references"],
        ),
        (
            V2,
            SchemaRef(RefKind.ARTIFACT, "g%2F1/T%20%C3%A9/1.0"),
            [
                "/groups/g%2F1/artifacts/T%20%C3%A9/versions/1.0",
                "/groups/g%2F1/artifacts/T%20%C3%A9/versions/1.0/references",
            ],
        ),
        (
            V3,
            SchemaRef(RefKind.ARTIFACT, "/a/1"),
            [
                "/groups/default/artifacts/a/versions/1/content?references=PRESERVE",
                "/groups/default/artifacts/a/versions/1/references",
            ],
        ),
    ],
)
def test_each_reference_has_its_paths(language: Language, ref: SchemaRef, asked: list[str]) -> None:
    """S01: content and references of every kind of id; names are percent-encoded whole."""
    replies = {asked[0]: CONTENT, asked[1]: reply([])}
    assert hold(language, ref, replies, NO_SUCH_PATH) == (
        (SchemaVerdict.KNOWN, SchemaArtifact(TEXT), ""),
        asked,
    )


@pytest.mark.parametrize(
    ("ref", "reason"),
    [
        (SchemaRef(RefKind.GUID, "89791762-2336-186f-9674-988c0d2a6a5e"), "not known to Apicurio"),
        (SchemaRef(RefKind.CONTENT_ID, "9223372036854775808"), "no registry gives such an id"),
        (SchemaRef(RefKind.ID, ""), "no registry gives such an id"),
        (SchemaRef(RefKind.CONTENT_HASH, ".."), "no address can hold"),
        (SchemaRef(RefKind.CONTENT_HASH, "a" * 513), "no address can hold"),
        (SchemaRef(RefKind.CONTENT_HASH, "\ud800"), "no address can hold"),
        (SchemaRef(RefKind.ARTIFACT, "%2E%2E/a/1"), "no address can hold"),
        (SchemaRef(RefKind.ARTIFACT, "g/%0d%0aX-A%3A b/1"), "no address can hold"),
        (SchemaRef(RefKind.ARTIFACT, "g/a/"), "no address can hold"),
        (SchemaRef(RefKind.ARTIFACT, "g/a"), "not a group, an artifact and a version"),
        (SchemaRef(RefKind.ARTIFACT, "g/%ff/1"), "not a group, an artifact and a version"),
    ],
)
def test_what_cannot_be_looked_up_is_unknown_and_not_asked_for(ref: SchemaRef, reason: str) -> None:
    """S01: a record cannot lead to another path; the reason does not quote what it tried."""
    answer, asked = hold(V2, ref, {}, NO_SUCH_PATH)
    assert (answer.verdict, asked) == (SchemaVerdict.UNKNOWN, [])
    assert reason in answer.reason


@pytest.mark.parametrize(
    "name", ["ContentNotFoundException", "ArtifactNotFoundException", "VersionNotFoundException"]
)
def test_the_registry_says_that_there_is_none(name: str) -> None:
    """F040: the exception's name separates an unknown schema from an unknown path, which is 404 too."""
    answer, asked = hold(V2, REF, {}, refusal(name))
    assert (answer.verdict, answer.reason) == (SchemaVerdict.UNKNOWN, "there is no such schema")
    assert asked == ["/ids/contentIds/3"]


def test_an_unknown_path_depends_on_who_refuses() -> None:
    """F040: at a wrong address nothing is known about the schema; `/system/info` shows which it is."""
    answer, asked = hold(V2, REF, {"/system/info": INFO}, NO_SUCH_PATH)
    assert (answer.verdict, asked) == (SchemaVerdict.UNKNOWN, ["/ids/contentIds/3", "/system/info"])
    answer, _ = hold(V2, REF, {}, NO_SUCH_PATH)
    assert answer.verdict is SchemaVerdict.UNAVAILABLE
    assert "check `type` and `url`" in answer.reason


@pytest.mark.parametrize(
    "content",
    [
        RegistryReply(200, {"content-type": "text/html; charset=utf-8"}, b"console"),
        RegistryReply(200, {}, b" \n<!DOCTYPE html>"),
        RegistryReply(200, {}, b""),
        RegistryReply(200, {}, b" \n"),
        RegistryReply(200, {}, b"\xff\xfe"),
    ],
)
def test_a_success_without_a_schema_says_nothing(content: RegistryReply) -> None:
    """F040: pages, empty bodies and bytes that are no text are not taken for content."""
    answer, _ = hold(V2, REF, {"/ids/contentIds/3": content}, NO_SUCH_PATH)
    assert answer.verdict is SchemaVerdict.UNAVAILABLE


def test_the_type_is_taken_from_its_header() -> None:
    """Version 3 names the type on request; without it the type stays empty."""
    path = "/ids/globalIds/3?references=PRESERVE&returnArtifactType=true"
    content = reply(TEXT.encode(), x_registry_artifacttype="AVRO")
    replies = {path: content, "/ids/globalIds/3/references": reply([])}
    answer, _ = hold(V3, SchemaRef(RefKind.GLOBAL_ID, "3"), replies, NO_SUCH_PATH)
    assert answer.artifact == SchemaArtifact(TEXT, "AVRO")


def test_a_registry_that_is_too_old_for_references() -> None:
    """Where the path itself is unknown there are none; any other refusal is one."""
    answer, _ = hold(V2, REF, {"/ids/contentIds/3": CONTENT}, NO_SUCH_PATH)
    assert answer.artifact == SchemaArtifact(TEXT)
    for bad in (reply({}, 503), reply({}), reply([{"version": "1"}]), reply([1]), reply(b"<a>", 404)):
        answer, _ = hold(V2, REF, {"/ids/contentIds/3": CONTENT}, bad)
        assert answer.verdict is SchemaVerdict.UNAVAILABLE


def test_a_reference_without_a_version() -> None:
    """The version is not guessed, and no partition waits for it."""
    pages = {"/ids/contentIds/3": CONTENT, "/ids/contentIds/3/references": reply([{"artifactId": "a\n"}])}
    answer, _ = hold(V2, REF, pages, NO_SUCH_PATH)
    assert answer.verdict is SchemaVerdict.UNKNOWN
    assert answer.reason == r"the schema refers to artifact 'a\n' without a version"
