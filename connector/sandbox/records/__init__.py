"""Records as Debezium and its neighbours make them, before a converter writes them.

As in Kafka Connect there are three stages, and any of the first goes with any of the others: a source makes
records (`table`, `mongodb`, `notices`, `outbox`), transforms change their shape (`flatten`, `outbox`), and
converters write keys, values and headers (`connector.sandbox.formats`). `writer` puts the three together.
"""
