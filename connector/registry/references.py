"""A schema together with all schemas that it refers to."""

from connector.model import SchemaAnswer, SchemaArtifact, SchemaRef, SchemaVerdict
from connector.registry.conversation import (
    Asking,
    FetchedSchema,
    Language,
    SchemaNotFoundError,
    SchemaReference,
    unknown,
)

REFERENCES_MAX = 200
DEPTH_MAX = 16
CHARACTERS_MAX = 4 * 1024 * 1024
"""Of a schema and all that it refers to (S14).

Beyond these limits it counts as unknown: no client that registers schemas may be able to block a topic."""


def fetch(language: Language, ref: SchemaRef) -> Asking[SchemaAnswer]:
    """Ask for a schema and then, one by one, for all schemas that it refers to."""
    found = _Found(language)
    try:
        schema = yield from language.read(language.path(ref))
        yield from found.referred_to_by(schema, ())
    except SchemaNotFoundError as why:
        return SchemaAnswer(why.verdict, reason=why.reason)
    artifact = SchemaArtifact(schema.text, schema.type, tuple(found.texts))
    return SchemaAnswer(SchemaVerdict.KNOWN, artifact)


class _Found:
    """The schemas read so far; `texts` has each one after those it refers to."""

    def __init__(self, language: Language) -> None:
        self.texts: dict[str, None] = {}  # one that is registered under two names is given once
        self._language = language
        self._paths: set[str] = set()
        self._characters = 0

    def referred_to_by(self, schema: FetchedSchema, above: tuple[str, ...]) -> Asking[None]:
        """Read the schemas that one refers to; `above` are the paths that led to it."""
        self._characters += len(schema.text)
        if self._characters > CHARACTERS_MAX:
            raise unknown(f"with its references the schema is longer than {CHARACTERS_MAX} characters")
        for reference in schema.references:
            if reference.path in above:
                raise unknown(f"the schema refers to itself, through {reference.name}")
            if reference.path in self._paths:
                continue
            if len(above) == DEPTH_MAX or len(self._paths) == REFERENCES_MAX:
                raise unknown(
                    f"the schema refers to more than {REFERENCES_MAX} others, or over more than "
                    f"{DEPTH_MAX} steps"
                )
            self._paths.add(reference.path)
            inner = yield from self._read(reference)
            yield from self.referred_to_by(inner, (*above, reference.path))
            self.texts[inner.text] = None

    def _read(self, reference: SchemaReference) -> Asking[FetchedSchema]:
        try:
            return (yield from self._language.read(reference.path))
        except SchemaNotFoundError as why:
            reason = f"{why.reason} (asked for {reference.name}, which the schema refers to)"
            raise SchemaNotFoundError(why.verdict, reason) from None
