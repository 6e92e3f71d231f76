"""Health, metrics and the status page: read only, no secrets, no personal data (S18)."""
