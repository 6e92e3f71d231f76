"""The key of a record, and the keys that Debezium puts into headers (debezium-events 1.3 and 3)."""

from collections.abc import Sequence

from connector.translate.decode.change import UndecodableError
from connector.translate.decode.json import decode_json


def decode_key(key: bytes | None) -> object:
    """Decode a key: an object of key columns, a bare scalar, or None where there is none.

    A key may carry its schema although the value has none (the two converters are set apart); a bare
    scalar (after `ExtractField$Key`) may be JSON or plain text (`StringConverter`), and of a number
    the text is kept, because it may be either. Nothing is guessed from `Struct{id=7}`.

    Raises:
        UndecodableError: the key is none of these.
    """
    if key is None or key == b"null":
        return None
    if not key.startswith((b"{", b"[", b'"')):
        return _plain_text(key)
    try:
        decoded = decode_json(key)
    except UndecodableError as error:
        raise UndecodableError(f"key: {error}") from None
    if isinstance(decoded, dict) and decoded.keys() == {"schema", "payload"}:
        return decoded["payload"]
    return decoded


def header(headers: Sequence[tuple[str, bytes | None]], name: str) -> bytes | None:
    """Return the last header of that name, as Kafka's own clients do; None where there is none."""
    for known, value in reversed(headers):
        if known == name:
            return value
    return None


def _plain_text(key: bytes) -> str:
    if key.startswith(b"Struct{"):
        raise UndecodableError("key: Java's text of a struct cannot be read; set a JSON key converter")
    try:
        return key.decode()
    except UnicodeDecodeError:
        raise UndecodableError("key: neither JSON nor UTF-8 text") from None
