"""A Kafka broker inside this process: librdkafka's mock cluster, for the demo and the tests."""

import ctypes
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path
from types import TracebackType
from typing import Self

import confluent_kafka

from connector.errors import ConnectorError

ALL_BROKERS = -1


class ApiKey(IntEnum):
    """The Kafka requests whose answers a test may want to spoil."""

    PRODUCE = 0
    FETCH = 1
    LIST_OFFSETS = 2
    METADATA = 3
    OFFSET_COMMIT = 8
    OFFSET_FETCH = 9
    FIND_COORDINATOR = 10
    JOIN_GROUP = 11
    HEARTBEAT = 12
    LEAVE_GROUP = 13
    SYNC_GROUP = 14
    CONSUMER_GROUP_HEARTBEAT = 68


_Pointer = ctypes.c_void_p
_Text = ctypes.c_char_p
_Int = ctypes.c_int
_Int16 = ctypes.c_int16
_Int32 = ctypes.c_int32
_Int64 = ctypes.c_int64
_Size = ctypes.c_size_t

# Function of the library → its result and its arguments. A missing one is reported before any is called.
_FUNCTIONS: dict[str, tuple[type | None, tuple[type, ...]]] = {
    "rd_kafka_conf_new": (_Pointer, ()),
    "rd_kafka_conf_set": (_Int, (_Pointer, _Text, _Text, _Text, _Size)),
    "rd_kafka_new": (_Pointer, (_Int, _Pointer, _Text, _Size)),
    "rd_kafka_destroy": (None, (_Pointer,)),
    "rd_kafka_err2str": (_Text, (_Int,)),
    "rd_kafka_mock_cluster_new": (_Pointer, (_Pointer, _Int)),
    "rd_kafka_mock_cluster_destroy": (None, (_Pointer,)),
    "rd_kafka_mock_cluster_bootstraps": (_Text, (_Pointer,)),
    "rd_kafka_mock_group_initial_rebalance_delay_ms": (None, (_Pointer, _Int32)),
    "rd_kafka_mock_topic_create": (_Int, (_Pointer, _Text, _Int, _Int)),
    "rd_kafka_mock_topic_delete": (_Int, (_Pointer, _Text)),
    "rd_kafka_mock_topic_set_error": (None, (_Pointer, _Text, _Int)),
    "rd_kafka_mock_partition_delete_records": (_Int, (_Pointer, _Text, _Int32, _Int64)),
    "rd_kafka_mock_partition_set_leader": (_Int, (_Pointer, _Text, _Int32, _Int32)),
    "rd_kafka_mock_coordinator_set": (_Int, (_Pointer, _Text, _Text, _Int32)),
    "rd_kafka_mock_broker_set_down": (_Int, (_Pointer, _Int32)),
    "rd_kafka_mock_broker_set_up": (_Int, (_Pointer, _Int32)),
    "rd_kafka_mock_broker_set_rtt": (_Int, (_Pointer, _Int32, _Int)),
    "rd_kafka_mock_push_request_errors_array": (None, (_Pointer, _Int16, _Size, ctypes.POINTER(_Int))),
    "rd_kafka_mock_clear_request_errors": (None, (_Pointer, _Int16)),
}
_PRODUCER = 0
_MESSAGE_BYTES = 512


class BrokerError(ConnectorError):
    """The embedded broker cannot do what was asked, or cannot run with this librdkafka."""


def _load() -> ctypes.CDLL:
    """Open the library that confluent-kafka itself uses and declare the functions needed here."""
    package = Path(confluent_kafka.__file__).parent
    folders = (package.parent / "confluent_kafka.libs", package / ".dylibs")
    found = [path for folder in folders for path in sorted(folder.glob("librdkafka*"))]
    if not found:
        raise BrokerError(
            "the embedded broker needs the librdkafka of the confluent-kafka wheel, and there is none beside "
            f"{package}; install confluent-kafka from its wheel"
        )
    library = ctypes.CDLL(str(found[0]))
    missing = [name for name in _FUNCTIONS if not hasattr(library, name)]
    if missing:
        raise BrokerError(
            f"librdkafka {confluent_kafka.libversion()[0]} has no {', '.join(missing)}; "
            "the embedded broker needs 2.16 or newer"
        )
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class EmbeddedBroker:
    """A mock cluster that lives as long as the `with` block; any process of the machine can use it.

    Its limits (docs/reference/faults.md):

    * A partition keeps about 5 MiB.
    * An admin client cannot create topics. A topic that a client merely names gets 4 partitions.
    * It has no compaction, TLS, SASL or ACLs, and elects no leader when a broker goes down.
    * It ignores the isolation level: aborted and open transactions are visible.
    * It refuses commits inside an eager revoke, and in about one of three runs inside a cooperative one.
    """

    def __init__(self, brokers: int = 1) -> None:
        self._library = _load()
        message = ctypes.create_string_buffer(_MESSAGE_BYTES)
        conf = self._library.rd_kafka_conf_new()
        # The mock cluster reports every spoiled answer and lost connection; a test asked for them.
        self._library.rd_kafka_conf_set(conf, b"log_level", b"0", message, _MESSAGE_BYTES)
        self._client = self._library.rd_kafka_new(_PRODUCER, conf, message, _MESSAGE_BYTES)
        if not self._client:
            raise BrokerError(f"librdkafka refuses a client: {message.value.decode()}")
        self._cluster = self._library.rd_kafka_mock_cluster_new(self._client, brokers)
        if not self._cluster:
            self._library.rd_kafka_destroy(self._client)
            raise BrokerError("librdkafka refuses a mock cluster; are there free ports on 127.0.0.1?")
        # The default of 3 s would be waited for at every start of a consumer group.
        self._library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, 0)
        self._brokers = brokers

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the cluster and forget its topics. Once is enough, twice does no harm."""
        if self._cluster:
            self._library.rd_kafka_mock_cluster_destroy(self._cluster)
            self._library.rd_kafka_destroy(self._client)
            self._cluster = self._client = None

    @property
    def bootstrap_servers(self) -> str:
        """The value for `bootstrap.servers`."""
        addresses: bytes = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster)
        return addresses.decode()

    def create_topic(self, name: str, partitions: int = 1) -> None:
        """Create a topic whose partitions are on every broker."""
        self._call("rd_kafka_mock_topic_create", name.encode(), partitions, self._brokers)

    def delete_topic(self, name: str) -> None:
        """Delete a topic with its records (F025, F026)."""
        self._call("rd_kafka_mock_topic_delete", name.encode())

    def delete_records(self, topic: str, partition: int, before: int) -> None:
        """Move the start of a log to the offset `before`, as retention does (F021)."""
        self._call("rd_kafka_mock_partition_delete_records", topic.encode(), partition, before)

    def fail_topic(self, topic: str, code: int) -> None:
        """Answer metadata requests for a topic with this error (F034); 0 heals it."""
        self._library.rd_kafka_mock_topic_set_error(self._cluster, topic.encode(), code)

    def set_leader(self, topic: str, partition: int, broker: int) -> None:
        """Make a broker the leader of a partition (F029); brokers count from 1."""
        self._call("rd_kafka_mock_partition_set_leader", topic.encode(), partition, broker)

    def set_coordinator(self, group: str, broker: int) -> None:
        """Make a broker the coordinator of a consumer group (F013)."""
        self._call("rd_kafka_mock_coordinator_set", b"group", group.encode(), broker)

    def down(self, broker: int = ALL_BROKERS) -> None:
        """Drop the broker's connections and accept none (F030)."""
        self._call("rd_kafka_mock_broker_set_down", broker)

    def up(self, broker: int = ALL_BROKERS) -> None:
        """Accept connections again."""
        self._call("rd_kafka_mock_broker_set_up", broker)

    def set_round_trip(self, milliseconds: int, broker: int = ALL_BROKERS) -> None:
        """Delay every answer of a broker."""
        self._call("rd_kafka_mock_broker_set_rtt", broker, milliseconds)

    def push_errors(self, request: ApiKey, codes: Sequence[int]) -> None:
        """Answer the next requests of this kind with these error codes, one each (F013, F015, F081)."""
        array = (_Int * len(codes))(*codes)
        self._library.rd_kafka_mock_push_request_errors_array(self._cluster, request, len(codes), array)

    def clear_errors(self, request: ApiKey) -> None:
        """Forget the pushed errors that no request has met yet."""
        self._library.rd_kafka_mock_clear_request_errors(self._cluster, request)

    def _call(self, name: str, *arguments: bytes | int) -> None:
        code: int = getattr(self._library, name)(self._cluster, *arguments)
        if code:
            text: bytes = self._library.rd_kafka_err2str(code)
            raise BrokerError(f"{name}{arguments}: {text.decode()}")
