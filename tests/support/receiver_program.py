"""What the programmable receivers have in common: a program that tells what happens to it."""

from __future__ import annotations

import json
import sys
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tests.support.certificates import Authority, Certificate
from tests.support.lines_file import LinesFile
from tests.support.ports import free_port
from tests.support.server_process import ServerProcess

TlsVersion = Literal["TLSv1", "TLSv1_1", "TLSv1_2", "TLSv1_3"]


@dataclass(frozen=True)
class Tls:
    """What a receiver shows, and what it wants; `clients` is who must have signed the senders'."""

    certificate: Certificate
    clients: Authority | None = None
    minimum: TlsVersion | None = None
    maximum: TlsVersion | None = None

    def orders(self, folder: Path) -> dict[str, Any]:
        """As listener.tls_context takes it. Writes the files."""
        files = self.certificate.write(folder)
        return {
            "chain": str(files.chain),
            "key": str(files.key),
            "client_ca": str(self.clients.write(folder, "clients")) if self.clients else None,
            "minimum": self.minimum,
            "maximum": self.maximum,
        }


class ReceiverProgram(ServerProcess):
    """Keeps its port, which nobody else is given while it is down. `tls` may be changed then."""

    def __init__(self, folder: Path, tls: Tls | None = None) -> None:
        super().__init__(folder)
        self.port = free_port()
        self.tls = tls
        self._events = LinesFile(folder / "events")
        self._starts = 0

    @property
    @abstractmethod
    def module(self) -> str:
        """The program."""

    @abstractmethod
    def orders(self) -> dict[str, Any]:
        """What it is told at the start, beside port, events and TLS."""

    def command(self) -> Sequence[str | Path]:
        self._starts = len(self.events("listening"))
        tls = self.tls.orders(self.folder) if self.tls else None
        orders = {"port": self.port, "events": str(self._events.path), "tls": tls} | self.orders()
        # Without the shell's settings and without site-packages: up at once.
        return [sys.executable, "-E", "-s", "-S", "-m", self.module, json.dumps(orders)]

    def ready(self) -> bool:
        return len(self.events("listening")) > self._starts

    def events(self, kind: str) -> list[str]:
        """What follows the kind's name in each of its events, over all starts."""
        told = (event.decode().partition(" ") for event in self._events.lines())
        return [rest for name, _, rest in told if name == kind]

    def connections(self) -> int:
        """How many it has accepted, over all starts."""
        return len(self.events("open"))

    def ended_connections(self) -> int:
        return len(self.events("end"))

    def handshakes(self) -> list[tuple[str, str]]:
        """Protocol version and name asked for (`-` for none) of those that went well."""
        return [(version, name) for _, version, name in map(str.split, self.events("tls"))]

    def refused_handshakes(self) -> list[str]:
        """Their reasons."""
        return [event.partition(" ")[2] for event in self.events("refused")]
