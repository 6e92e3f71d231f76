"""Makes librdkafka's settings for consumers and producers from the user's `kafka:` block."""

from collections.abc import Mapping
from typing import TypeAlias

from connector.shell.stall_clock import TURN_MS_MAX

KafkaSettings: TypeAlias = Mapping[str, str | int | float | bool]

DEFAULTS: KafkaSettings = {
    "group.protocol": "classic",  # KIP-848 is allowed, not yet the default (P19)
    "partition.assignment.strategy": "cooperative-sticky",  # only what moves is revoked (F002)
    "isolation.level": "read_committed",  # F019
    "fetch.queue.backoff.ms": 5,  # P30: the default stalls a second at a time
    "queued.max.messages.kbytes": 16384,  # P22, P30: bounded prefetch
    "check.crcs": True,  # P25
    "socket.keepalive.enable": True,  # P25
    "allow.auto.create.topics": False,  # a typo must not create a topic
    "topic.metadata.refresh.interval.ms": 10000,  # a new topic is picked up within 30 s
}
"""Our defaults; the user's settings win."""

FORCED: KafkaSettings = {
    "enable.auto.commit": False,  # P14: offsets move only by our explicit commits
    "enable.auto.offset.store": False,
    "auto.offset.reset": "error",  # P14, P15: the start policy is ours
    "enable.partition.eof": True,  # F020: the end of a partition is an event
}
"""Our settings that win over the user's: promise 1 depends on them."""

CLASSIC_ONLY = ("partition.assignment.strategy",)
"""Our defaults that librdkafka refuses under `group.protocol: consumer`."""

MEMBER_ONLY = ("group.instance.id", "group.remote.assignor")
"""Keys that only a member of a group needs."""

READER_GROUP = "instasent-connector-reader"
"""The group id for reading where the user has given none."""

CONNECTION_PREFIXES = (
    "bootstrap.servers",
    "metadata.broker.list",
    "security.",
    "sasl.",
    "ssl.",
    "https.",
    "enable.ssl.certificate.verification",
    "enable.sasl.oauthbearer.unsecure.jwt",
    "socket.",
    "broker.address.",
    "broker.version.fallback",
    "api.version.",
    "client.",
    "reconnect.",
    "retry.backoff",
)
"""The keys that a producer shares with the consumer: how to reach the brokers and who we are."""

SESSION_TIMEOUT_MS = 45000  # librdkafka's default
HEARTBEAT_INTERVAL_MS = 3000  # librdkafka's default
KIP848_LEASE_MS = 5000
"""Under KIP-848 the broker sets the session and does not publish it: 45 s, unless its operator changed that.
A lease need only outlast connecting to the API, so this one is short enough for sessions from 7 s on."""


def consumer_settings(user: KafkaSettings) -> dict[str, str | int | float | bool]:
    """Merge our defaults, the user's settings and our forced settings."""
    merged = {**DEFAULTS, **user, **FORCED}
    if merged["group.protocol"] == "consumer":
        for key in CLASSIC_ONLY:
            if key not in user:
                del merged[key]
    return merged


def reader_settings(user: KafkaSettings) -> dict[str, str | int | float | bool]:
    """Return the settings for reading without a group; librdkafka needs a group id, but does not join it."""
    merged = {"group.id": READER_GROUP, **consumer_settings(user), "group.protocol": "classic"}
    return {key: value for key, value in merged.items() if key not in MEMBER_ONLY}


def connection_settings(user: KafkaSettings) -> dict[str, str | int | float | bool]:
    """Keep only the keys of the connection; a producer has no group."""
    return {key: value for key, value in user.items() if key.startswith(CONNECTION_PREFIXES)}


def rebalances_incrementally(settings: KafkaSettings) -> bool:
    """Return whether the group moves single partitions (F002) instead of all together (F001)."""
    strategy = str(settings.get("partition.assignment.strategy", ""))
    return settings["group.protocol"] == "consumer" or strategy.startswith("cooperative")


def lease_ms(settings: KafkaSettings) -> int:
    """Return how long after a good poll our partitions are still ours (F007).

    The group counts the session from a heartbeat, which may be one interval older than the poll. A stall of
    less than a turn goes unnoticed. Both are subtracted from a short session, a third from a long one.
    """
    if settings.get("group.protocol") == "consumer":
        return KIP848_LEASE_MS
    session_ms = int(settings.get("session.timeout.ms", SESSION_TIMEOUT_MS))
    heartbeat_ms = int(settings.get("heartbeat.interval.ms", HEARTBEAT_INTERVAL_MS))
    certain_ms = session_ms - heartbeat_ms - TURN_MS_MAX
    return max(min(session_ms * 2 // 3, certain_ms), session_ms // 6)
