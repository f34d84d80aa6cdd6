"""What a real syslog server of the tests has in common with another."""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass
from pathlib import Path

from tests.support.certificates import Authority, Certificate
from tests.support.lines_file import LinesFile
from tests.support.ports import LOOPBACK, accepts
from tests.support.server_process import ServerProcess


@dataclass(frozen=True)
class Written:
    """One record as the server understood it."""

    pri: int
    timestamp: str
    hostname: str
    app_name: str
    msg: bytes

    @classmethod
    def parse(cls, line: bytes) -> Written:
        pri, timestamp, hostname, app_name, msg = line.split(b" ", 4)
        return cls(int(pri), timestamp.decode(), hostname.decode(), app_name.decode(), msg)


class SyslogServer(ServerProcess):
    """Writes records to a file. TLS needs a certificate; `clients` signed the senders'."""

    def __init__(
        self,
        folder: Path,
        certificate: Certificate | None = None,
        *,
        clients: Authority | None = None,
    ) -> None:
        super().__init__(folder)
        self.certificate = certificate
        self.clients = clients
        self.received = LinesFile(folder / "received")

    def records(self) -> list[Written]:
        return [Written.parse(line) for line in self.received.lines()]

    def wait_for(self, count: int, limit_seconds: float = 20) -> list[Written]:
        """All records, once there are at least `count`."""
        self.received.wait_for(count, limit_seconds)
        return self.records()


def all_listen(tcp_ports: list[int], udp_port: int) -> bool:
    return all(map(accepts, tcp_ports)) and _is_bound(udp_port)


def _is_bound(udp_port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((LOOPBACK, udp_port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False
