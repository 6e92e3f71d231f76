"""An environment fault: nothing can be delivered, and a probe finds out when it is gone (promise 5)."""

from connector.engine.retries import Backoff
from connector.model import Verdict


class Outage:
    """At most one probe is out at a time. It has two uses: to end the fault, and doubtful deletes (F054)."""

    __slots__ = ("_backoff", "_wanted", "probing", "reason")

    def __init__(self, backoff: Backoff) -> None:
        self._backoff = backoff
        self.reason: str | None = None
        self.probing = False
        self._wanted = False  # by a delete

    def began(self, reason: str, now_ms: int) -> None:
        """Take in that the API refuses the token, the project, the data source or the address."""
        if self.reason is None:
            self._backoff.failed(now_ms)
        self.reason = reason

    def want_probe(self) -> None:
        """Ask for a probe that leaves after now, whether or not there is a fault."""
        self._wanted = True

    def credentials_changed(self, now_ms: int) -> None:
        """Probe immediately: the reason for the fault may be gone."""
        self._backoff.until_ms = now_ms

    def due_ms(self, now_ms: int) -> int | None:
        """When to send the next probe; None while none is needed or one is out."""
        if self.probing:
            return None
        if self._wanted:
            return now_ms
        return self._backoff.until_ms if self.reason is not None else None

    def probe_sent(self) -> None:
        """Note that a probe leaves."""
        self.probing = True
        self._wanted = False

    def probed(self, verdict: Verdict, reason: str, now_ms: int) -> None:
        """Take in the answer."""
        self.probing = False
        if verdict is Verdict.ITEMS:
            self.reason = None
        elif verdict is Verdict.ENVIRONMENT or self.reason is not None:
            self.reason = reason
            self._backoff.failed(now_ms)

    def delivered(self) -> None:
        """Forget past failures: a delivery proves that the fault is gone, a probe does not."""
        if self.reason is None:
            self._backoff.succeeded()
