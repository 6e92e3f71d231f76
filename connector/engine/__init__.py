"""Decides which delivery may travel when, and which offset may be committed. Remembers all, does no I/O."""
