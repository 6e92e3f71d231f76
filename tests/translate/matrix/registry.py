"""The sandbox registry without its socket: it answers the translator in the client's own language."""

import re
from typing import Literal, NamedTuple
from urllib.parse import unquote, urlsplit

from connector.model import RefKind, SchemaArtifact, SchemaRef
from connector.registry.conversation import RegistryReply
from connector.registry.languages import LANGUAGES
from connector.registry.references import fetch
from connector.sandbox.registry.registry_answers import APIS
from connector.sandbox.registry.store import RegistryStore


class Access(NamedTuple):
    """The settings of `schema_registry`: the API, its base, and `use_id`."""

    type: Literal["confluent", "apicurio"]
    base: str = ""
    use_id: RefKind | None = None

    @property
    def legacy(self) -> bool:
        """Whether ccompat serves global ids, as it does where it is configured to."""
        return self.type == "confluent" and self.use_id is RefKind.GLOBAL_ID


CONFLUENT = Access("confluent")
APICURIO_2 = Access("apicurio", "/apis/registry/v2")
APICURIO_3 = Access("apicurio", "/apis/registry/v3")


def look_up(store: RegistryStore, access: Access, ref: SchemaRef) -> SchemaArtifact | None:
    """Return the registry's schema under a reference, None where it cannot be asked or has none."""
    asking = fetch(LANGUAGES[access.type](access.use_id, f"http://registry{access.base}"), ref)
    try:
        path = next(asking)
        while True:
            path = asking.send(_reply(store, access, path))
    except StopIteration as end:
        artifact: SchemaArtifact | None = end.value.artifact
        return artifact


def _reply(store: RegistryStore, access: Access, target: str) -> RegistryReply:
    path = urlsplit(target).path
    for endpoint in APIS[access.base]:
        found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", endpoint.path), path)
        if found is None:
            continue
        params = {name: unquote(value) for name, value in found.groupdict().items()}
        if access.legacy and endpoint.name == "id":
            known = store.find(global_id=int(params["id"]))
            params["id"] = str(known.content_id) if known else "0"
        answer = endpoint.answer(store, params)
        return RegistryReply(answer.status, answer.headers, answer.body)
    raise AssertionError(f"the sandbox registry has no path {path}")
