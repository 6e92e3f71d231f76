"""The Kafka side: consumer, commits, start offsets, dead letters, topic ids."""
