"""The numbers that bound the engine; all come from `delivery` in `docs/configuration.md`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Defaults are those of `delivery:`.

    `lease_ms` is how long after a poll a request may still leave. It is shorter than the session timeout, so
    that no request starts after the group has given our partitions away (F007).

    `batch_bytes_max` counts the bytes of a request's records. The API's largest body is not documented
    (`ingest-api.md 10.9`), and an answer may repeat every item.

    `probe_first` takes no record in before the API has answered once.
    """

    batch_items_max: int = 100
    batch_bytes_max: int = 2 * 1024 * 1024
    linger_ms: int = 50
    requests_in_flight_max: int = 8
    buffered_records_max: int = 20_000
    buffered_bytes_max: int = 64 * 1024 * 1024
    retry_backoff_first_ms: int = 200
    retry_backoff_largest_ms: int = 30_000
    drain_ms: int = 30_000
    lease_ms: int = 30_000
    commit_interval_ms: int = 1_000
    contacts_remembered_max: int = 50_000
    until_caught_up: bool = False
    probe_first: bool = False

    @property
    def endpoint_requests_max(self) -> int:
        """Requests of one endpoint that may travel: half of all (promise 7)."""
        return max(1, self.requests_in_flight_max // 2)

    @property
    def endpoint_deliveries_max(self) -> int:
        """Deliveries of one endpoint that may be held: half of the buffer (promise 7)."""
        return max(1, self.buffered_records_max // 2)
