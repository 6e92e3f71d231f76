"""The rules that hold for every outcome of every input."""

import re

import orjson

from connector.model import AwaitsSchema, Delete, Event, Rejection, SchemaArtifact, Skip, Translated, Upsert
from connector.translate.formats.schema_store import SchemaStore
from connector.translate.translate import Translator
from tests.fuzz.hostile import CANARY
from tests.fuzz.inputs import Input
from tests.fuzz.rules import mappings

_REASON_LENGTH_MAX = 600
_QUESTIONS_MAX = 8
"""A record may need the schemas of its value, its key and a key in its headers; then it is decided."""

_USER_ID_LENGTH_MAX = 512

_TRIED = re.compile(r"JSON|Avro|schema|MongoDB|`[a-z_]+`|text|header|framing|Cassandra|CloudEvents|decimal")
"""The names that reasons give to the formats that were tried."""

_UNKNOWN = SchemaArtifact("", "UNKNOWN")


class FaultError(Exception):
    """The outcome of an input is none that the service could live with."""


class Judge:
    """Translates inputs as the service does, one after the other, and looks at what they become."""

    def __init__(self) -> None:
        self._translator = Translator(mappings(), SchemaStore("confluent"))

    def outcome(self, given: Input) -> str:
        """Translate one input; return in a word what it became.

        Raises:
            FaultError: the outcome breaks a promise.
            Exception: whatever the translator raised, which is a fault as well.
        """
        for _ in range(_QUESTIONS_MAX):
            translated = self._translator.translate(given.record)
            if not isinstance(translated, AwaitsSchema):
                return judged(translated)
            known = given.schemas.get(translated.ref, given.artifact)
            if known is None:
                return "awaits schema"
            self._translator.learn(translated.ref, known)
        raise FaultError("the record asks for schema after schema")


def judged(translated: Translated) -> str:
    """Return in a word what a record became.

    Raises:
        FaultError: the outcome breaks a promise.
    """
    if isinstance(translated, Skip):
        _check(bool(translated.rule), "a skip has no rule")
        return "skipped"
    if isinstance(translated, Rejection):
        _check_rejection(translated)
        return f"rejected by {translated.rule.split('.')[0]}"
    _check(isinstance(translated, list) and bool(translated), "there is nothing to deliver")
    for delivery in translated:
        if not isinstance(delivery, Upsert | Delete | Event):
            raise FaultError("a delivery is of no known kind")
        _check(0 < len(delivery.user_id) <= _USER_ID_LENGTH_MAX, "a user id is empty or too long")
        if not isinstance(delivery, Delete):
            sent = orjson.loads(orjson.dumps([delivery.body]))[0]
            _check(sent["_user_id"] == delivery.user_id, "the body has another user id")
    return "delivered"


def _check_rejection(rejection: Rejection) -> None:
    _check(bool(rejection.rule and rejection.reason), "a rejection has no rule or no reason")
    _check(CANARY not in rejection.reason, f"the reason quotes the record: {rejection.reason}")
    _check(len(rejection.reason) <= _REASON_LENGTH_MAX, "the reason is longer than anybody reads")
    if rejection.rule == "decode":
        named = _TRIED.search(rejection.reason) is not None
        _check(named, f"the reason does not say what was tried: {rejection.reason}")


def _check(holds: bool, words: str) -> None:
    if not holds:
        raise FaultError(words)
