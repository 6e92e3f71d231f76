"""The librdkafka properties that `kafka:` may hold (S13), and the checks of their values.

The names are from CONFIGURATION.md of librdkafka 2.16. A test compares the tables with the installed client.
"""

import difflib
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from connector.settings.secrets import Secret

KafkaValue: TypeAlias = str | int | float | bool | Secret

REQUIRED = ("bootstrap.servers", "group.id")

SECRETS = (
    "sasl.password",
    "sasl.oauthbearer.assertion.private.key.passphrase",
    "sasl.oauthbearer.assertion.private.key.pem",
    "sasl.oauthbearer.client.credentials.client.secret",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.config",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.password",
)
"""Properties that are never shown; `<name>_file` reads each from a file."""

_ALLOWED_LINES = (
    "bootstrap.servers client.id client.rack client.dns.lookup enable.metrics.push log_level",
    "log.connection.close",
    "security.protocol enable.ssl.certificate.verification ssl.endpoint.identification.algorithm",
    "ssl.cipher.suites ssl.curves.list ssl.sigalgs.list ssl.ca.location ssl.ca.pem",
    "ssl.ca.certificate.stores ssl.crl.location ssl.certificate.location ssl.certificate.pem",
    "ssl.key.location ssl.keystore.location https.ca.location https.ca.pem",
    "sasl.mechanism sasl.mechanisms sasl.username sasl.kerberos.service.name sasl.kerberos.principal",
    "sasl.kerberos.keytab sasl.kerberos.min.time.before.relogin",
    "sasl.oauthbearer.method sasl.oauthbearer.client.id sasl.oauthbearer.client.credentials.client.id",
    "sasl.oauthbearer.scope sasl.oauthbearer.extensions sasl.oauthbearer.token.endpoint.url",
    "sasl.oauthbearer.sub.claim.name sasl.oauthbearer.grant.type",
    "sasl.oauthbearer.metadata.authentication.type sasl.oauthbearer.assertion.algorithm",
    "sasl.oauthbearer.assertion.private.key.file sasl.oauthbearer.assertion.file",
    "sasl.oauthbearer.assertion.claim.aud sasl.oauthbearer.assertion.claim.exp.seconds",
    "sasl.oauthbearer.assertion.claim.iss sasl.oauthbearer.assertion.claim.jti.include",
    "sasl.oauthbearer.assertion.claim.nbf.seconds sasl.oauthbearer.assertion.claim.sub",
    "sasl.oauthbearer.assertion.jwt.template.file",
    "group.id group.instance.id group.protocol group.remote.assignor partition.assignment.strategy",
    "session.timeout.ms heartbeat.interval.ms max.poll.interval.ms coordinator.query.interval.ms",
    "isolation.level check.crcs",
    "queued.min.messages queued.max.messages.kbytes fetch.queue.backoff.ms fetch.wait.max.ms",
    "fetch.message.max.bytes max.partition.fetch.bytes fetch.max.bytes fetch.min.bytes",
    "fetch.error.backoff.ms message.max.bytes message.copy.max.bytes receive.message.max.bytes",
    "max.in.flight max.in.flight.requests.per.connection retry.backoff.ms retry.backoff.max.ms",
    "metadata.recovery.strategy metadata.recovery.rebootstrap.trigger.ms metadata.max.age.ms",
    "topic.metadata.refresh.interval.ms topic.metadata.refresh.fast.interval.ms",
    "topic.metadata.refresh.sparse topic.metadata.propagation.max.ms",
    "socket.timeout.ms socket.send.buffer.bytes socket.receive.buffer.bytes socket.keepalive.enable",
    "socket.nagle.disable socket.max.fails socket.connection.setup.timeout.ms connections.max.idle.ms",
    "reconnect.backoff.ms reconnect.backoff.max.ms broker.address.ttl broker.address.family",
    "api.version.request api.version.request.timeout.ms api.version.fallback.ms broker.version.fallback",
)
ALLOWED = frozenset(SECRETS).union(*(names.split() for names in _ALLOWED_LINES))
"""Properties that `kafka:` may hold."""

_OFFSETS = "the connector commits offsets itself, after Instasent has acknowledged the records"
_START = "write `start` or `offsets_lost` in the topic's file"
_CODE = "it would run code in the connector's process"
_OURS = "the connector sets it"
_PRODUCER = "the producer of dead letters is not configurable, because every write must be confirmed"

_REFUSED_GROUPS: Mapping[str, str] = {
    "enable.auto.commit auto.commit.enable auto.commit.interval.ms enable.auto.offset.store"
    " offset.store.method offset.store.path offset.store.sync.interval.ms": _OFFSETS,
    "auto.offset.reset": _START,
    "plugin.library.paths interceptors ssl.engine.location ssl.engine.id ssl.providers"
    " ssl_engine_callback_data sasl.kerberos.kinit.cmd": _CODE,
    "consume_cb rebalance_cb offset_commit_cb error_cb throttle_cb stats_cb log_cb background_event_cb"
    " socket_cb connect_cb closesocket_cb open_cb resolve_cb ssl.certificate.verify_cb"
    " oauthbearer_token_refresh_cb opaque default_topic_conf": "a callback cannot be configured",
    "enable.partition.eof enabled_events log.queue log.thread.name statistics.interval.ms"
    " consume.callback.max.messages enable_sasl_queue allow.auto.create.topics group.protocol.type"
    " internal.termination.signal enable.random.seed max.poll.records share.acknowledgement.mode": _OURS,
    "test.mock.num.brokers test.mock.broker.rtt": "`instasent-connector demo` starts an embedded broker",
    "debug": "its output may hold secrets; use a command-line client against the same brokers",
    "enable.sasl.oauthbearer.unsecure.jwt": "the connector refuses unsigned tokens",
    "metadata.broker.list": "write `bootstrap.servers`",
    "topic.blacklist": "name the topics in their files",
    "ssl_key ssl_certificate ssl_ca": "write the property that ends in .location or .pem",
    "socket.blocking.max.ms topic.metadata.refresh.fast.cnt metadata.request.timeout.ms"
    " reconnect.backoff.jitter.ms enable.sparse.connections builtin.features client.software.name"
    " client.software.version": "it has no effect, or is internal to the client",
    "transactional.id transaction.timeout.ms enable.idempotence enable.gapless.guarantee"
    " queue.buffering.max.messages queue.buffering.max.kbytes queue.buffering.max.ms linger.ms": _PRODUCER,
    "message.send.max.retries retries queue.buffering.backpressure.threshold compression.codec"
    " compression.type compression.level batch.num.messages batch.size delivery.report.only.error"
    " dr_cb dr_msg_cb sticky.partitioning.linger.ms request.required.acks acks request.timeout.ms"
    " message.timeout.ms delivery.timeout.ms queuing.strategy produce.offset.report partitioner"
    " partitioner_cb msg_order_cmp": _PRODUCER,
}
REFUSED: Mapping[str, str] = {name: hint for names, hint in _REFUSED_GROUPS.items() for name in names.split()}
"""Properties of librdkafka that `kafka:` may not hold, each with the reason or the alternative."""

FIXED: Mapping[str, tuple[str, str]] = {
    "isolation.level": ("read_committed", "records of aborted transactions never happened"),
    "enable.ssl.certificate.verification": ("true", "name the authority in ssl.ca.location instead"),
    "ssl.endpoint.identification.algorithm": ("https", "the broker's certificate must carry its name"),
}
"""Properties that may have only this value, and the reason."""

MAX_POLL_INTERVAL_MS = 300_000
"""librdkafka's default of `max.poll.interval.ms`."""


def as_text(value: object) -> str:
    """Write a value as librdkafka does."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def max_poll_interval_ms(options: Mapping[str, object]) -> int | None:
    """Return the effective `max.poll.interval.ms`, or None where it is not a number."""
    text = as_text(options.get("max.poll.interval.ms", MAX_POLL_INTERVAL_MS))
    return int(text) if text.isdecimal() else None


def faults(options: Mapping[str, object]) -> Iterator[tuple[str, str, str]]:
    """Find the problems as (key, message, hint); secrets are already wrapped."""
    yield from ((name, "is required", "") for name in REQUIRED if options.get(name) in (None, ""))
    for name, value in options.items():
        if name in REFUSED:
            yield name, "cannot be set", REFUSED[name]
        elif name not in ALLOWED:
            close = difflib.get_close_matches(name, sorted(ALLOWED), n=1)
            hint = f"did you mean `{close[0]}`?" if close else "see librdkafka's CONFIGURATION.md"
            yield name, "not a property of the Kafka client", hint
        elif name in SECRETS and not (isinstance(value, Secret) and value.get_secret_value()):
            yield name, "text is needed, and not empty", "put it in quotes"
        elif name in FIXED and as_text(value) != FIXED[name][0]:
            yield name, f"can only be {FIXED[name][0]}", FIXED[name][1]
    if max_poll_interval_ms(options) is None:
        yield "max.poll.interval.ms", "a number of milliseconds is needed", ""
    protocol = as_text(options.get("security.protocol", "plaintext")).lower()
    credentials = [name for name in options if name.startswith("sasl.")]
    if credentials and not protocol.startswith("sasl_"):
        yield credentials[0], "has no effect without SASL", "write `security.protocol: SASL_SSL`"
