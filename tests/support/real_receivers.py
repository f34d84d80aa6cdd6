"""Receivers that people run, built from what the registries have of them.

Each is a folder in `real` with a program around the real code, and versions that are pinned. Go and
Maven keep what they have fetched and built: only the first time takes minutes.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal

from tests.support.certificates import Certificate
from tests.support.lines_file import LinesFile
from tests.support.locks import MACHINE, locked
from tests.support.ports import accepts, free_port
from tests.support.receivers import Framing
from tests.support.server_process import ServerProcess
from tests.support.servers import missing, requires

Connections = Literal["net", "tls", "nio"]
"""Spring's: with a thread for each, the same over TLS, or with few for all."""
_PASSWORD = "of-the-tests"

_PROGRAMS = Path(__file__).parent / "real"
_BUILD_SECONDS = 600
_COPY_JARS = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"


class RealReceiver(ServerProcess):
    """Keeps a line for each message: `- - - APP TEXT`."""

    def __init__(self, folder: Path, certificate: Certificate | None = None) -> None:
        super().__init__(folder)
        self.port = free_port()
        self.received = LinesFile(folder / "received")
        self.certificate = certificate

    @property
    def url(self) -> str:
        if self.certificate:
            return f"syslog+tls://localhost:{self.port}"
        return f"syslog://127.0.0.1:{self.port}"

    def ready(self) -> bool:
        return accepts(self.port)

    def lines(self) -> list[bytes]:
        return self.received.lines()


class Telegraf(RealReceiver):
    """`inputs.syslog` as it comes: octet-counted messages up to 8,192 bytes."""

    def __init__(
        self,
        folder: Path,
        program: Path,
        framing: Framing,
        certificate: Certificate | None = None,
    ) -> None:
        super().__init__(folder, certificate)
        self._program = program
        self._framing = {"octet": "octet-counting", "newline": "non-transparent"}[framing]

    def command(self) -> Sequence[str | Path]:
        command: list[str | Path] = [self._program, "-server", f"tcp://127.0.0.1:{self.port}"]
        command += ["-framing", self._framing, "-lines", self.received.path]
        if self.certificate:
            files = self.certificate.write(self.folder)
            command += ["-tls_cert", files.chain, "-tls_key", files.key]
        return command


class Spring(RealReceiver):
    """Takes both framings; lines that end with a newline up to 2,048 bytes."""

    def __init__(
        self,
        folder: Path,
        jars: Path,
        connections: Connections,
        certificate: Certificate | None = None,
    ) -> None:
        super().__init__(folder, certificate)
        self._jars, self._connections = jars, connections

    def command(self) -> Sequence[str | Path]:
        command: list[str | Path] = [requires("java", "default-jdk-headless")]
        command += ["-cp", f"{self._jars}/*", _PROGRAMS / "spring" / "SyslogReceiver.java"]
        command += [str(self.port), self.received.path, self._connections]
        if self.certificate:
            command += [self.certificate.write_pkcs12(self.folder, _PASSWORD), _PASSWORD]
        return command


class Built:
    """What is needed to run them, in a folder of the run's; skips a test that cannot have it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def telegraf(self) -> Path:
        program = self._folder / "telegraf"
        _build([requires("go", "golang-go"), "build", "-o", program, "."], _PROGRAMS / "telegraf")
        return program

    @cached_property
    def spring(self) -> Path:
        jars = self._folder / "spring"
        options = ["-q", "-B", "-DincludeScope=runtime", f"-DoutputDirectory={jars}"]
        _build([requires("mvn", "maven"), *options, _COPY_JARS], _PROGRAMS / "spring")
        return jars


def _build(command: Sequence[str | Path], folder: Path) -> None:
    """One at a time on this machine."""
    with locked(MACHINE):
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=_BUILD_SECONDS
        )
    if done.returncode:
        missing(f"{folder.name} could not be built: {(done.stdout + done.stderr)[-500:]}")
