"""Decode: the bytes of a record become a change: `wire` reads the bytes, `shapes` tells what they say."""
