"""The answers of the two registries, over one store. This module touches no socket.

Confluent's API follows its documentation; Apicurio serves it as `ccompat`. Apicurio's own API is that of
2.6.13, with the few paths of version 3 that a reader needs.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

import orjson

from connector.sandbox.api.ingest_api import ApiReply
from connector.sandbox.registry.store import Registered, RegisteredReference, RegistryStore

Params: TypeAlias = Mapping[str, str]

_CONFLUENT_JSON = "application/vnd.schemaregistry.v1+json"
_TYPES = ["JSON", "PROTOBUF", "AVRO"]


class RegistryRoute(NamedTuple):
    """One question: its name, for faults; its path; and what answers it."""

    name: str
    path: str
    answer: Callable[[RegistryStore, Params], ApiReply]


def _json(body: object, status: int = 200, media: str = "application/json") -> ApiReply:
    return ApiReply(status, orjson.dumps(body), {"content-type": media})


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 20 else -1


# ------------------------------------------------------------------------------------- Confluent


def _confluent(body: object, status: int = 200) -> ApiReply:
    return _json(body, status, _CONFLUENT_JSON)


def _missing(code: int, message: str) -> ApiReply:
    return _confluent({"error_code": code, "message": message}, 404)


def _described(known: Registered) -> dict[str, Any]:
    """Give a schema as Confluent does: its type is left out where it is Avro."""
    body: dict[str, Any] = {"schema": known.text, "guid": str(known.guid)}
    if known.type != "AVRO":
        body["schemaType"] = known.type
    if known.references:
        body["references"] = [reference._asdict() for reference in known.references]
    return body


def _by_id(store: RegistryStore, params: Params) -> ApiReply:
    known = store.find(content_id=_number(params["id"]))
    return _confluent(_described(known)) if known else _missing(40403, "Schema not found")


def _by_guid(store: RegistryStore, params: Params) -> ApiReply:
    try:
        known = store.find(guid=UUID(params["guid"]))
    except ValueError:
        known = None
    return _confluent(_described(known)) if known else _missing(40403, "Schema not found")


def _versions(store: RegistryStore, params: Params) -> ApiReply:
    versions = [known.version for known in store.versions(params["subject"])]
    return _confluent(versions) if versions else _missing(40401, "Subject not found.")


def _version(store: RegistryStore, params: Params) -> ApiReply:
    versions = store.versions(params["subject"])
    if not versions:
        return _missing(40401, "Subject not found.")
    asked = params["version"]
    number = len(versions) if asked == "latest" else _number(asked)
    if not 1 <= number <= len(versions):
        return _missing(40402, "Version not found.")
    known = versions[number - 1]
    place = {"subject": known.subject, "version": known.version, "id": known.id}
    return _confluent({**place, **_described(known)})


CONFLUENT: tuple[RegistryRoute, ...] = (
    RegistryRoute("id", "/schemas/ids/{id}", _by_id),
    RegistryRoute("guid", "/schemas/guids/{guid}", _by_guid),
    RegistryRoute("types", "/schemas/types", lambda _store, _params: _confluent(_TYPES)),
    RegistryRoute("subjects", "/subjects", lambda store, _: _confluent(store.subjects())),
    RegistryRoute("versions", "/subjects/{subject}/versions", _versions),
    RegistryRoute("version", "/subjects/{subject}/versions/{version}", _version),
)

# -------------------------------------------------------------------------------------- Apicurio

Find: TypeAlias = Callable[[RegistryStore, Params], Registered | None]


def _absent(what: str) -> ApiReply:
    name = f"{what}NotFoundException"
    body = {"message": f"No {what.lower()} was found.", "error_code": 404, "detail": name, "name": name}
    return _json(body, 404)


def _artifact(store: RegistryStore, params: Params) -> Registered | None:
    """Find one version of an artifact; all are in the group `default`."""
    if params["group"] != "default":
        return None
    return store.find(subject=params["artifact"], version=_number(params["version"]))


_FIND: tuple[tuple[str, str, str, Find], ...] = (
    # name, path, what is absent, how it is found
    ("global-id", "/ids/globalIds/{id}", "Artifact", lambda s, p: s.find(global_id=_number(p["id"]))),
    ("content-id", "/ids/contentIds/{id}", "Content", lambda s, p: s.find(content_id=_number(p["id"]))),
    ("content-hash", "/ids/contentHashes/{id}", "Content", lambda s, p: s.find(content_hash=p["id"])),
    ("artifact", "/groups/{group}/artifacts/{artifact}/versions/{version}", "Version", _artifact),
)


def _content(what: str, find: Find) -> Callable[[RegistryStore, Params], ApiReply]:
    def answer(store: RegistryStore, params: Params) -> ApiReply:
        known = find(store, params)
        if known is None:
            return _absent(what)
        headers = {"content-type": "application/json", "x-registry-artifacttype": known.type}
        return ApiReply(200, known.text.encode(), headers)

    return answer


def _references(what: str, find: Find) -> Callable[[RegistryStore, Params], ApiReply]:
    def answer(store: RegistryStore, params: Params) -> ApiReply:
        known = find(store, params)
        return _json([_referring(each) for each in known.references]) if known else _absent(what)

    return answer


def _referring(reference: RegisteredReference) -> dict[str, str]:
    return {
        "groupId": "default",
        "artifactId": reference.subject,
        "version": str(reference.version),
        "name": reference.name,
    }


APICURIO: tuple[RegistryRoute, ...] = (
    *(RegistryRoute(name, path, _content(what, find)) for name, path, what, find in _FIND),
    *(RegistryRoute(name, f"{path}/content", _content(what, find)) for name, path, what, find in _FIND[-1:]),
    *(
        RegistryRoute("references", f"{path}/references", _references(what, find))
        for _, path, what, find in _FIND
    ),
    RegistryRoute("info", "/system/info", lambda _store, _params: _json({"name": "Sandbox Registry"})),
)

APIS: Mapping[str, tuple[RegistryRoute, ...]] = {
    # where each API begins -> its questions
    "": CONFLUENT,
    "/apis/ccompat/v6": CONFLUENT,
    "/apis/ccompat/v7": CONFLUENT,
    "/apis/registry/v2": APICURIO,
    "/apis/registry/v3": APICURIO,
}
