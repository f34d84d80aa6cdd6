"""A real rsyslogd with its own configuration; the machine's own is never touched."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path

from tests.support.certificates import Authority, Certificate
from tests.support.ports import free_port
from tests.support.servers import missing, requires
from tests.support.syslog_server import SyslogServer, all_listen

_CONFIGURATION = """\
global(
  workDirectory="{folder}"
  maxMessageSize="128k"
  preserveFQDN="on"
  parser.escapeControlCharactersOnReceive="off"
)
module(load="imtcp")
module(load="imudp")
input(type="imtcp" port="{port}" address="127.0.0.1")
input(type="imudp" port="{udp_port}" address="127.0.0.1")
{tls_input}
template(name="fields" type="list") {{
  property(name="pri")
  constant(value=" ")
  property(name="timereported" dateFormat="rfc3339")
  constant(value=" ")
  property(name="hostname")
  constant(value=" ")
  property(name="app-name")
  constant(value=" ")
  property(name="msg")
  constant(value="\\n")
}}
action(type="omfile" file="{received}" template="fields" flushOnTXEnd="on" asyncWriting="off")
"""
_TLS_INPUT = """\
input(
  type="imtcp" port="{port}" address="127.0.0.1"
  streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="{mode}"
  streamDriver.caFile="{ca}" streamDriver.certFile="{chain}" streamDriver.keyFile="{key}"
)
"""


class Rsyslog(SyslogServer):
    """Takes newline and octet-counted framing on TCP and TLS, and UDP."""

    def __init__(
        self,
        folder: Path,
        certificate: Certificate | None = None,
        *,
        clients: Authority | None = None,
    ) -> None:
        super().__init__(folder, certificate, clients=clients)
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

    def command(self) -> Sequence[str | Path]:
        program = requires("rsyslogd", "rsyslog")
        configuration = self.folder / "rsyslog.conf"
        configuration.write_text(
            _CONFIGURATION.format(
                folder=self.folder,
                port=self.port,
                udp_port=self.udp_port,
                tls_input=self._tls_input(self.certificate) if self.certificate else "",
                received=self.received.path,
            )
        )
        return [program, "-n", "-f", configuration, "-i", self.folder / "rsyslogd.pid"]

    def ready(self) -> bool:
        return all_listen([self.port] + [self.tls_port] * bool(self.certificate), self.udp_port)

    def _tls_input(self, certificate: Certificate) -> str:
        _requires_gnutls()
        files = certificate.write(self.folder)
        ca = self.clients.write(self.folder, "clients") if self.clients else files.chain
        return _TLS_INPUT.format(
            port=self.tls_port,
            mode="x509/certvalid" if self.clients else "anon",
            ca=ca,
            chain=files.chain,
            key=files.key,
        )


def _requires_gnutls() -> None:
    if not any(Path("/usr/lib").glob("*/rsyslog/lmnsd_gtls.so")):
        missing("rsyslogd has no TLS (Debian package rsyslog-gnutls)")
