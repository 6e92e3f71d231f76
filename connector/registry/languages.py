"""Which API a registry speaks."""

from collections.abc import Callable, Mapping

from connector.model import RefKind
from connector.registry.apicurio import Apicurio
from connector.registry.confluent import Confluent
from connector.registry.conversation import Language

LANGUAGES: Mapping[str, Callable[[RefKind, str], Language]] = {
    "confluent": lambda use_id, _url: Confluent(use_id),
    "apicurio": lambda use_id, url: Apicurio(use_id, version=3 if url.endswith("/v3") else 2),
}
"""`schema_registry.type` -> its language, from `use_id` and the base address."""
