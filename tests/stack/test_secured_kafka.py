"""Brokers that check who we are, and that we check: what is refused pauses, says so, and moves no offset."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.stack.group import SECONDS, Group, Instance, Settings, group
from tests.stack.secured import (
    DESCRIBE,
    ELSEWHERE,
    EXPIRED,
    GOOD,
    GROUP,
    KEY_PASSWORD,
    PASSWORD,
    PLAIN_PASSWORD,
    READ,
    TOPIC,
    USER,
    WRITE,
    SecuredBroker,
)
from tests.waiting import wait_for

pytestmark = pytest.mark.stack

SOON: Settings = {"topic.metadata.refresh.interval.ms": 1000}


@contextmanager
def allowed(secured: SecuredBroker, name: str, folder: Path) -> Iterator[Group]:
    """Give a topic, a group and dead letters of this name, and the rights that the documentation lists."""
    with group(name, folder, secured, partitions=1) as world:
        secured.create_topic(f"{name}.dead-letters")
        secured.allow(TOPIC, name, READ, DESCRIBE)
        secured.allow(GROUP, name, READ)
        secured.allow(TOPIC, f"{name}.dead-letters", WRITE, DESCRIBE)
        yield world


def ready(world: Group, kafka: Settings) -> Instance:
    """Start an instance and wait until it has delivered and committed what there is."""
    instance = world.instance(kafka)
    instance.start()
    world.await_delivered()
    world.await_committed()
    instance.await_ready()
    return instance


LOGINS: dict[str, Settings] = {
    "SCRAM": {},
    "PLAIN": {"sasl.mechanism": "PLAIN", "sasl.password": PLAIN_PASSWORD},
}


@pytest.mark.parametrize("login", LOGINS)
def test_the_rights_that_are_documented_are_enough(
    secured: SecuredBroker, tmp_path: Path, login: str
) -> None:
    """Over SASL_SSL with an authority of our own it delivers, commits and stores dead letters.

    It may not read the dead letters, and no password is in its log (S06, S09, S11, S12).
    """
    with allowed(secured, f"rights-{login.lower()}", tmp_path) as world:
        world.change(range(10))
        instance = ready(world, {**secured.client(), **LOGINS[login]})
        world.producer.produce(world.topic, b"not json", b"bad")
        letters = f"{world.topic}.dead-letters"
        wait_for(lambda: secured.written(letters, 1) == 1, SECONDS, "a dead letter", instance.process)
        wait_for(lambda: world.committed() == 11, SECONDS, "its commit", instance.process)
        assert instance.stop() == 0
        assert PASSWORD not in instance.log()
        assert PLAIN_PASSWORD not in instance.log()


CERTIFICATES = {
    # what is wrong with it -> the listener that shows it, and whether we trust another authority
    "expired": (EXPIRED, False),
    "of another host": (ELSEWHERE, False),
    "of nobody we know": (GOOD, True),
}


@pytest.mark.parametrize("wrong", CERTIFICATES)
def test_a_broker_that_cannot_prove_itself_is_not_talked_to(
    secured: SecuredBroker, tmp_path: Path, wrong: str
) -> None:
    """The certificate's fault is the cause, nothing is read or sent; it waits, for it may be renewed.

    Turning the check off is a configuration error (F032, S11).
    """
    listener, stranger = CERTIFICATES[wrong]
    client = secured.client(listener)
    if stranger:
        client["ssl.ca.location"] = str(secured.stranger.file)
    with allowed(secured, f"certificate-{listener.lower()}-{stranger}".lower(), tmp_path) as world:
        world.change(range(10))
        instance = world.instance(client)
        instance.start()
        instance.await_not_ready("certificate verify failed")
        assert instance.stop() == 0
        assert world.delivered() == {}
        assert world.committed() == 0


def test_a_client_certificate_is_a_login(secured: SecuredBroker, tmp_path: Path) -> None:
    """With a key that is encrypted, whose password comes from a file and is in no log (S05, S06, S11).

    A broker that wants a certificate, and gets none or an unknown one, is a cause that lasts.
    """
    password = tmp_path / "key-password"
    with allowed(secured, "mutual", tmp_path) as world:
        world.change(range(10))
        for wrong in (None, secured.stranger.certify(USER)):
            refused = world.instance(secured.client_with(wrong, password))
            refused.start()
            refused.await_not_ready("alert bad certificate")
            assert refused.stop() == 0
        assert world.delivered() == {}
        assert world.committed() == 0
        instance = ready(world, secured.client_with(secured.authority.certify(USER), password))
        assert instance.stop() == 0
        assert KEY_PASSWORD not in instance.log()


def test_a_password_that_was_rotated(secured: SecuredBroker, tmp_path: Path) -> None:
    """Running, it is refused at the next login and says so; with the right password it goes on (F033).

    Started with the old one it says the same, reads nothing, and moves no offset.
    """
    with allowed(secured, "rotated", tmp_path) as world:
        world.change(range(10))
        instance = ready(world, secured.client())
        try:
            secured.set_password("the-second-password")
            instance.await_not_ready("Authentication failed")
            world.change(range(10))
            old = world.instance(secured.client())
            old.start()
            old.await_not_ready("Authentication failed")
            assert old.stop() == 0
            assert world.committed() == 10
            new = world.instance({**secured.client(), "sasl.password": "the-second-password"})
            new.start()
            world.await_delivered()
            assert new.stop() == 0
        finally:
            secured.set_password(PASSWORD)
        instance.await_ready()
        world.change(range(10))
        world.await_delivered()
        world.await_committed()
        assert instance.stop() == 0


REVOKED = {
    # the right that the operator takes away -> the resource, the rights that are left, and the cause.
    # With DESCRIBE left the topic looks fine; only our rights on it show the problem.
    "reading": (TOPIC, (DESCRIBE,), "TOPIC_AUTHORIZATION_FAILED: reading is not allowed"),
    "the topic": (TOPIC, (), "TOPIC_AUTHORIZATION_FAILED: Subscribed topic not available"),
    "the group": (GROUP, (), "GROUP_AUTHORIZATION_FAILED: JoinGroup failed"),
}


def test_rights_that_are_revoked(secured: SecuredBroker, tmp_path: Path) -> None:
    """It is said as long as it lasts, no offset moves, and with the right back all goes on (F034).

    Without the right to write dead letters the offset waits until the letter is stored (F081, F082).
    """
    with allowed(secured, "revoked", tmp_path) as world:
        world.change(range(10))
        instance = ready(world, {**secured.client(), **SOON})
        for kind, left, says in REVOKED.values():
            committed = world.committed()
            secured.allow(kind, "revoked", *left)
            instance.await_not_ready(says)
            world.change(range(10))
            assert world.committed() == committed
            secured.allow(kind, "revoked", READ, DESCRIBE)
            world.await_delivered()
            world.await_committed()
            instance.await_ready()

        letters, written = "revoked.dead-letters", sum(world.versions.values())
        secured.allow(TOPIC, letters)
        world.producer.produce(world.topic, b"not json", b"bad")
        world.change(range(10))
        instance.await_not_ready("allow WRITE and DESCRIBE on the topic")
        assert world.committed() == written
        secured.allow(TOPIC, letters, WRITE, DESCRIBE)
        world.await_delivered()
        wait_for(lambda: world.committed() == written + 11, SECONDS, "the commit", instance.process)
        instance.await_ready()
        assert secured.written(letters, 1) == 1
        assert instance.stop() == 0
        world.assert_in_order()
