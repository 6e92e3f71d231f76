"""Apache Kafka with Connect, and Debezium, resolved by Maven coordinates into `.cache/stack`."""

import fcntl
import hashlib
import re
import shutil
import subprocess
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(__file__).parents[2] / ".cache" / "stack"
KAFKA = "4.3.0"
DEBEZIUM = "3.6.1.Final"
JAVA_MIN = 17  # Kafka 4 does not start with an older one
RESOLVE_SECONDS = 900

LIBRARIES = (
    ("org.apache.kafka", "kafka_2.13", KAFKA),
    ("org.apache.kafka", "kafka-tools", KAFKA),
    ("org.apache.kafka", "connect-runtime", KAFKA),
    ("org.apache.kafka", "connect-json", KAFKA),
    ("org.slf4j", "slf4j-simple", "1.7.36"),  # without a binding of this very line, nothing is logged
)
PLUGINS = (("io.debezium", "debezium-connector-postgres", DEBEZIUM),)


class StackMissingError(Exception):
    """Something that the machine must bring is not there; the message names it."""


@dataclass(frozen=True, slots=True)
class Jars:
    """Folders of jars: `libraries` is a class path, `plugins` is Connect's `plugin.path`."""

    libraries: Path
    plugins: Path

    def java(self, main: str, *arguments: str | Path, heap: str, flags: Sequence[str] = ()) -> list[str]:
        """Return the command that runs class `main` with a memory cap (`heap`: `512m`)."""
        # SerialGC: its threads and memory suit two cores and small heaps.
        options = [f"-Xmx{heap}", "-XX:+UseSerialGC", *flags]
        return ["java", *options, "-cp", f"{self.libraries}/*", main, *map(str, arguments)]


def resolve() -> Jars:
    """Return the jars, downloading them when they are not complete yet; safe beside other test runs.

    Raises:
        StackMissingError: there is no Java 17, no Maven, or Maven cannot resolve.
    """
    _check_java()
    pom = _pom()
    folder = CACHE / hashlib.sha256(pom.encode()).hexdigest()[:12]
    jars = Jars(libraries=folder / "libraries", plugins=folder / "plugins")
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            _download(pom, folder, jars)
            (folder / "complete").touch()
    return jars


def _check_java() -> None:
    if not shutil.which("java"):
        raise StackMissingError(f"no `java` on the PATH; a JDK {JAVA_MIN} or newer is needed")
    told = subprocess.run(["java", "-version"], capture_output=True, text=True, check=True).stderr
    version = re.search(r'version "(\d+)', told)
    if not version or int(version[1]) < JAVA_MIN:
        raise StackMissingError(f"Kafka {KAFKA} needs Java {JAVA_MIN} or newer; `java` says: {told.strip()}")


def _download(pom: str, folder: Path, jars: Jars) -> None:
    if not shutil.which("mvn"):
        raise StackMissingError("no `mvn` on the PATH; Maven resolves the jars of Kafka and Debezium")
    folder.mkdir()
    (folder / "pom.xml").write_text(pom)
    command = ["mvn", "-q", "-B", "-f", str(folder / "pom.xml"), "dependency:copy-dependencies"]
    done = subprocess.run(
        [*command, f"-DoutputDirectory={jars.libraries}"],
        capture_output=True,
        text=True,
        timeout=RESOLVE_SECONDS,
        check=False,
    )
    if done.returncode:
        raise StackMissingError(
            f"Maven could not resolve the jars:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    for archive in jars.libraries.glob("*.tar.gz"):
        with tarfile.open(archive) as plugin:
            plugin.extractall(jars.plugins, filter="data")
        archive.unlink()


def _pom() -> str:
    libraries = [_dependency(*coordinates) for coordinates in LIBRARIES]
    plugins = [_dependency(*coordinates, plugin=True) for coordinates in PLUGINS]
    return f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>stack</groupId><artifactId>stack</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
{"".join(libraries + plugins)}  </dependencies>
</project>
"""


def _dependency(group: str, artifact: str, version: str, *, plugin: bool = False) -> str:
    # A plugin archive holds all that it needs: its own dependencies stay off the class path.
    archive = (
        "<type>tar.gz</type><classifier>plugin</classifier>"
        "<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>"
    )
    name = f"<groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>"
    return f"    <dependency>{name}{archive if plugin else ''}</dependency>\n"
