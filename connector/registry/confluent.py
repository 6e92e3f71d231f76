"""The API of Confluent's registry, which Apicurio's ccompat, Karapace and Redpanda speak too.

Where a record names Apicurio's ids, ccompat looks them up: content ids, or global ids in its legacy mode.
The two kinds are numbered separately. An id of the other kind would give another schema, so it is
not asked for.
"""

import re
from dataclasses import dataclass
from typing import Any

from connector.model import RefKind, SchemaRef
from connector.registry.conversation import (
    Absence,
    Asking,
    FetchedSchema,
    RegistryReply,
    SchemaReference,
    ask,
    number,
    parse,
    segment,
    unknown,
    unreadable,
)

ID_MAX = 2**31 - 1

UNKNOWN_CODES = frozenset({40401, 40402, 40403})
"""Subject, version, schema not found. An unknown path is 404 with another code: 404 from Confluent, 0 from
Apicurio."""

NOT_HERE = {
    RefKind.GLOBAL_ID: "a globalId is not looked up in this API with `use_id: contentId`; "
    "write `type: apicurio` and Apicurio's own address",
    RefKind.CONTENT_ID: "a contentId is not looked up in this API with `use_id: globalId`",
    RefKind.CONTENT_HASH: "a contentHash is not looked up in this API; "
    "write `type: apicurio` and Apicurio's own address",
    RefKind.ARTIFACT: "an artifact is not looked up in this API; "
    "write `type: apicurio` and Apicurio's own address",
}


def _is_absence(reply: RegistryReply) -> bool:
    error = parse(reply.body)
    return isinstance(error, dict) and error.get("error_code") in UNKNOWN_CODES


ABSENCE = Absence("/schemas/types", _is_absence)


@dataclass(frozen=True, slots=True)
class Confluent:
    """`use_id` is the kind of Apicurio's ids that `/schemas/ids` serves, `long_id` that of ids of 8 bytes."""

    use_id: RefKind
    long_id: RefKind

    def path(self, ref: SchemaRef) -> str:
        """Return the path of the schema that a record names."""
        kind = self.long_id if ref.kind is RefKind.LONG_ID else ref.kind
        if kind in (RefKind.ID, self.use_id):
            return f"/schemas/ids/{number(ref.value, ID_MAX)}"
        if kind is not RefKind.GUID:
            raise unknown(NOT_HERE[kind])
        if not re.fullmatch(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", ref.value):
            raise unknown("no registry gives such a guid")
        return f"/schemas/guids/{ref.value}"

    def read(self, path: str) -> Asking[FetchedSchema]:
        """Read `{schema, schemaType, references}`; a schema without a type is Avro."""
        reply = yield from ask(path, ABSENCE)
        answer = parse(reply.body)
        if not isinstance(answer, dict) or not isinstance(answer.get("schema"), str):
            raise unreadable("something else")
        kind = answer.get("schemaType") or "AVRO"
        references = answer.get("references") or []
        if not isinstance(kind, str) or not isinstance(references, list):
            raise unreadable("something else")
        return FetchedSchema(answer["schema"], kind, tuple(map(_reference, references)))


def _reference(written: Any) -> SchemaReference:
    """Read `{name, subject, version}`; versions that were deleted softly are served with `deleted=true`."""
    match written:
        case {"subject": str(subject), "version": int(version)}:
            path = f"/subjects/{segment(subject)}/versions/{version}?deleted=true"
            return SchemaReference(path, f"subject {subject}, version {version}")
    raise unreadable("references that cannot be read")
