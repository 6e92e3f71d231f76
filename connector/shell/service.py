"""Builds the service from its settings, runs it and closes it.

The main thread waits here for a signal, and watches the thread that owns the engine and the consumer.
"""

import gc
import os
import sys
import threading
from random import SystemRandom

import structlog

from connector.engine.commit_metadata import target_of
from connector.engine.engine import Engine
from connector.engine.events import StopRequested
from connector.engine.limits import Limits
from connector.errors import ConfigError, FatalError
from connector.instasent.requests import Requests
from connector.settings import Settings
from connector.shell.admin.admin_app import create_app
from connector.shell.admin.admin_server import AdminServer
from connector.shell.admin.board import StatusBoard
from connector.shell.clock import Clock
from connector.shell.http.http_thread import HttpLimits, HttpThread
from connector.shell.kafka import client_settings
from connector.shell.kafka.committed_offsets import CommittedOffsets
from connector.shell.kafka.consumer import Consumer
from connector.shell.kafka.dead_letter_writer import DeadLetterWriter
from connector.shell.kafka.start_offsets import Subscription
from connector.shell.kafka.topic_ids import TopicIds
from connector.shell.logs import Redactor, client_logger
from connector.shell.periodic_checks import PeriodicChecks
from connector.shell.registry.client import RegistryClient
from connector.shell.runner import Dependencies, Runner
from connector.translate.formats.schema_store import SchemaStore
from connector.translate.mapping.compiler import compile_topic
from connector.translate.translate import Translator

CLOSE_SECONDS_MAX = 5.0
"""How long leaving the group may take; librdkafka can hang there without brokers (P06, P07)."""

STOP_GRACE_SECONDS = 20.0
"""How long the engine's thread may take after `drain_seconds`, for a look-up of offsets in progress."""

SWITCH_SECONDS = 0.001
"""With the interpreter's default of 5 ms, an answer may wait that long for the engine's thread."""

GC_THRESHOLDS = (100_000, 50, 50)
"""Reference counts free the buffered records, but their number alone would trigger the default thresholds all
the time. The cyclic collector would then take a seventh of the CPU and find nothing."""


class Service:
    """One instance. `run` belongs to the main thread; `request_stop` is for signal handlers."""

    def __init__(self, settings: Settings, redactor: Redactor, *, until_caught_up: bool) -> None:
        self._settings = settings
        self._redactor = redactor
        self._until_caught_up = until_caught_up
        self._logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("connector")
        self._clock = Clock()
        self._board = StatusBoard(self._clock)
        instasent = settings.instasent
        self._http = HttpThread(
            instasent.base_url,
            instasent.token.get_secret_value(),
            self._clock.monotonic_ms,
            HttpLimits(
                in_flight_max=settings.delivery.requests_in_flight_max + 1,  # one more for the probe
                request_seconds_max=settings.delivery.request_seconds_max,
            ),
        )
        registry = settings.schema_registry
        self._registry = RegistryClient(registry, self._http.run_on_loop) if registry is not None else None
        self._admin = AdminServer(create_app(self._board), settings.admin.host, settings.admin.port)
        self._stops = 0
        self._runner: Runner | None = None
        self._failure: BaseException | None = None
        self._closed = True

    def request_stop(self) -> None:
        """Ask for a drain; a second request ends the process immediately."""
        self._stops += 1

    def run(self) -> None:
        """Run until a signal, or with `until_caught_up` until every partition is delivered.

        Raises:
            ConfigError: librdkafka refuses a key of `kafka:`.
            FatalError: waiting cannot heal it.
        """
        sys.setswitchinterval(SWITCH_SECONDS)
        self._http.start()
        try:
            self._http.run_on_loop(self._admin.start()).result()
            self._logger.info("service_started", admin=self._admin.url)
            owner = threading.Thread(target=self._run_engine_thread, name="engine", daemon=True)
            owner.start()
            self._supervise(owner)
        except FatalError as fault:  # such as an admin address that is in use
            self._log_failure(fault)
            raise
        finally:
            if self._http.running:
                self._http.run_on_loop(self._admin.stop()).result(CLOSE_SECONDS_MAX)
            self._http.stop(CLOSE_SECONDS_MAX)
        if self._failure is not None:
            self._log_failure(self._failure)
            raise self._failure
        self._logger.info("service_stopped")
        if not self._closed:
            # librdkafka hangs, and would keep the interpreter from ending (F091). Everything is committed.
            os._exit(0)

    # --------------------------------------------------------------------------- the main thread

    def _supervise(self, owner: threading.Thread) -> None:
        drain_requested = False
        drain_deadline_ms: int | None = None
        while owner.is_alive():
            owner.join(0.1)
            if not self._stops:
                continue
            now_ms = self._clock.monotonic_ms()
            if not drain_requested and self._runner is not None:
                drain_requested = True
                self._runner.post(StopRequested())
            if drain_deadline_ms is None:
                seconds = self._settings.delivery.drain_seconds + CLOSE_SECONDS_MAX + STOP_GRACE_SECONDS
                drain_deadline_ms = now_ms + int(seconds * 1000)
            if self._stops > 1 or now_ms > drain_deadline_ms:
                # Only acknowledged records are committed (F090), so the others are delivered again.
                self._logger.error(
                    "service_aborted",
                    reason="second_signal" if self._stops > 1 else "drain_timeout",
                    message="unacknowledged records will be delivered again",
                )
                os._exit(1)

    def _log_failure(self, failure: BaseException) -> None:
        if isinstance(failure, ConfigError):
            return  # the command line prints its problems
        reason = failure.reason if isinstance(failure, FatalError) else "internal-error"
        message = str(failure) if isinstance(failure, FatalError) else type(failure).__name__
        self._logger.error("service_failed", reason=reason, message=message)

    # ------------------------------------------------------------------------- the engine's thread

    def _run_engine_thread(self) -> None:
        try:
            self._run_engine()
        except Exception as failure:  # noqa: BLE001 - the thread ends here; `run` raises it again (F093)
            self._failure = failure

    def _run_engine(self) -> None:
        settings, clock = self._settings, self._clock
        properties = settings.kafka_properties
        dead_letters = DeadLetterWriter(properties, settings.dead_letters.topic, client_logger(clock))
        instasent = settings.instasent
        registry = settings.schema_registry
        translator = Translator(
            (compile_topic(rules) for rules in settings.topics),
            SchemaStore(registry.type if registry else None),
        )
        runner = Runner(
            Engine(self._limits(), SystemRandom(), translator.translate),
            lambda hooks: Consumer(
                properties,
                self._subscriptions(),
                hooks,
                clock,
                client_logger(clock),
                CommittedOffsets(
                    target_of(instasent.project, instasent.datasource),
                    TopicIds(properties, clock, client_logger(clock)),
                ),
            ),
            Dependencies(
                http=self._http,
                dead_letters=dead_letters,
                translator=translator,
                requests=Requests(instasent.base_url, instasent.project, instasent.datasource),
                clock=clock,
                registry=self._registry,
            ),
            settings.delivery.drain_seconds * 1000,
            self._logger,
        )
        checks = PeriodicChecks(
            runner,
            self._board,
            self._http,
            self._registry,
            settings,
            translator,
            self._redactor,
            self._logger,
        )
        # These objects live as long as the process, so the collector need not look at them again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        self._runner = runner
        try:
            runner.run(checks.after_turn)
        finally:
            checks.publish()
            self._closed = runner.consumer.close(CLOSE_SECONDS_MAX)
            dead_letters.close(CLOSE_SECONDS_MAX)

    def _limits(self) -> Limits:
        delivery = self._settings.delivery
        first_ms, largest_ms = delivery.retry_backoff_ms
        return Limits(
            batch_items_max=delivery.batch_items_max,
            linger_ms=delivery.linger_ms,
            requests_in_flight_max=delivery.requests_in_flight_max,
            buffered_records_max=delivery.buffered_records_max,
            buffered_bytes_max=delivery.buffered_bytes_max,
            retry_backoff_first_ms=first_ms,
            retry_backoff_largest_ms=largest_ms,
            drain_ms=delivery.drain_seconds * 1000,
            lease_ms=client_settings.lease_ms(
                client_settings.consumer_settings(self._settings.kafka_properties)
            ),
            contacts_remembered_max=50_000 if any(rules.event for rules in self._settings.topics) else 0,
            until_caught_up=self._until_caught_up,
            probe_first=True,
        )

    def _subscriptions(self) -> list[Subscription]:
        return [
            Subscription(rules.source, rules.start, rules.offsets_lost) for rules in self._settings.topics
        ]
