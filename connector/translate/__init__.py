"""Translate: the bytes of a record become deliveries; no state is kept, and nothing outside is touched."""
