"""Confluent's API: the paths, and the meaning of the answers."""

from typing import Any

import pytest

from connector.model import RefKind, SchemaArtifact, SchemaRef, SchemaVerdict
from connector.registry.confluent import Confluent
from connector.registry.conversation import RegistryReply
from tests.registry.holding import hold, reply

BY_CONTENT = Confluent(RefKind.CONTENT_ID, RefKind.GLOBAL_ID)
BY_GLOBAL = Confluent(RefKind.GLOBAL_ID, RefKind.GLOBAL_ID)
REF = SchemaRef(RefKind.ID, "42")
GUID = "89791762-2336-186f-9674-988c0d2a6a5e"
TEXT = '{"type":"string"}'

NO_SUCH_PATH = reply({"error_code": 404, "message": "HTTP 404 Not Found"}, 404)
NO_SUCH_PATH_APICURIO = reply({"error_code": 0, "message": "RESTEASY003210: Could not find resource"}, 404)
NO_SUCH_SCHEMA = reply({"error_code": 40403, "message": "Schema 42 not found"}, 404)
TYPES = reply(["JSON", "PROTOBUF", "AVRO"])
PAGE = RegistryReply(404, {"content-type": "text/html"}, b"<html>not here</html>")


@pytest.mark.parametrize(
    ("language", "ref", "path"),
    [
        (BY_CONTENT, REF, "/schemas/ids/42"),
        (BY_CONTENT, SchemaRef(RefKind.ID, "2147483647"), "/schemas/ids/2147483647"),
        (BY_CONTENT, SchemaRef(RefKind.GUID, GUID), f"/schemas/guids/{GUID}"),
        (BY_CONTENT, SchemaRef(RefKind.CONTENT_ID, "7"), "/schemas/ids/7"),
        (BY_GLOBAL, SchemaRef(RefKind.GLOBAL_ID, "7"), "/schemas/ids/7"),
        (BY_GLOBAL, REF, "/schemas/ids/42"),
        (BY_GLOBAL, SchemaRef(RefKind.LONG_ID, "7"), "/schemas/ids/7"),
    ],
)
def test_each_reference_has_its_path(language: Confluent, ref: SchemaRef, path: str) -> None:
    """An id, a guid, and those of Apicurio's ids that ccompat serves are looked up."""
    assert hold(language, ref, {path: reply({"schema": TEXT})}, NO_SUCH_PATH) == (
        (SchemaVerdict.KNOWN, SchemaArtifact(TEXT, "AVRO"), ""),
        [path],
    )


@pytest.mark.parametrize(
    ("language", "ref", "reason"),
    [
        (BY_CONTENT, SchemaRef(RefKind.GLOBAL_ID, "7"), "`type: apicurio`"),
        (BY_CONTENT, SchemaRef(RefKind.LONG_ID, "7"), "`type: apicurio`"),
        (BY_GLOBAL, SchemaRef(RefKind.CONTENT_ID, "7"), "`use_id: globalId`"),
        (BY_CONTENT, SchemaRef(RefKind.CONTENT_HASH, "ab12"), "`type: apicurio`"),
        (BY_CONTENT, SchemaRef(RefKind.ARTIFACT, "g/a/1"), "`type: apicurio`"),
        (BY_CONTENT, SchemaRef(RefKind.ID, "-1"), "no registry gives such an id"),
        (BY_CONTENT, SchemaRef(RefKind.ID, "4294967295"), "no registry gives such an id"),
        (BY_CONTENT, SchemaRef(RefKind.ID, "1/../2"), "no registry gives such an id"),
        (BY_CONTENT, SchemaRef(RefKind.ID, "\u0661"), "no registry gives such an id"),
        (BY_CONTENT, SchemaRef(RefKind.GUID, "../subjects"), "no registry gives such a guid"),
    ],
)
def test_what_cannot_be_looked_up_is_unknown_and_not_asked_for(
    language: Confluent, ref: SchemaRef, reason: str
) -> None:
    """S01: an id of another kind would give another schema, and a text that is no id another path."""
    answer, asked = hold(language, ref, {}, NO_SUCH_PATH)
    assert (answer.verdict, asked) == (SchemaVerdict.UNKNOWN, [])
    assert reason in answer.reason


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"schema": TEXT}, "AVRO"),
        ({"schema": TEXT, "schemaType": None, "references": None}, "AVRO"),
        ({"schema": TEXT, "schemaType": "JSON", "references": []}, "JSON"),
        ({"schema": TEXT, "schemaType": "PROTOBUF", "guid": GUID, "metadata": {}, "ruleSet": {}}, "PROTOBUF"),
    ],
)
def test_what_is_not_typed_is_avro(body: dict[str, Any], kind: str) -> None:
    """`schemaType` is left out for Avro (`debezium-events.md 7`); fields of newer registries do no harm."""
    answer, _ = hold(BY_CONTENT, REF, {"/schemas/ids/42": reply(body)}, NO_SUCH_PATH)
    assert answer.artifact == SchemaArtifact(TEXT, kind)


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b'{"schema": {}}', b'{"a": 1}', b"<html>", b"\xff", b'{"schema": "', b"[" * 5000],
)
def test_a_success_without_a_schema_says_nothing(body: bytes) -> None:
    """F040: a proxy's page with status 200 is no schema, and no proof that there is none."""
    answer, _ = hold(BY_CONTENT, REF, {"/schemas/ids/42": reply(body)}, NO_SUCH_PATH)
    assert answer.verdict is SchemaVerdict.UNAVAILABLE
    assert "`url` of `schema_registry`" in answer.reason


def test_the_registry_says_that_there_is_none() -> None:
    """F040: 404 with the code of an unknown schema."""
    answer, asked = hold(BY_CONTENT, REF, {"/schemas/ids/42": NO_SUCH_SCHEMA}, NO_SUCH_PATH)
    assert (answer.verdict, answer.reason) == (SchemaVerdict.UNKNOWN, "there is no such schema")
    assert asked == ["/schemas/ids/42"]


@pytest.mark.parametrize("refusal", [NO_SUCH_PATH, NO_SUCH_PATH_APICURIO, PAGE, reply({}, 422)])
def test_a_refusal_that_says_nothing_depends_on_who_refuses(refusal: RegistryReply) -> None:
    """If `/schemas/types` answers, the registry has no such path; otherwise the address is wrong."""
    ref = SchemaRef(RefKind.GUID, GUID)
    answer, asked = hold(BY_CONTENT, ref, {"/schemas/types": TYPES}, refusal)
    assert answer.verdict is SchemaVerdict.UNKNOWN
    assert "does not look schemas up in this way" in answer.reason
    assert asked == [f"/schemas/guids/{GUID}", "/schemas/types"]
    for home in (refusal, reply(b"<html>"), reply("text")):
        answer, _ = hold(BY_CONTENT, ref, {"/schemas/types": home}, refusal)
        assert answer.verdict is SchemaVerdict.UNAVAILABLE
        assert "not as this registry does; check `type` and `url`" in answer.reason


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (301, "a redirect, which is not followed"),
        (401, "check `username` and `password`"),
        (403, "must be allowed to read"),
        (407, "says nothing about the schema"),
        (429, "too many requests"),
        (500, "a fault of the server"),
        (503, "a fault of the server"),
    ],
)
def test_other_statuses_say_nothing_about_the_schema(status: int, words: str) -> None:
    """F040: the schema is unavailable, and the operator reads what to do."""
    answer, asked = hold(BY_CONTENT, REF, {}, reply({"error_code": 50001, "message": "canary"}, status))
    assert answer.verdict is SchemaVerdict.UNAVAILABLE
    assert f"answered {status}" in answer.reason
    assert words in answer.reason
    assert "canary" not in answer.reason
    assert asked == ["/schemas/ids/42"]
