"""Neither secrets nor personal data leave by the log, the metrics, the status or an error (S06, S08, S10)."""

from connector.sandbox.api.behaviour import AnswerShape
from connector.sandbox.api.faults import FaultKind
from tests.integration.deployment import Deployment
from tests.integration.shop import created, customer, deleted, range_of, raw, updated

TOKEN = "canary-token-4711"
CANARIES = (TOKEN, "canary", "Canary", "699123456", "699 123 456")
PAGES = ("/metrics", "/api/status", "/readyz", "/healthz", "/")


def test_no_secret_and_no_value_of_a_record_is_told(deployment: Deployment) -> None:
    """Refused, unreadable, throttled and paused: no output holds the token or a column's value (F099, I9)."""
    deployment.api.change(tokens=frozenset({TOKEN}))
    service = deployment.service(token=TOKEN)
    service.start()
    good = customer(1, email="canary.one@example.com", mobile=699123456, last_name="Canary")
    refused = customer(2, email="canary-no-address", mobile=699123456, first_name="Canary")
    deployment.produce(
        [
            *created(good, refused),
            raw(b'{"op": "c", "after": {"id": "canary", "birth_date": "canary"}}', key=b"canary"),
            raw(b"canary@example.com is not JSON 699123456", key=b"canary"),
            raw(b'{"op": "c", "after": {"id": "canary\\u0000"}}', key=b"canary"),
            *deleted(customer(3, email="canary.three@example.com")),
        ]
    )
    deployment.await_contacts([good], service)
    deployment.await_committed(service)
    deployment.api.change(shape=AnswerShape.ENTITY)
    deployment.produce(updated(refused))
    deployment.await_committed(service)
    told = [service.get(page) for page in PAGES]
    deployment.api.change(tokens=frozenset[str]())
    deployment.produce(created(*range_of(10, 12)))
    service.await_cause("instasent", "401")
    told += [service.get(page) for page in PAGES]
    deployment.api.change(tokens=frozenset({TOKEN}))
    deployment.api.inject(FaultKind.STATUS, times=2, status=429)
    deployment.await_contacts(range_of(10, 12), service)
    assert service.stop() == 0
    assert [answer is not None for answer in told] == [True] * len(told)
    texts = [service.log, *(answer.text for answer in told if answer is not None)]
    letters = deployment.dead_letters()
    assert len(letters) >= 4
    texts += [value for letter in letters for value in letter.why.values()]
    assert [(canary, text) for text in texts for canary in CANARIES if canary in text] == []
