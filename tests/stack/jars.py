"""Everything of the stack that is Java, resolved by Maven coordinates into `.cache/stack`."""

import fcntl
import hashlib
import re
import shutil
import subprocess
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

CACHE = Path(__file__).parents[2] / ".cache" / "stack"
KAFKA = "4.3.0"
APICURIO = "2.6.13.Final"
JAVA_MIN = 17  # Kafka 4 does not start with an older one
RESOLVE_SECONDS = 900


class Artifact(NamedTuple):
    """Maven coordinates; with a `classifier` it is a tar.gz that holds all that it needs, and is unpacked."""

    group: str
    artifact: str
    version: str
    classifier: str = ""


FOLDERS = {
    # folder -> what is put there; each folder is resolved by itself, as if the others were not there
    "libraries": (
        Artifact("org.apache.kafka", "kafka_2.13", KAFKA),
        Artifact("org.apache.kafka", "kafka-tools", KAFKA),
        Artifact("org.apache.kafka", "connect-runtime", KAFKA),
        Artifact("org.apache.kafka", "connect-json", KAFKA),
        Artifact("org.slf4j", "slf4j-simple", "1.7.36"),  # without a binding of this line, nothing is logged
    ),
    "plugins": (
        Artifact("io.debezium", "debezium-connector-postgres", "3.6.1.Final", "plugin"),
        Artifact("io.debezium", "debezium-connector-mariadb", "3.5.0.Final", "plugin"),
    ),
    "plugins/apicurio-converters": (
        Artifact("io.apicurio", "apicurio-registry-utils-converter", APICURIO),
        Artifact("io.apicurio", "apicurio-registry-serdes-avro-serde", APICURIO),
        # Their JSON converter extends Kafka's: both must share one Jackson, all of one version.
        Artifact("org.apache.kafka", "connect-json", KAFKA),
        Artifact("com.fasterxml.jackson.core", "jackson-core", "2.21.2"),
    ),
    "registry": (Artifact("io.apicurio", "apicurio-registry-app", APICURIO, "all"),),
}
WORKER_BRINGS = "org.apache.kafka"  # a plugin with Connect's own classes would not be one of its plugins


class StackMissingError(Exception):
    """Something that the machine must bring is not there; the message names it."""


@dataclass(frozen=True, slots=True)
class Jars:
    """The resolved folders of `FOLDERS` in one folder."""

    folder: Path

    @property
    def plugins(self) -> Path:
        """Connect's `plugin.path`."""
        return self.folder / "plugins"

    @property
    def registry(self) -> Path:
        """The jar that is the registry; it finds its libraries beside itself."""
        return self.folder / "registry" / f"apicurio-registry-app-{APICURIO}-runner.jar"

    def java(self, main: str, *arguments: str | Path, heap: str, flags: Sequence[str] = ()) -> list[str]:
        """Return the command that runs class `main` of Kafka with a memory cap (`heap`: `512m`)."""
        return [*java(heap, flags), "-cp", f"{self.folder / 'libraries'}/*", main, *map(str, arguments)]


def java(heap: str, flags: Sequence[str] = ()) -> list[str]:
    """Return the beginning of a command: `java` with a memory cap (`heap`: `512m`)."""
    # SerialGC: its threads and memory suit two cores and small heaps.
    return ["java", f"-Xmx{heap}", "-XX:+UseSerialGC", *flags]


def resolve() -> Jars:
    """Return the jars, downloading them when they are not complete yet; safe beside other test runs.

    Raises:
        StackMissingError: there is no Java 17, no Maven, or Maven cannot resolve.
    """
    _check_java()
    poms = _poms()
    folder = CACHE / hashlib.sha256("".join(poms.values()).encode()).hexdigest()[:12]
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            _download(poms, folder)
            (folder / "complete").touch()
    return Jars(folder)


def _check_java() -> None:
    if not shutil.which("java"):
        raise StackMissingError(f"no `java` on the PATH; a JDK {JAVA_MIN} or newer is needed")
    told = subprocess.run(["java", "-version"], capture_output=True, text=True, check=True).stderr
    version = re.search(r'version "(\d+)', told)
    if not version or int(version[1]) < JAVA_MIN:
        raise StackMissingError(f"Kafka {KAFKA} needs Java {JAVA_MIN} or newer; `java` says: {told.strip()}")


def _download(poms: dict[str, str], folder: Path) -> None:
    if not shutil.which("mvn"):
        raise StackMissingError("no `mvn` on the PATH; Maven resolves the jars of the stack")
    for name, pom in poms.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "pom.xml").write_text(pom)
    done = subprocess.run(
        ["mvn", "-q", "-B", "-f", str(folder / "pom.xml"), "dependency:copy-dependencies"],
        capture_output=True,
        text=True,
        timeout=RESOLVE_SECONDS,
        check=False,
    )
    if done.returncode:
        raise StackMissingError(
            f"Maven could not resolve the jars:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    for name in FOLDERS:
        for archive in (folder / name).glob("*.tar.gz"):
            with tarfile.open(archive) as opened:
                opened.extractall(folder / name, filter="data")
            archive.unlink()


def _poms() -> dict[str, str]:
    """Return one project that has each folder as a module, by folder: one run of Maven for all."""
    modules = "".join(f"<module>{name}</module>" for name in FOLDERS)
    poms = {".": _pom("stack", f"<modules>{modules}</modules>")}
    for name, artifacts in FOLDERS.items():
        properties = "<properties><outputDirectory>${project.basedir}</outputDirectory></properties>"
        without = WORKER_BRINGS if name.startswith("plugins/") else ""
        dependencies = "".join(_dependency(artifact, without) for artifact in artifacts)
        poms[name] = _pom(
            name.replace("/", "-"), f"{properties}\n<dependencies>\n{dependencies}</dependencies>"
        )
    return poms


def _pom(name: str, content: str) -> str:
    return f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion>
<groupId>stack</groupId><artifactId>{name}</artifactId><version>1</version><packaging>pom</packaging>
{content}
</project>
"""


def _dependency(artifact: Artifact, without: str) -> str:
    """Return a dependency; what it needs of the group `without` stays away, of an archive everything."""
    lines = [
        f"<groupId>{artifact.group}</groupId>",
        f"<artifactId>{artifact.artifact}</artifactId>",
        f"<version>{artifact.version}</version>",
    ]
    if artifact.classifier:
        lines.append(f"<type>tar.gz</type><classifier>{artifact.classifier}</classifier>")
        without = "*"
    if without:
        exclusion = f"<groupId>{without}</groupId><artifactId>*</artifactId>"
        lines.append(f"<exclusions><exclusion>{exclusion}</exclusion></exclusions>")
    return f"  <dependency>{''.join(lines)}</dependency>\n"
