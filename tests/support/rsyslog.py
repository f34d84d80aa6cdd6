"""A real rsyslogd with its own configuration; the machine's own is never touched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.support.certificates import CertificateFiles
from tests.support.servers import missing, requires
from tests.support.syslog_server import SyslogServer

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
{tls_inputs}
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
    """Takes octet counting too, on the same ports."""

    def command(self) -> Sequence[str | Path]:
        program = requires("rsyslogd", "rsyslog")
        configuration = self.configured(_CONFIGURATION, folder=self.folder)
        return [program, "-n", "-f", configuration, "-i", self.folder / "rsyslogd.pid"]

    def tls_inputs(self, files: CertificateFiles, client_ca: Path | None) -> str:
        _requires_gnutls()
        return _TLS_INPUT.format(
            port=self.tls_port,
            mode="x509/certvalid" if client_ca else "anon",
            ca=client_ca or files.chain,
            chain=files.chain,
            key=files.key,
        )


def _requires_gnutls() -> None:
    if not any(Path("/usr/lib").glob("*/rsyslog/lmnsd_gtls.so")):
        missing("rsyslogd has no TLS (Debian package rsyslog-gnutls)")
