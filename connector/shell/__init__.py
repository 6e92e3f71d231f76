"""All contact with the outside: Kafka, HTTP, registry, clock, logs, admin server. It decides nothing."""
