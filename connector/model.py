"""The shared nouns: the values that pass between the folders.

A `Record` is translated into deliveries, a `Skip` or a `Rejection`. The engine sends deliveries in batches,
and an `Answer` holds the outcome of each one. This module holds values only.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any, NamedTuple, TypeAlias, final

Headers: TypeAlias = Sequence[tuple[str, bytes | None]]
"""A record's headers in their order; a name may occur more than once, a value may be null."""


class TopicPartition(NamedTuple):
    """One partition of one topic."""

    topic: str
    partition: int

    def __str__(self) -> str:
        """Name it as Kafka's own tools do."""
        return f"{self.topic}-{self.partition}"


@dataclass(slots=True, eq=False)
class Record:
    """One Kafka record.

    `read_headers` is called only where headers matter (key changes, outbox ids, dead letters). Python objects
    for them cost as much as decoding a small value.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp_ms: int | None
    read_headers: Callable[[], Headers | None]

    @property
    def headers(self) -> Headers:
        """The headers, empty where the record has none."""
        return self.read_headers() or ()

    @property
    def size(self) -> int:
        """Bytes of key and value."""
        return (len(self.key) if self.key else 0) + (len(self.value) if self.value else 0)


class Operation(StrEnum):
    """The kinds of change of a row, in the words of the YAML keys `instant` and `on`."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    READ = "read"


class Endpoint(StrEnum):
    """The three write endpoints; each has its own budget (`ingest-api.md 9`)."""

    CONTACTS = "contacts"
    DELETE = "delete"
    EVENTS = "events"


@dataclass(slots=True, eq=False)
class Upsert:
    """Create or update one contact. `body` is the item as it is sent and holds `_user_id`."""

    user_id: str
    body: dict[str, Any]
    instant: bool


@dataclass(slots=True, eq=False)
class Delete:
    """Delete one contact. `tombstone` marks the delete of a record without a value."""

    user_id: str
    tombstone: bool = False


@dataclass(slots=True, eq=False)
class Event:
    """Create one event. `body` is the item as it is sent."""

    user_id: str
    body: dict[str, Any]
    contact_wait_ms: int


Delivery: TypeAlias = Upsert | Delete | Event

ENDPOINT_OF: dict[type, Endpoint] = {
    Upsert: Endpoint.CONTACTS,
    Delete: Endpoint.DELETE,
    Event: Endpoint.EVENTS,
}


@final
class Skip(NamedTuple):
    """A record that a rule leaves out on purpose; counted under the rule's name."""

    rule: str


@final
class Rejection(NamedTuple):
    """A record that can never be delivered as it is.

    `rule` names the place in the mapping (`contact.attributes.birthday`) or the stage (`decode`). `reason`
    says why, in words that hold no value of the record.
    """

    rule: str
    reason: str


class RefKind(StrEnum):
    """How a record names the schema that it was written with (`debezium-events.md 7`)."""

    ID = "id"  # 4 bytes in the framing: Confluent's id; with Apicurio the kind that `use_id` says
    LONG_ID = "8-byte id"  # 8 bytes in Apicurio's framing, or its JSON converter's: likewise
    GUID = "guid"  # Confluent's framing version 1, and its headers
    GLOBAL_ID = "globalId"  # Apicurio: a header
    CONTENT_ID = "contentId"  # Apicurio: a header
    CONTENT_HASH = "contentHash"  # Apicurio: a header
    ARTIFACT = "artifact"  # Apicurio: `group/artifact/version` from headers, each part percent-encoded


class SchemaRef(NamedTuple):
    """One schema of the registry as records name it: `id 42`, `guid 89791762-2336-…`."""

    kind: RefKind
    value: str

    def __str__(self) -> str:
        """Name it as the registry does."""
        return f"{self.kind} {self.value}"


class SchemaArtifact(NamedTuple):
    """One schema of the registry, as text.

    `type` is AVRO, JSON, PROTOBUF, KCONNECT or empty where the registry does not say. `references` are
    the texts of all schemas that it refers to, also indirectly. A schema comes after those it refers to.
    """

    text: str
    type: str = ""
    references: tuple[str, ...] = ()


class SchemaVerdict(Enum):
    """The outcome of one question to the registry."""

    KNOWN = "known"
    UNKNOWN = "unknown"  # the registry answers, and has no such schema
    UNAVAILABLE = "unavailable"  # no answer, or one that says nothing about this schema


class SchemaAnswer(NamedTuple):
    """The registry's answer; `reason` is for the operator and empty where the schema is known."""

    verdict: SchemaVerdict
    artifact: SchemaArtifact | None = None
    reason: str = ""


@final
class AwaitsSchema(NamedTuple):
    """A record that cannot be read before the registry has delivered this schema."""

    ref: SchemaRef


Translated: TypeAlias = Sequence[Delivery] | Skip | Rejection | AwaitsSchema
"""The translation of one record. Deliveries are in the order in which they must be applied; never empty."""


class Verdict(Enum):
    """The meaning of an HTTP answer for its batch (`ingest-api.md 3`, `ingest-api.md 8`)."""

    ITEMS = "items"  # processed: `items` holds one outcome each, or None when all were accepted
    BATCH_REJECTED = "batch rejected"  # refused as a whole, without naming an item
    THROTTLED = "throttled"  # 429
    ENVIRONMENT = "environment"  # token, project, data source or address: nothing can be delivered
    TRANSIENT = "transient"  # 5xx and the like: not processed, or not known to be
    GONE_OR_ENVIRONMENT = "gone or environment"  # 404 on a delete: a probe decides
    UNKNOWN = "unknown"  # the answer was lost or cannot be read: it may have been processed
    NOT_SENT = "not sent"  # refused on this side: the lease on the partitions had run out


class ItemOutcome(NamedTuple):
    """The outcome of one item. `reason` is empty when it was accepted."""

    kind: "OutcomeKind"
    reason: str = ""


class OutcomeKind(Enum):
    """The three answers for one item; an item that the answer does not mention is RETRY."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    RETRY = "retry"


class BudgetReading(NamedTuple):
    """The `X-RateLimit-*` headers of one answer.

    `window` is the reset exactly as in the header: answers of one window carry the same.
    `reset_in_ms` counts from the arrival of the answer and includes the extra second (promise 6).
    """

    limit: int
    remaining: int
    window: int
    reset_in_ms: int


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, read. `reason` is for the operator and holds no personal data."""

    verdict: Verdict
    reason: str = ""
    items: tuple[ItemOutcome, ...] | None = None
    budget: BudgetReading | None = None
    retry_after_ms: int | None = None


ALL_ACCEPTED = Answer(Verdict.ITEMS)
