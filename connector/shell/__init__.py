"""Touches the world and decides nothing: Kafka, HTTP, dead letters, clock, logs, the admin server."""
