"""The switches of the sandbox: what the public sources leave open, and what a test wants otherwise."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class AnswerShape(StrEnum):
    """The two documented answers to a write (ingest-api.md 3)."""

    RECEIPT = "a"
    ENTITY = "b"


class UnknownContact(StrEnum):
    """The answer to an event whose contact the data source does not hold (ingest-api.md 10.4)."""

    REJECT = "reject"
    ACCEPT = "accept"
    PARK = "park"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the sandbox behaves from now on; replaced as a whole, so a request never sees half a change."""

    project: str = "sandbox"
    datasource: str = "customers"
    tokens: frozenset[str] = frozenset({"sandbox-token"})
    """Valid bearer tokens; take one away to revoke it."""

    shape: AnswerShape = AnswerShape.RECEIPT
    position_base: int = 0
    all_rejected_status: int = 422
    unknown_contact: UnknownContact = UnknownContact.REJECT
    unknown_delete_status: int = 200
    event_types: frozenset[str] | None = None
    """Event types that exist; None takes any."""

    items_max: int = 100
    limit: int | None = 600
    """Requests per window and endpoint; None sends no `X-RateLimit-*` headers."""
    limits: Mapping[str, int] = field(default_factory=dict)
    """Other limits, by the names of `IngestApi.OPERATIONS`: contacts, delete, events, stream, …"""
    window_seconds: float = 60.0

    queue_seconds: float = 0.0
    """How long a write without `_sync` waits; 0: applied before the next request is looked at."""
    poison_attribute: str | None = None
    """A batch in which any item has this key is refused whole, without saying which (F051)."""
    refuse: Callable[[Mapping[str, Any]], bool] | None = None
    """Refuses one item for a reason of the test's own; only for tests in the same process."""
    watch: Callable[[Any, int], None] | None = None
    """Called with each `Call` and its status, in order; only for tests in the same process."""

    version_attribute: str = "row_version"
    """The attribute by which the ledger judges the order of upserts."""
    sequence_parameter: str = "sequence"
    """The event parameter by which the ledger judges the order of events."""
