"""Translate: the bytes of a record become deliveries; nothing is remembered and nothing is touched."""
