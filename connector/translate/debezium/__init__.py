"""Debezium: a decoded value becomes a change of a row, an outbox event, or a service message."""
