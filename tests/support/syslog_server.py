"""What a real syslog server of the tests has in common with another."""

from __future__ import annotations

import errno
import socket
from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path

from tests.support.certificates import Authority, Certificate, CertificateFiles
from tests.support.lines_file import LinesFile
from tests.support.ports import LOOPBACK, accepts, free_port
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
    """Takes newline framing on TCP and TLS, and UDP; writes records to a file.

    TLS needs a certificate; `clients` signed the senders'.
    """

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
        self.port = free_port()
        self.tls_port = free_port()
        self.udp_port = free_port(socket.SOCK_DGRAM)

    @property
    def url(self) -> str:
        return f"syslog://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        return f"syslog+tls://localhost:{self.tls_port}"

    @property
    def udp_url(self) -> str:
        return f"syslog+udp://127.0.0.1:{self.udp_port}"

    @abstractmethod
    def tls_inputs(self, files: CertificateFiles, client_ca: Path | None) -> str:
        """What its configuration says of TLS."""

    def tcp_ports(self) -> list[int]:
        return [self.port, self.tls_port] if self.certificate else [self.port]

    def ready(self) -> bool:
        return all(map(accepts, self.tcp_ports())) and _is_bound(self.udp_port)

    def configured(self, text: str, **values: object) -> Path:
        """The file of its configuration, in which ports, TLS and files stand as well."""
        tls = ""
        if self.certificate:
            client_ca = self.clients.write(self.folder, "clients") if self.clients else None
            tls = self.tls_inputs(self.certificate.write(self.folder), client_ca)
        file = self.folder / "configuration"
        file.write_text(
            text.format(
                port=self.port,
                udp_port=self.udp_port,
                tls_inputs=tls,
                received=self.received.path,
                **values,
            )
        )
        return file

    def records(self) -> list[Written]:
        return [Written.parse(line) for line in self.received.lines()]

    def wait_for(self, count: int, limit_seconds: float = 20) -> list[Written]:
        """All records, once there are at least `count`."""
        self.received.wait_for(count, limit_seconds)
        return self.records()


def _is_bound(udp_port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((LOOPBACK, udp_port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False
