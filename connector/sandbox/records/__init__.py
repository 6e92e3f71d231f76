"""Records as Debezium and its neighbours make them, before a converter writes them.

As in Kafka Connect there are three stages, and any of one goes with any of the next: a source makes records
(`table`, `mongodb`, `notices`), transforms change their shape (`flatten`, `flatten_document`, `outbox`), and
converters write keys, values and headers (`connector.sandbox.formats`). `connector.sandbox.writer` puts the
three together.
"""
