"""The surroundings for the demo and the tests: a broker, the Instasent API, a registry, sample data."""
