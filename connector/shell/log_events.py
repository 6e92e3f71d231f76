"""Every event that the log can hold: its level, its fields and its meaning.

`docs/log-events.md` shows this table. Tests compare it with the page and with every logging call.
"""

from collections.abc import Mapping
from typing import NamedTuple


class LogEvent(NamedTuple):
    """One kind of log line. Every line has `timestamp`, `level`, `logger` and `event` as well."""

    levels: tuple[str, ...]
    fields: tuple[str, ...]
    meaning: str


INFO, WARNING, ERROR = ("info",), ("warning",), ("error",)
ANY_LEVEL = ("debug", "info", "warning", "error", "critical")

EVENTS: Mapping[str, LogEvent] = {
    # the service
    "service_started": LogEvent(INFO, ("admin",), "The admin server listens at this address."),
    "service_stopped": LogEvent(INFO, (), "The service has drained and ends with exit code 0."),
    "service_aborted": LogEvent(
        ERROR,
        ("reason", "message"),
        "The service ends without a drain, with exit code 1. "
        "The reason is `second_signal` or `drain_timeout`.",
    ),
    "service_failed": LogEvent(
        ERROR,
        ("reason", "message"),
        "A fault ends the service with exit code 1. [Exit codes](deploy.md#exit-codes) lists the reasons.",
    ),
    "state_changed": LogEvent(
        ("info", "warning"),
        ("state", "causes", "message"),
        "The state or a cause has changed. The level is `warning` while a cause holds up records.",
    ),
    # the consumer group
    "partitions_assigned": LogEvent(
        INFO, ("partitions",), "The group gave these partitions to the instance."
    ),
    "partitions_revoked": LogEvent(
        INFO,
        ("partitions", "finished"),
        "The group took these partitions back. "
        "`finished` is true where all requests were answered and committed in time.",
    ),
    "partitions_lost": LogEvent(
        WARNING,
        ("partitions",),
        "The group has already given these partitions away. "
        "Their next owner delivers uncommitted records again.",
    ),
    # records
    "record_dead_lettered": LogEvent(
        WARNING,
        ("topic", "partition", "offset", "rule", "reason"),
        "The record cannot be delivered and goes to the dead-letter topic.",
    ),
    "table_truncated": LogEvent(
        WARNING,
        ("topic", "partition", "offset", "advice"),
        "The first `TRUNCATE` of this topic since the start. It deletes no contact at Instasent.",
    ),
    # credentials
    "token_replaced": LogEvent(
        INFO, ("file",), "The token file has changed. The service uses the new token."
    ),
    "token_rejected": LogEvent(
        WARNING,
        ("file", "reason"),
        "The token file has changed but cannot be used. The service keeps the old token.",
    ),
    "registry_credentials_replaced": LogEvent(
        INFO, (), "A file of `schema_registry` has changed. The service uses its new content."
    ),
    "registry_credentials_rejected": LogEvent(
        WARNING,
        ("reason",),
        "A file of `schema_registry` has changed but cannot be used. "
        "The service keeps the old content until the next change.",
    ),
    # Kafka
    "kafka_trouble_began": LogEvent(
        WARNING, ("cause", "message"), "`/readyz` reports this cause from now on."
    ),
    "kafka_trouble_ended": LogEvent(INFO, ("cause",), "`/readyz` no longer reports this cause."),
    "kafka_client": LogEvent(
        ANY_LEVEL, ("client", "fac", "message"), "A line of librdkafka, with its facility code."
    ),
    # everything else
    "library": LogEvent(ANY_LEVEL, ("message",), "A line of another library. `logger` names the library."),
}

HELD_BACK = "held_back"
"""The field that counts the lines of the same kind which `RepeatFilter` has held back."""
