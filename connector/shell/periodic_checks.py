"""What the owner's thread looks at once in a while: status, missing topics, the files of credentials."""

from pathlib import Path

import structlog

from connector.engine.events import CredentialsChanged, TopicsMissing
from connector.engine.snapshot import State, with_ends
from connector.errors import ConfigError
from connector.settings import Settings, read_secret
from connector.shell.admin.board import StatusBoard
from connector.shell.http.http_thread import HttpThread
from connector.shell.logs import Redactor
from connector.shell.registry.client import RegistryClient
from connector.shell.runner import Runner
from connector.translate.translate import Translator

PUBLISH_MS = 250
CREDENTIALS_MS = 1_000


class PeriodicChecks:
    """Call `turned` after every turn of the runner; most calls do nothing."""

    def __init__(
        self,
        runner: Runner,
        board: StatusBoard,
        http: HttpThread,
        registry: RegistryClient | None,
        settings: Settings,
        translator: Translator,
        redactor: Redactor,
        logger: structlog.stdlib.BoundLogger,
    ) -> None:
        self._runner = runner
        self._board = board
        self._http = http
        self._registry = registry
        self._translator = translator
        self._redactor = redactor
        self._logger = logger
        self._token_file = settings.instasent.token_file
        self._token = settings.instasent.token
        self._topics = frozenset(rules.source for rules in settings.topics)
        self._all_missing = False
        self._truncated: set[str] = set()
        self._state = State.STARTING
        self._cause = ""
        self._publish_ms = 0
        self._credentials_ms = 0

    def turned(self, now_ms: int) -> None:
        """Note the turn, and do what is due."""
        self._board.turned()
        if now_ms >= self._publish_ms:
            self._publish_ms = now_ms + PUBLISH_MS
            self.publish()
            self._look_for_missing_topics()
        if now_ms >= self._credentials_ms:
            self._credentials_ms = now_ms + CREDENTIALS_MS
            if self._token_file is not None:
                self._read_token(self._token_file)
            if self._registry is not None:
                self._read_registry_files(self._registry)

    def publish(self) -> None:
        """Show the state as it is now; say in the log what is new about it."""
        consumer = self._runner.consumer
        snapshot = with_ends(self._runner.engine.snapshot(), consumer.ends())
        causes = {**snapshot.causes, **consumer.health.troubles}
        self._board.publish(snapshot, causes, self._translator.counts, self._translator.formats)
        if (snapshot.state, snapshot.cause) != (self._state, self._cause):
            self._state, self._cause = snapshot.state, snapshot.cause
            wrong = bool(snapshot.causes) and snapshot.state in {State.PAUSED, State.RUNNING}
            log = self._logger.warning if wrong else self._logger.info
            log("state", state=snapshot.state.value, cause=snapshot.cause)
        self._warn_of_truncates()

    def _look_for_missing_topics(self) -> None:
        """Report that no topic exists. The group never assigns anything then, and no other event says so."""
        all_missing = self._topics <= self._runner.consumer.health.missing_topics
        if all_missing and not self._all_missing:
            self._runner.tell(TopicsMissing())
        self._all_missing = all_missing

    def _warn_of_truncates(self) -> None:
        """Say once for each topic that a table was emptied, which deletes no contact."""
        for counts in self._board.snapshot.topics:
            if counts.skipped.get("truncate") and counts.topic not in self._truncated:
                self._truncated.add(counts.topic)
                self._logger.warning(
                    "a table was truncated; its contacts are still there, delete them at Instasent",
                    topic=counts.topic,
                )

    def _read_token(self, file: Path) -> None:
        """Use a token that was replaced in its file, without a restart (F052, S07)."""
        try:
            token = read_secret(file)
        except ConfigError as error:
            self._logger.warning("the token file cannot be read; the old token stays", reason=str(error))
            return
        if token == self._token:
            return
        self._token = token
        self._redactor.add(token.get_secret_value())
        try:
            self._http.set_token(token.get_secret_value())
        except ValueError as error:
            self._logger.warning("the token file was changed, but is not used", reason=str(error))
            return
        self._logger.info("the token file was changed; the new token is used")
        self._runner.tell(CredentialsChanged())

    def _read_registry_files(self, registry: RegistryClient) -> None:
        """Use what was replaced in the files of `schema_registry`, without a restart (S07)."""
        try:
            if not registry.credentials_changed():
                return
        except ConfigError as error:
            self._logger.warning("a file of schema_registry was changed, but is not used", reason=str(error))
            return
        for secret in registry.secrets():
            self._redactor.add(secret)
        self._logger.info("a file of schema_registry was changed; what it holds is used")
        self._runner.tell(CredentialsChanged())
