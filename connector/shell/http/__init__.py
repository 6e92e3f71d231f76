"""The HTTP side: one thread with an asyncio loop, and its connections to the API."""
