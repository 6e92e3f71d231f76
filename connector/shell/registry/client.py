"""The registry client: asks for a schema at one address after the other, and returns the answer.

It runs on the HTTP thread's loop and remembers only which address worked last. The engine decides when to ask
again. The process asks for each schema about once, so each question has a client of its own. Nothing stays
open, and each question begins with the newest credentials.
"""

import asyncio
import queue
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeAlias

import httpx

from connector.model import RefKind, SchemaAnswer, SchemaRef, SchemaVerdict
from connector.registry.languages import LANGUAGES
from connector.registry.references import fetch
from connector.settings.schema_registry import SchemaRegistry
from connector.shell.registry.access import Access, Credentials
from connector.shell.registry.exchange import RegistryLimits, converse, open_client

RunOnLoop: TypeAlias = Callable[[Coroutine[Any, Any, None]], Future[Any]]


class RegistryClient:
    """Fetches schemas. Raises ConfigError where certificates or secrets are unusable.

    Each `fetch` of a ref that is not in flight puts exactly one `(ref, answer)` into `results`, unless the
    loop stops first.
    """

    def __init__(
        self, settings: SchemaRegistry, run_on_loop: RunOnLoop, limits: RegistryLimits | None = None
    ) -> None:
        self.results: queue.SimpleQueue[tuple[SchemaRef, SchemaAnswer]] = queue.SimpleQueue()
        self._run_on_loop = run_on_loop
        self._limits = limits or RegistryLimits()
        self._credentials = Credentials(settings)
        use_id = None if settings.use_id is None else RefKind(settings.use_id)
        self._languages = {url: LANGUAGES[settings.type](use_id, url) for url in settings.url}
        self._order = list(self._languages)
        self._in_flight: set[SchemaRef] = set()
        self._slots = asyncio.Semaphore(self._limits.in_flight_max)

    # ------------------------------------------------------------------- called from other threads

    def fetch(self, ref: SchemaRef) -> None:
        """Ask for a schema, unless it is in flight. Never waits and never raises."""
        if ref in self._in_flight:
            return
        self._in_flight.add(ref)
        work = self._fetch(ref)
        try:
            self._run_on_loop(work)
        except RuntimeError:  # the loop is closed: the process is about to end
            work.close()
            self._finish(ref, SchemaAnswer(SchemaVerdict.UNAVAILABLE, reason="the connector is stopping"))

    def credentials_changed(self) -> bool:
        """Look at the files of `schema_registry`; return True where they have changed and are in use now.

        Raises:
            ConfigError: they have changed but are unusable. The old ones stay. Raised once for each change.
        """
        return self._credentials.changed()

    def secrets(self) -> tuple[str, ...]:
        """Return the texts of the current credentials that must not appear in a log."""
        return self._credentials.access.secrets

    # --------------------------------------------------------------------------- on the loop's thread

    async def _fetch(self, ref: SchemaRef) -> None:
        try:
            async with self._slots:
                answer = await self._ask(ref, self._credentials.access)
        except Exception as fault:  # noqa: BLE001 - without an answer its records would wait forever
            answer = SchemaAnswer(
                SchemaVerdict.UNAVAILABLE, reason=f"the registry client failed ({type(fault).__name__})"
            )
        self._finish(ref, answer)

    def _finish(self, ref: SchemaRef, answer: SchemaAnswer) -> None:
        self._in_flight.discard(ref)  # first: the reader of the answer may ask again
        self.results.put((ref, answer))

    async def _ask(self, ref: SchemaRef, access: Access) -> SchemaAnswer:
        """Ask one address after the other, the one that worked last first.

        Another address may know the schema: replicas lag after a deployment (debezium-events.md 7).
        """
        answers: list[SchemaAnswer] = []
        async with open_client(access, self._limits) as client:
            for url in tuple(self._order):
                asking = fetch(self._languages[url], ref)
                answer = await converse(client, httpx.URL(url), asking, self._limits)
                if answer.verdict is SchemaVerdict.KNOWN:
                    self._prefer(url)
                    return answer
                if answer.verdict is SchemaVerdict.UNAVAILABLE:
                    self._order.remove(url)
                    self._order.append(url)
                answers.append(answer)
        unknown = [answer for answer in answers if answer.verdict is SchemaVerdict.UNKNOWN]
        return unknown[0] if unknown else _unavailable(answers)

    def _prefer(self, url: str) -> None:
        self._order.remove(url)
        self._order.insert(0, url)


def _unavailable(answers: list[SchemaAnswer]) -> SchemaAnswer:
    """Join the reasons of all addresses, none of which had an answer."""
    reasons = "; ".join(answer.reason for answer in answers)
    return SchemaAnswer(SchemaVerdict.UNAVAILABLE, reason=reasons)
