"""Formats: the bytes of a record become a value and, where the record names one, a schema."""
