"""Records as Debezium and its neighbours make them, before a converter writes them.

As in Kafka Connect there are three stages, and each combination works. A source makes records (`table`),
transforms change their shape (`flatten`, `outbox_router`), and converters write keys, values and headers
(`connector.sandbox.formats`). `connector.sandbox.writer` puts the
three together.
"""
