"""Streams Debezium change events and domain events from Kafka to the Instasent Ingest API."""

__version__ = "0.1.0"
