"""A real broker that asks who is there: SASL over TLS, certificates of both sides, bad ones too, and ACLs.

The connector logs in as `connector` (SCRAM, PLAIN or its certificate); the tests come in by the listener
without TLS, where everybody is a superuser.
"""

import subprocess
from pathlib import Path

from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclBinding, AclBindingFilter, AclOperation, AclPermissionType
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType
from confluent_kafka.admin._scram import ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion

from tests.stack.jars import Jars
from tests.stack.kafka_broker import KafkaBroker
from tests.stack.processes import free_port
from tests.stack.servers import SHORT_LIFE

USER = "connector"
PASSWORD = "the-first-password"
PLAIN_PASSWORD = "the-plain-password"
REAUTHENTICATE_MS = 1500
"""How soon the broker asks a client to log in again: only then a rotated password is noticed."""

TOPIC, GROUP = ResourceType.TOPIC, ResourceType.GROUP
READ, WRITE, DESCRIBE = AclOperation.READ, AclOperation.WRITE, AclOperation.DESCRIBE

GOOD, EXPIRED, ELSEWHERE = "GOOD", "EXPIRED", "ELSEWHERE"
CERTIFICATES = {
    # listener -> the address in its certificate, how many days it is valid
    GOOD: ("IP:127.0.0.1", 1),
    EXPIRED: ("IP:127.0.0.1", -1),
    ELSEWHERE: ("DNS:kafka.example.com", 1),
}
MUTUAL = "MUTUAL"
KEY_PASSWORD = "the-password-of-the-key"
KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")

PROPERTIES = """\
# What the log cleaner and retention do is awaited by tests.
log.cleaner.backoff.ms=200
log.retention.check.interval.ms=500
log.initial.task.delay.ms=0
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
"""
LISTENER = """\
listener.name.{name}.sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
listener.name.{name}.scram-sha-512.sasl.jaas.config={scram} required;
listener.name.{name}.plain.sasl.jaas.config={plain} required user_{user}="{password}";
listener.name.{name}.connections.max.reauth.ms={reauthenticate}
listener.name.{name}.ssl.keystore.type=PEM
listener.name.{name}.ssl.keystore.location={keystore}
"""
MUTUAL_LISTENER = """\
listener.name.mutual.ssl.client.auth=required
listener.name.mutual.ssl.principal.mapping.rules=RULE:^CN=(.*)$/$1/
listener.name.mutual.ssl.keystore.type=PEM
listener.name.mutual.ssl.keystore.location={keystore}
listener.name.mutual.ssl.truststore.type=PEM
listener.name.mutual.ssl.truststore.location={truststore}
"""
SCRAM_LOGIN = "org.apache.kafka.common.security.scram.ScramLoginModule"
PLAIN_LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule"


class Authority:
    """A throw-away certificate authority; `file` is what its clients trust."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self.file = folder / f"{name}.pem"
        self._key = folder / f"{name}.key"
        self._openssl("req", "-x509", *KEY, "-days", "1", "-subj", f"/CN={name}", "-keyout", self._key)

    def issue(self, name: str, address: str, days: int) -> Path:
        """Return a file with a new key and its certificate for `address` (`IP:…` or `DNS:…`)."""
        request, key, made = (self._folder / f"{name}.{kind}" for kind in ("csr", "key", "keystore.pem"))
        wanted = ("-subj", f"/CN={name}", "-addext", f"subjectAltName={address}")
        self._openssl("req", "-new", *KEY, *wanted, "-keyout", key, to=request)
        signed = ("-CA", self.file, "-CAkey", self._key, "-CAcreateserial", "-copy_extensions", "copy")
        self._openssl("x509", "-req", "-in", request, *signed, "-days", str(days), to=made)
        made.write_text(key.read_text() + made.read_text())
        return made

    def certify(self, name: str) -> tuple[Path, Path]:
        """Return a client's certificate and its key, which is encrypted with `KEY_PASSWORD`."""
        certificate, key = self.issue(name, "IP:127.0.0.1", 1), self._folder / f"{name}.encrypted.key"
        self._openssl("pkey", "-in", certificate, "-aes256", "-passout", f"pass:{KEY_PASSWORD}", to=key)
        return certificate, key

    def _openssl(self, *arguments: str | Path, to: Path | None = None) -> None:
        command = ["openssl", *arguments, "-out", to or self.file]
        subprocess.run(command, check=True, capture_output=True)


class SecuredBroker(KafkaBroker):
    """`bootstrap_servers` is the superuser's; `client` gives what the connector logs in with."""

    def __init__(self, jars: Jars, folder: Path) -> None:
        self._ports = {name: free_port() for name in (*CERTIFICATES, MUTUAL)}
        self.authority = Authority(folder, "authority")
        self.stranger = Authority(folder, "stranger")
        listeners = [
            LISTENER.format(
                name=name.lower(),
                scram=SCRAM_LOGIN,
                plain=PLAIN_LOGIN,
                user=USER,
                password=PLAIN_PASSWORD,
                reauthenticate=REAUTHENTICATE_MS,
                keystore=self.authority.issue(name, *certificate),
            )
            for name, certificate in CERTIFICATES.items()
        ]
        mutual = MUTUAL_LISTENER.format(
            keystore=self.authority.issue(MUTUAL, "IP:127.0.0.1", 1), truststore=self.authority.file
        )
        secured = {name: (at, "SSL" if name == MUTUAL else "SASL_SSL") for name, at in self._ports.items()}
        more = PROPERTIES + "".join(listeners) + mutual
        super().__init__(jars, folder, flags=SHORT_LIFE, secured=secured, more=more)
        self._acls: dict[tuple[ResourceType, str], frozenset[AclOperation]] = {}

    def await_ready(self) -> None:
        """Wait until the broker answers and knows its user."""
        super().await_ready()
        self.set_password(PASSWORD)

    def client(self, listener: str = GOOD) -> dict[str, str]:
        """Return the keys of `kafka:` with which the connector reaches a listener."""
        return {
            "bootstrap.servers": f"127.0.0.1:{self._ports[listener]}",
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": USER,
            "sasl.password": PASSWORD,
            "ssl.ca.location": str(self.authority.file),
            "reconnect.backoff.max.ms": "500",
        }

    def client_with(self, certificate: tuple[Path, Path] | None, password_file: Path) -> dict[str, str]:
        """Return the keys of `kafka:` for the listener that wants a certificate; None shows none."""
        keys = {
            "bootstrap.servers": f"127.0.0.1:{self._ports[MUTUAL]}",
            "security.protocol": "SSL",
            "ssl.ca.location": str(self.authority.file),
            "reconnect.backoff.max.ms": "500",
        }
        if certificate is not None:
            password_file.write_text(KEY_PASSWORD + "\n")
            keys |= {
                "ssl.certificate.location": str(certificate[0]),
                "ssl.key.location": str(certificate[1]),
                "ssl.key.password_file": str(password_file),
            }
        return keys

    def set_password(self, password: str) -> None:
        """Give the user another SCRAM password."""
        info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        change = UserScramCredentialUpsertion(USER, info, password.encode())
        admin = self.admin()
        [changed] = admin.alter_user_scram_credentials([change]).values()
        changed.result()

    def allow(self, kind: ResourceType, name: str, *operations: AclOperation) -> None:
        """Allow the user exactly these operations on one topic or group."""
        admin = self.admin()
        user = f"User:{USER}"
        for operation in self._acls.pop((kind, name), frozenset()) - set(operations):
            every = AclBindingFilter(
                kind, name, ResourcePatternType.LITERAL, user, "*", operation, AclPermissionType.ALLOW
            )
            [deleted] = admin.delete_acls([every]).values()
            deleted.result()
        bindings = [
            AclBinding(kind, name, ResourcePatternType.LITERAL, user, "*", operation, AclPermissionType.ALLOW)
            for operation in operations
        ]
        for created in admin.create_acls(bindings).values() if bindings else ():
            created.result()
        self._acls[kind, name] = frozenset(operations)

    def admin(self) -> AdminClient:
        """Give an administrator, who must live as long as its answers are awaited."""
        return AdminClient({"bootstrap.servers": self.bootstrap_servers, "log_level": 0})
