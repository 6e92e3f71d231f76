"""`demo`: an embedded broker, a sandbox API, sample changes and the real service."""
