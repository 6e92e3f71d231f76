"""JSON: bare, with its schema beside the payload, or described by a registered JSON Schema."""
