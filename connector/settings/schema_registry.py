"""The section `schema_registry`: its keys, and the checks between them."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from connector.errors import ConfigError
from connector.settings.addresses import Token, Url, is_protected
from connector.settings.certificates import add_identity, authorities
from connector.settings.secrets import Secret
from connector.translate.mapping.rules import Model

SECRETS = ("password", "token", "key_password")
"""Keys that are never shown; `<name>_file` reads each from a file."""

CERTIFICATES = ("ca_file", "certificate_file", "key_file")
"""Keys that name a file for TLS."""


def _split(value: object) -> object:
    """Turn `http://a,http://b` into a list."""
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def _not_empty(secret: Secret) -> Secret:
    if not secret.get_secret_value():
        raise PydanticCustomError("secret", "is empty")
    return secret


Password: TypeAlias = Annotated[Secret, AfterValidator(_not_empty)]


class SchemaRegistry(Model):
    """The registry of the schemas that records name."""

    type: Literal["confluent", "apicurio"] = "confluent"
    """Whose API it speaks: confluent (also ccompat, Karapace, Redpanda) or apicurio."""
    url: Annotated[
        tuple[Url, ...],
        BeforeValidator(_split, json_schema_input_type=str | list[str]),
        Field(min_length=1),
    ]
    """The API's base address; a list, or several with commas between them, where it has replicas."""
    use_id: Literal["contentId", "globalId"] | None = None
    """The kind of Apicurio id in the records; by default 4 bytes are a content id, 8 bytes a global id."""
    username: Annotated[str, Field(pattern=r"^[^:\x00-\x1f\x7f]+$")] | None = None
    """Basic authentication, with `password`."""
    password: Password | None = None
    """Basic authentication, with `username`."""
    password_file: Path | None = None
    """A file with the password; the service reads the files of this section again when they change."""
    token: Token | None = None
    """Bearer authentication."""
    token_file: Path | None = None
    """A file with the token."""
    ca_file: Path | None = None
    """The authorities that the registry's certificate must come from, as PEM; without it, the public ones."""
    certificate_file: Path | None = None
    """The client certificate, as PEM (mTLS)."""
    key_file: Path | None = None
    """Its key, unless `certificate_file` holds it."""
    key_password: Password | None = None
    """The password of the key."""
    key_password_file: Path | None = None
    """A file with the password of the key."""

    def secrets(self) -> list[Secret]:
        """Return every secret."""
        return [secret for secret in (self.password, self.token, self.key_password) if secret is not None]


def faults(registry: SchemaRegistry) -> Iterator[tuple[str, str, str]]:
    """Find the problems between the keys, as (key, message, hint)."""
    given = {name for name in type(registry).model_fields if getattr(registry, name) is not None}
    for name, other in (
        ("username", "password"),
        ("password", "username"),
        ("key_file", "certificate_file"),
        ("key_password", "certificate_file"),
    ):
        if name in given and other not in given:
            yield name, f"has no effect without `{other}`", ""
    if {"username", "token"} <= given:
        yield "token", "`username` is given too", "keep one of the two"
    if given & {"username", "token"} and not all(map(is_protected, registry.url)):
        yield "url", "https is needed: credentials travel with every request", "http only for localhost"
    if registry.type == "apicurio" and not all(url.endswith(("/v2", "/v3")) for url in registry.url):
        yield "url", "not the base of Apicurio's API", "such as http://host/apis/registry/v2, or …/v3"
    yield from _certificates(registry)


def _certificates(registry: SchemaRegistry) -> Iterator[tuple[str, str, str]]:
    """Read the certificates, so that a wrong file or password is reported before the first poll."""
    if registry.ca_file is not None:
        try:
            authorities(registry.ca_file)
        except ConfigError as error:
            yield "ca_file", error.problems[0].message, ""
    if registry.certificate_file is not None:
        password = registry.key_password.get_secret_value() if registry.key_password else None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            add_identity(context, registry.certificate_file, registry.key_file, password)
        except ConfigError as error:
            yield "certificate_file", error.problems[0].message, ""
