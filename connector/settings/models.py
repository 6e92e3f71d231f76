"""The settings of the service: the keys, defaults and limits of `config/connector.yaml`."""

import re
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic_core import PydanticCustomError

from connector.settings import kafka_options
from connector.settings.addresses import Token, Url, is_protected
from connector.settings.kafka_options import KafkaValue
from connector.settings.schema_registry import SchemaRegistry
from connector.settings.secrets import Secret
from connector.settings.yaml_source import Section
from connector.translate.mapping.rules import Model, TopicRules

UNITS = {"": 1, "B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
SIZE = re.compile(r"^([0-9]{1,12}) ?(B|KiB|MiB|GiB)?$")


def _read_size(value: object) -> object:
    """Turn `64MiB` into bytes."""
    if not isinstance(value, str):
        return value
    match = SIZE.fullmatch(value)
    if match is None:
        raise PydanticCustomError("size", "not a size", {"hint": "write bytes or a size such as 64MiB"})
    return int(match[1]) * UNITS[match[2] or ""]


def _https_unless_local(url: str) -> str:
    if not is_protected(url):
        raise PydanticCustomError(
            "https",
            "https is needed: the token travels with every request",
            {"hint": "http only for localhost"},
        )
    return url


def _valid_listen(listen: str) -> str:
    host, _, port = listen.rpartition(":")
    if not re.fullmatch(r"[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]", host) or not re.fullmatch(r"[0-9]{1,5}", port):
        raise PydanticCustomError("listen", "not an address and a port", {"hint": "such as 127.0.0.1:8085"})
    if int(port) > 65_535:
        raise PydanticCustomError("listen", "a port is at most 65535")
    return listen


Segment: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,128}$")]
TopicName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")]
Size: TypeAlias = Annotated[
    int, BeforeValidator(_read_size, json_schema_input_type=int | Annotated[str, Field(pattern=SIZE.pattern)])
]
Milliseconds: TypeAlias = Annotated[int, Field(ge=1, le=3_600_000)]

KAFKA_SCHEMA = {
    "type": "object",
    "properties": {
        **{name: {"type": ["string", "number", "boolean"]} for name in sorted(kafka_options.ALLOWED)},
        **{f"{name}_file": {"type": "string", "minLength": 1} for name in kafka_options.SECRETS},
    },
    "required": list(kafka_options.REQUIRED),
    "additionalProperties": False,
}


class Instasent(Model):
    """The destination of contacts and events. It needs exactly one of `token` and `token_file`."""

    model_config = ConfigDict(
        json_schema_extra={
            "required": ["project", "datasource"],
            "oneOf": [{"required": ["token"]}, {"required": ["token_file"]}],
        }
    )

    base_url: Annotated[Url, AfterValidator(_https_unless_local)] = "https://api.instasent.com/v1"
    """The API's base address; https, except on this machine."""
    project: Segment
    """The project's uid."""
    datasource: Segment
    """The data source's id."""
    token: Token
    """The data source's token; better in a file or an environment variable."""
    token_file: Path | None = None
    """A file with the token; the service reads it again when it changes."""


class Delivery(Model):
    """Speed and memory of the delivery."""

    # A value may contradict the default of another key that is missing.
    model_config = ConfigDict(validate_default=True)

    batch_items_max: Annotated[int, Field(ge=1, le=100)] = 100
    """Deliveries in one request; the API takes 100."""
    linger_ms: Annotated[int, Field(ge=0, le=60_000)] = 50
    """How long a delivery waits for others that share its request."""
    requests_in_flight_max: Annotated[int, Field(ge=1, le=256)] = 8
    """Requests at the same time."""
    buffered_records_max: Annotated[int, Field(ge=100, le=10_000_000)] = 20_000
    """Records in memory; above this limit, partitions pause."""
    buffered_bytes_max: Annotated[Size, Field(ge=1024**2)] = 64 * 1024**2
    """Bytes of records in memory (a number, or a size such as 64MiB); above it, partitions pause."""
    retry_backoff_ms: tuple[Milliseconds, Milliseconds] = (200, 30_000)
    """The first and the largest backoff; exponential with full jitter."""
    drain_seconds: Annotated[int, Field(ge=1, le=3600)] = 30
    """How long requests in flight may take to finish, on shutdown and on revoke."""
    request_seconds_max: Annotated[int, Field(ge=1, le=3600)] = 20
    """The limit for one request, from the first byte to the last."""

    @field_validator("retry_backoff_ms")
    @classmethod
    def _first_is_not_above_largest(cls, value: tuple[int, int]) -> tuple[int, int]:
        if value[0] > value[1]:
            raise PydanticCustomError("backoff", "the first backoff is larger than the largest")
        return value

    @field_validator("request_seconds_max")
    @classmethod
    def _request_ends_before_the_drain(cls, value: int, info: ValidationInfo) -> int:
        drain = info.data.get("drain_seconds")
        if drain is not None and value > drain:
            raise PydanticCustomError(
                "request_seconds",
                "a request may last longer than the drain ({drain} s)",
                {"drain": drain, "hint": "request_seconds_max is at most drain_seconds"},
            )
        return value


class DeadLetters(Model):
    """The destination of records that can never be delivered."""

    topic: TopicName = "instasent.dead-letters"
    """The topic that stores them with their reasons."""


class Admin(Model):
    """Health, metrics and the status page."""

    listen: Annotated[str, AfterValidator(_valid_listen)] = "127.0.0.1:8085"
    """Address and port; port 0 takes a free one."""

    @property
    def host(self) -> str:
        """The address without the brackets of IPv6."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port."""
        return int(self.listen.rpartition(":")[2])


class ServiceSettings(Model):
    """All settings except the topics."""

    kafka: Annotated[dict[str, KafkaValue], WithJsonSchema(KAFKA_SCHEMA)]
    """Properties of librdkafka, security too; commit, reset and plugin keys are refused."""
    schema_registry: SchemaRegistry | None = None
    """The registry of the schemas that records name; needed when a topic is Avro."""
    instasent: Instasent
    """The destination of contacts and events."""
    delivery: Delivery = Delivery()
    """Speed and memory of the delivery."""
    dead_letters: DeadLetters = DeadLetters()
    """The destination of records that can never be delivered."""
    admin: Admin = Admin()
    """Health, metrics and the status page."""

    @property
    def kafka_properties(self) -> dict[str, str | int | float | bool]:
        """The settings for librdkafka: `kafka` with readable secrets. For the client only."""
        return {
            name: value.get_secret_value() if isinstance(value, Secret) else value
            for name, value in self.kafka.items()
        }


class ServiceFile(ServiceSettings):
    """The service file as it is written; for its JSON schema."""

    topics: Annotated[str, Field(min_length=1)] | tuple[TopicRules, ...]
    """Topic files, as a pattern relative to this file, or the topics themselves."""


class Settings(ServiceSettings):
    """The whole configuration, checked."""

    topics: tuple[TopicRules, ...]
    """One entry per topic or pattern."""
    sections: Annotated[tuple[Section, ...], Field(repr=False, exclude=True)]
    """The source of each topic, for problems that are found later."""

    def secrets(self) -> list[str]:
        """Return every secret as plain text, to hide it in logs."""
        hidden = [self.instasent.token, *self.kafka.values()]
        if self.schema_registry is not None:
            hidden += self.schema_registry.secrets()
        return [value.get_secret_value() for value in hidden if isinstance(value, Secret)]
