"""The schema registries' language: references → paths to ask for, replies → schemas. Remembers nothing."""
