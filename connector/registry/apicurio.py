"""Apicurio's own API, versions 2 and 3 (its openapi.json and openapi-v2.json; behaviour of 2.6.13).

Content comes as it was registered, and references come from another path. If the registry resolved them,
version 2.6 would lose namespaces, and version 3 would depend on its configuration.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from connector.model import RefKind, SchemaRef
from connector.registry.conversation import (
    NAME_CHARS_MAX,
    Absence,
    Asking,
    FetchedSchema,
    RegistryReply,
    SchemaReference,
    ask,
    judge,
    number,
    parse,
    segment,
    unknown,
    unreadable,
)

ID_MAX = 2**63 - 1

UNKNOWN_NAMES = frozenset(
    f"{what}NotFoundException" for what in ("Content", "Artifact", "Version", "Group", "ArtifactVersion")
)
"""The exceptions of a 404 about a schema; an unknown path is a plain `NotFoundException`."""

DEFAULT_GROUP = "default"

V3_CONTENT = (
    # the beginning of a path -> the suffix that asks for its content
    ("/groups/", "/content?references=PRESERVE"),
    ("/ids/globalIds/", "?references=PRESERVE&returnArtifactType=true"),
    ("/ids/", ""),
)


def _name_of(reply: RegistryReply) -> str:
    error = parse(reply.body)
    return str(error.get("name")) if isinstance(error, dict) else ""


ABSENCE = Absence("/system/info", lambda reply: _name_of(reply) in UNKNOWN_NAMES)


@dataclass(frozen=True, slots=True)
class Apicurio:
    """`use_id` and `long_id` are the kinds of the ids of 4 and of 8 bytes; `version` is 2 or 3."""

    use_id: RefKind
    long_id: RefKind
    version: int

    def path(self, ref: SchemaRef) -> str:
        """Return the path of the schema that a record names."""
        kind = {RefKind.ID: self.use_id, RefKind.LONG_ID: self.long_id}.get(ref.kind, ref.kind)
        if kind not in PATHS:
            raise unknown("a guid is Confluent's, and not known to Apicurio")
        return PATHS[kind](ref.value)

    def read(self, path: str) -> Asking[FetchedSchema]:
        """Read the content and, from another path, its references."""
        reply = yield from ask(self._content(path), ABSENCE)
        try:
            text = reply.body.decode()
        except UnicodeDecodeError:
            raise unreadable("something that is not text") from None
        if not text.strip():
            raise unreadable("nothing")
        kind = reply.headers.get("x-registry-artifacttype", "")
        return FetchedSchema(text, kind, (yield from self._references(path)))

    def _content(self, path: str) -> str:
        if self.version == 2:
            return path
        return path + next(suffix for begin, suffix in V3_CONTENT if path.startswith(begin))

    def _references(self, path: str) -> Asking[tuple[SchemaReference, ...]]:
        """Read the list of references; the first versions of Apicurio 2 have none, nor the path."""
        reply = yield f"{path}/references"
        if reply.status == 404 and _name_of(reply) == "NotFoundException":
            return ()
        written = parse((yield from judge(reply, ABSENCE)).body)
        if not isinstance(written, list):
            raise unreadable("references that cannot be read")
        return tuple(map(_reference, written))


def _reference(written: Any) -> SchemaReference:
    """Read `{groupId, artifactId, version, name}`; Apicurio leaves the default group out."""
    match written:
        case {"artifactId": str(artifact), "version": str(version)}:
            group = written.get("groupId") or DEFAULT_GROUP
            name = f"artifact {artifact} of group {group}, version {version}"
            return SchemaReference(_artifact_path(str(group), artifact, version), name)
        case {"artifactId": str(artifact)}:
            raise unknown(f"the schema refers to artifact {artifact[:NAME_CHARS_MAX]!r} without a version")
    raise unreadable("references that cannot be read")


def _artifact_path(group: str, artifact: str, version: str) -> str:
    return f"/groups/{segment(group)}/artifacts/{segment(artifact)}/versions/{segment(version)}"


def _named_artifact(value: str) -> str:
    """Split `group/artifact/version`; without a version it could be any of them."""
    try:
        group, artifact, version = (unquote(part, errors="strict") for part in value.split("/"))
    except ValueError:
        raise unknown("its name is not a group, an artifact and a version") from None
    return _artifact_path(group or DEFAULT_GROUP, artifact, version)


PATHS: Mapping[RefKind, Callable[[str], str]] = {
    RefKind.GLOBAL_ID: lambda value: f"/ids/globalIds/{number(value, ID_MAX)}",
    RefKind.CONTENT_ID: lambda value: f"/ids/contentIds/{number(value, ID_MAX)}",
    RefKind.CONTENT_HASH: lambda value: f"/ids/contentHashes/{segment(value)}",
    RefKind.ARTIFACT: _named_artifact,
}
