"""Mapping: the compiled rules of one topic make deliveries of a change."""
