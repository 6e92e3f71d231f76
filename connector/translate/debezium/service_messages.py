"""Debezium's records besides rows, and the signals that make it act (debezium-events.md 8).

Each kind is skipped under a separate rule. The name of their schema alone is not enough: others
have schemas that are called `Notification`, too.
"""

from collections.abc import Callable, Mapping
from typing import Any

from connector.model import Skip
from connector.translate.debezium.change import Row
from connector.translate.formats.connect_schema import ConnectSchema
from connector.translate.formats.decoded import ReadKey

_MARKS = frozenset({"ts_ms", "status", "ddl", "aggregate_type", "data"})
"""Each of the kinds below has one of these members; other records rarely do."""

_NOTIFICATION = frozenset({"id", "aggregate_type", "type", "additional_data", "timestamp"})
_SIGNAL = frozenset({"id", "type", "data"})

_SIGNAL_TYPES = frozenset(
    {
        "execute-snapshot",
        "stop-snapshot",
        "pause-snapshot",
        "resume-snapshot",
        "snapshot-window-open",
        "snapshot-window-close",
    }
)
"""Not `log` and the like: rows of another table with these three columns could have such a type."""


def skip_of_service_message(body: Row, schema: ConnectSchema | None, read_key: ReadKey) -> Skip | None:
    """Return the skip of a value outside an envelope, None where the value may be a row.

    The key is decoded only where the value alone does not decide.

    Raises:
        DecodeError: the key matters and cannot be read.
    """
    if _MARKS.isdisjoint(body):
        return None
    if schema is not None and schema.name.endswith(".Heartbeat") and body.keys() == {"ts_ms"}:
        return _SKIPS["heartbeat"]
    return next((_SKIPS[rule] for rule, matches in SERVICE_MESSAGES.items() if matches(body, read_key)), None)


def is_signal(row: Mapping[str, Any]) -> bool:
    """Recognise a signal: a row of the signalling table, or a message of the signalling topic."""
    kind = row.get("type")
    return type(kind) is str and kind in _SIGNAL_TYPES and "data" in row and row.keys() <= _SIGNAL


def _is_heartbeat(body: Row, read_key: ReadKey) -> bool:
    if body.keys() != {"ts_ms"}:
        return False
    names = read_key().value
    return isinstance(names, dict) and names.keys() == {"serverName"}


def _is_transaction(body: Row, _read_key: ReadKey) -> bool:
    return (
        body.get("status") in ("BEGIN", "END")
        and body.keys() >= {"id", "event_count", "data_collections"}
        and "op" not in body
    )


def _is_schema_change(body: Row, _read_key: ReadKey) -> bool:
    return (
        isinstance(body.get("source"), dict)
        and "op" not in body
        and "ddl" in body
        and ("tableChanges" in body or "databaseName" in body)
    )


def _is_notification(body: Row, _read_key: ReadKey) -> bool:
    return body.keys() == _NOTIFICATION


def _is_signal(body: Row, _read_key: ReadKey) -> bool:
    return is_signal(body)


SERVICE_MESSAGES: Mapping[str, Callable[[Row, ReadKey], bool]] = {
    "heartbeat": _is_heartbeat,
    "transaction": _is_transaction,
    "schema_change": _is_schema_change,
    "notification": _is_notification,
    "signal": _is_signal,
}
"""Rule -> whether a value is of that kind."""

_SKIPS = {rule: Skip(rule) for rule in SERVICE_MESSAGES}
