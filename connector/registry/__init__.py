"""The schema registries' language: references → paths to ask for, replies → schemas. Keeps no state."""
