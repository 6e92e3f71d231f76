"""What the demo and the tests need around the connector: a broker, an Instasent, and sample data."""
