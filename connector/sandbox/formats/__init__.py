"""The converters of Kafka Connect that the demo writes with: JSON, JSON with its schema, and Avro."""
