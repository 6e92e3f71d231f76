"""The Kafka side: consumer, commits, start offsets, dead letters, topic ids, and a reader without a group."""
