"""Addresses of requests, and the tokens that travel with them."""

import ipaddress
import re
from typing import Annotated, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from connector.settings.secrets import Secret


def _valid_url(url: str) -> str:
    """Refuse an address that could send a token or a record elsewhere (S02)."""
    try:
        parts = urlsplit(url)
        whole = parts.scheme in ("http", "https") and parts.hostname is not None and parts.port != 0
    except ValueError:
        whole = False
    if not whole or not re.fullmatch(r"[!-~]+", url):
        raise PydanticCustomError("url", "not an http(s) address", {"hint": "such as https://host/v1"})
    if "@" in parts.netloc or "?" in url or "#" in url:
        raise PydanticCustomError("url_parts", "an address here has no user, query or fragment")
    return url.rstrip("/")


def _valid_token(token: Secret) -> Secret:
    """Refuse a token that no header can carry; the message does not quote it."""
    if not re.fullmatch(r"[!-~]+", token.get_secret_value()):
        raise PydanticCustomError("token", "a token is printable ASCII without spaces, and not empty")
    return token


Url: TypeAlias = Annotated[str, AfterValidator(_valid_url)]
Token: TypeAlias = Annotated[Secret, AfterValidator(_valid_token)]


def is_protected(url: str) -> bool:
    """Return whether credentials may go there: over https, or to this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
