"""Remembers everything, touches nothing: which delivery may travel when, and what may be committed."""
