"""Runs a case through the real translator, and describes each difference from the expectation."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from connector.model import (
    AwaitsSchema,
    Delete,
    Delivery,
    Event,
    Record,
    Rejection,
    Skip,
    Translated,
    Upsert,
)
from connector.sandbox.registry.store import RegistryStore
from connector.sandbox.writer import SampleRecord
from connector.translate.formats.schema_store import SchemaStore
from connector.translate.mapping import compiler
from connector.translate.mapping.rules import TopicRules
from connector.translate.translate import Translator
from tests.translate.matrix.case import (
    Case,
    Deleted,
    Delivered,
    Happened,
    Outcome,
    Refused,
    Same,
    Upserted,
)
from tests.translate.matrix.registry import Access, look_up

PRODUCED_MS = 1_700_000_000_000
"""When the broker took the records."""

ANY_TOPIC = "^.*"


class Reader:
    """One topic file, and the registry that its records' schemas are in. Offsets count from 0."""

    def __init__(self, rules: Mapping[str, Any], store: RegistryStore, access: Access | None) -> None:
        model = TopicRules.model_validate({"pattern": ANY_TOPIC, **rules})
        assert compiler.problems(model) == []
        self._translator = Translator(
            [compiler.compile_topic(model)], SchemaStore(access.type if access else None)
        )
        self._store = store
        self._access = access
        self._offset = -1

    def read(self, record: SampleRecord) -> Translated:
        """Translate one record, with as many schemas as it needs; one that is not there stays awaited."""
        self._offset += 1
        one = Record(
            record.topic,
            0,
            self._offset,
            record.key,
            record.value,
            record.timestamp_ms or PRODUCED_MS,
            lambda: record.headers,
        )
        while isinstance(translated := self._translator.translate(one), AwaitsSchema):
            assert self._access is not None, f"a schema is awaited without a registry: {translated.ref}"
            artifact = look_up(self._store, self._access, translated.ref)
            if artifact is None:
                break
            self._translator.learn(translated.ref, artifact)
        return translated

    @property
    def left_out(self) -> dict[str, int]:
        """The values that were not sent, counted by reason."""
        return dict(self._translator.counts)

    @property
    def formats(self) -> list[str]:
        """The names of the wire formats seen, as `/api/status` shows them."""
        return sorted({name for names in self._translator.formats.values() for name in names})


def records_of(case: Case, store: RegistryStore) -> list[SampleRecord]:
    """Write the records of a case."""
    return list(case.kind.write(store, case.format))


def differences(case: Case) -> list[str]:
    """Run a case in each possible configuration; return the differences, none where all is as expected."""
    store = RegistryStore()
    records = records_of(case, store)
    found: list[str] = []
    for access in case.access:
        for shape in case.kind.shapes:
            reader = Reader({"shape": shape, **case.kind.rules}, store, access)
            translated = [reader.read(record) for record in records]
            different = [*_compared(case.becomes, translated)]
            if reader.left_out != case.kind.left_out:
                different.append(f"left out: {reader.left_out}, not {dict(case.kind.left_out)}")
            found += [f"{case}, shape {shape}, registry {access}: {words}" for words in different]
    return found


def _compared(expected: Sequence[Outcome], translated: Sequence[Translated]) -> Iterator[str]:
    if len(expected) != len(translated):
        yield f"{len(translated)} records are written, {len(expected)} outcomes expected"
    ids: dict[str, str] = {}
    for number, (outcome, result) in enumerate(zip(expected, translated, strict=False)):
        difference = _difference(outcome, result, ids)
        if difference:
            yield f"record {number}: {difference}"


def _difference(outcome: Outcome, result: Translated, ids: dict[str, str]) -> str:
    if isinstance(outcome, Refused):
        fits = isinstance(result, Rejection) and result.rule == outcome.rule and outcome.says in result.reason
        return "" if fits else f"{result} instead of {outcome}"
    if isinstance(outcome, Skip) or isinstance(result, Skip | Rejection | AwaitsSchema):
        return "" if outcome == result else f"{result} instead of {outcome}"
    wanted = [outcome] if isinstance(outcome, Upserted | Deleted | Happened) else list(outcome)
    _learn_ids(wanted, result, ids)
    want, have = ([_plain(one, ids) for one in some] for some in (wanted, result))
    return "" if want == have else f"{have} instead of {want}"


def _learn_ids(wanted: Sequence[Delivered], result: Sequence[Delivery], ids: dict[str, str]) -> None:
    """Take the id of each new label; an id that another label has already is a difference."""
    for want, have in zip(wanted, result, strict=False):
        if isinstance(want, Happened) and isinstance(want.event_id, Same) and isinstance(have, Event):
            found: str = have.body["_event_id"]
            if found not in ids.values():
                ids.setdefault(want.event_id.label, found)


def _plain(one: Delivery | Delivered, ids: dict[str, str]) -> tuple[Any, ...]:
    """Give a delivery, or the expected one, in one form; numbers digit by digit."""
    match one:
        case Upserted(user_id, attributes, instant):
            return "upsert", user_id, instant, _text({"_user_id": user_id, **attributes})
        case Upsert():
            return "upsert", one.user_id, one.instant, _text(one.body)
        case Deleted() | Delete():
            return "delete", one.user_id, one.tombstone
        case Happened(user_id, parameters, event_id):
            known = ids.get(event_id.label, event_id) if isinstance(event_id, Same) else event_id
            return "event", user_id, user_id, known, _text(parameters)
        case Event(user_id, body):
            return "event", user_id, body["_user_id"], body["_event_id"], _text(body["_event_parameters"])


def _text(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
