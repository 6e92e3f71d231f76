"""The API that each type of registry speaks."""

from collections.abc import Callable, Mapping

from connector.model import RefKind
from connector.registry.apicurio import Apicurio
from connector.registry.confluent import Confluent
from connector.registry.conversation import Language


def _confluent(use_id: RefKind | None, _url: str) -> Language:
    return Confluent(use_id or RefKind.CONTENT_ID, use_id or RefKind.GLOBAL_ID)


def _apicurio(use_id: RefKind | None, url: str) -> Language:
    version = 3 if url.endswith("/v3") else 2
    long_id = RefKind.CONTENT_ID if version == 3 else RefKind.GLOBAL_ID
    return Apicurio(use_id or RefKind.CONTENT_ID, use_id or long_id, version)


LANGUAGES: Mapping[str, Callable[[RefKind | None, str], Language]] = {
    "confluent": _confluent,
    "apicurio": _apicurio,
}
"""`schema_registry.type` -> its language, from `use_id` and the base address.

Without `use_id`, ids in records are those that the serializers write by default. An id of 4 bytes is a
content id. An id of 8 bytes is the global id, which version 3 does not use any more.
"""
