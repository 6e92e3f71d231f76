"""The meaning of each librdkafka error, in one table by name; an unknown error ends the process (P27)."""

from enum import Enum

from confluent_kafka import KafkaError


class KafkaErrorMeaning(Enum):
    """The reaction to an error that `poll()` returned."""

    END = "end of partition"
    OFFSETS_LOST = "offsets lost"  # F021, F022, F027
    TOPIC = "topic"  # missing or forbidden; librdkafka keeps asking (F025, F034)
    ACCESS = "access"  # authentication, group: an environment fault; librdkafka tries again (F032-F034)
    PASSING = "passing"  # librdkafka recovers by itself (F005, F006, F028-F031)
    FATAL = "fatal"  # F009, F010, F035: waiting does not heal it


NAMES: tuple[tuple[KafkaErrorMeaning, str], ...] = (
    (KafkaErrorMeaning.END, "_PARTITION_EOF"),
    (KafkaErrorMeaning.OFFSETS_LOST, "_AUTO_OFFSET_RESET _LOG_TRUNCATION OFFSET_OUT_OF_RANGE"),
    (
        KafkaErrorMeaning.TOPIC,
        (
            "UNKNOWN_TOPIC_OR_PART UNKNOWN_TOPIC_ID INCONSISTENT_TOPIC_ID TOPIC_EXCEPTION "
            "TOPIC_AUTHORIZATION_FAILED _UNKNOWN_TOPIC _UNKNOWN_PARTITION"
        ),
    ),
    (
        KafkaErrorMeaning.ACCESS,
        (
            "GROUP_AUTHORIZATION_FAILED CLUSTER_AUTHORIZATION_FAILED SASL_AUTHENTICATION_FAILED "
            "UNSUPPORTED_SASL_MECHANISM ILLEGAL_SASL_STATE SECURITY_DISABLED _AUTHENTICATION _SSL"
        ),
    ),
    (
        KafkaErrorMeaning.PASSING,
        (
            "_TRANSPORT _ALL_BROKERS_DOWN _RESOLVE _TIMED_OUT _TIMED_OUT_QUEUE _WAIT_COORD _WAIT_CACHE "
            "_RETRY _MAX_POLL_EXCEEDED _ASSIGNMENT_LOST _DESTROY_BROKER _NO_OFFSET _OUTDATED"
        ),
    ),
    (
        KafkaErrorMeaning.PASSING,
        (
            "LEADER_NOT_AVAILABLE NOT_LEADER_FOR_PARTITION REQUEST_TIMED_OUT BROKER_NOT_AVAILABLE "
            "REPLICA_NOT_AVAILABLE NETWORK_EXCEPTION KAFKA_STORAGE_ERROR OFFSET_NOT_AVAILABLE "
            "FENCED_LEADER_EPOCH UNKNOWN_LEADER_EPOCH COORDINATOR_LOAD_IN_PROGRESS COORDINATOR_NOT_AVAILABLE "
            "NOT_COORDINATOR ILLEGAL_GENERATION UNKNOWN_MEMBER_ID MEMBER_ID_REQUIRED REBALANCE_IN_PROGRESS "
            "FENCED_MEMBER_EPOCH STALE_MEMBER_EPOCH UNSTABLE_OFFSET_COMMIT THROTTLING_QUOTA_EXCEEDED "
            "FETCH_SESSION_ID_NOT_FOUND INVALID_FETCH_SESSION_EPOCH REBOOTSTRAP_REQUIRED UNKNOWN"
        ),
    ),
    # librdkafka skips a corrupt batch once it has reported it (F035), so the process must end first.
    (
        KafkaErrorMeaning.FATAL,
        ("_FATAL _FENCED FENCED_INSTANCE_ID UNRELEASED_INSTANCE_ID _BAD_MSG _BAD_COMPRESSION INVALID_MSG"),
    ),
)

MEANINGS: dict[str, KafkaErrorMeaning] = {name: meaning for meaning, names in NAMES for name in names.split()}

CORRUPT = "the log is corrupt there: move the group past that offset after repairing it or giving it up"
_SAME_INSTANCE = "another instance runs with the same group.instance.id; give each its own"

ADVICE: dict[str, str] = {
    "FENCED_INSTANCE_ID": _SAME_INSTANCE,
    "UNRELEASED_INSTANCE_ID": _SAME_INSTANCE,
    "_BAD_MSG": CORRUPT,
    "INVALID_MSG": CORRUPT,
    "GROUP_AUTHORIZATION_FAILED": "allow READ on the group",
    "TOPIC_AUTHORIZATION_FAILED": "allow READ and DESCRIBE on the topic",
    "SASL_AUTHENTICATION_FAILED": "check the sasl.* keys under kafka:",
    "_AUTHENTICATION": "check the sasl.* keys under kafka:",
    "_SSL": "check the ssl.* keys under kafka: and the broker's certificate",
}
"""The next step for the operator, where the error's own text does not give it."""

_FENCED = [
    KafkaError(code).str() for code in (KafkaError.FENCED_INSTANCE_ID, KafkaError.UNRELEASED_INSTANCE_ID)
]


def meaning_of(error: KafkaError) -> KafkaErrorMeaning:
    """Look up the reaction; an error that is not in the table is fatal (P27)."""
    return MEANINGS.get(error.name(), KafkaErrorMeaning.FATAL)


def text_of(error: KafkaError) -> str:
    """Render name, text and advice; a fatal error has the name `_FATAL` and quotes its cause (F009)."""
    text = f"{error.name()}: {error.str()}"
    fenced = any(quoted in text for quoted in _FENCED) and _SAME_INSTANCE
    advice = fenced or ADVICE.get(error.name())
    return f"{text} ({advice})" if advice else text
