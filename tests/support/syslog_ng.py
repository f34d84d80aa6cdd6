"""A real syslog-ng with its own configuration; the machine's own is never touched.

Debian has one syslog daemon installed at a time, so `.ci/run` unpacks the package's files in
`/opt/syslog-ng`; SYSLOG_NG_ROOT names another place.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tests.support.certificates import Authority, Certificate, CertificateFiles
from tests.support.ports import free_port
from tests.support.receivers import NEWLINE
from tests.support.servers import requires
from tests.support.syslog_server import SyslogServer

_CONFIGURATION = """\
@version: 3.38
options {{
  keep-hostname(yes); use-dns(no); log-msg-size(131072); frac-digits(6);
  stats-freq(0); time-reopen(1);
}};
source inputs {{
  network(ip("127.0.0.1") port({port}) flags(syslog-protocol) max-connections(100));
  syslog(ip("127.0.0.1") port({octet_port}) max-connections(100));
  network(ip("127.0.0.1") port({udp_port}) transport("udp") flags(syslog-protocol));
  {tls_inputs}
}};
destination received {{
  file("{received}"
    template("${{PRI}} ${{S_ISODATE}} ${{HOST:--}} ${{PROGRAM:--}} ${{MESSAGE}}\\n")
    flush-lines(1)
  );
}};
rewrite one_line {{
  subst("\\n" "{newline}" value("MESSAGE") type("string") flags("substring" "global"));
}};
log {{ source(inputs); rewrite(one_line); destination(received); flags(flow-control); }};
"""
_TLS_INPUTS = """\
  network(ip("127.0.0.1") port({port}) transport("tls") flags(syslog-protocol) {tls});
  syslog(ip("127.0.0.1") port({octet_port}) transport("tls") {tls});
"""
_TLS = 'tls(key-file("{key}") cert-file("{chain}") {clients}) max-connections(100)'


class SyslogNg(SyslogServer):
    """Each framing has ports of its own. A LF inside a record is written as receivers.NEWLINE."""

    def __init__(
        self,
        folder: Path,
        certificate: Certificate | None = None,
        *,
        clients: Authority | None = None,
    ) -> None:
        super().__init__(folder, certificate, clients=clients)
        self.octet_port = free_port()
        self.tls_octet_port = free_port()

    @property
    def octet_url(self) -> str:
        return f"syslog://127.0.0.1:{self.octet_port}"

    @property
    def tls_octet_url(self) -> str:
        """RFC 5425."""
        return f"syslog+tls://localhost:{self.tls_octet_port}"

    def command(self) -> Sequence[str | Path]:
        program = _program()
        configuration = self.configured(
            _CONFIGURATION, octet_port=self.octet_port, newline=NEWLINE.decode()
        )
        own = {
            "cfgfile": configuration,
            "persist-file": self.folder / "persist",
            "pidfile": self.folder / "pid",
            "control": self.folder / "control",
        }
        options = [f"--{name}={path}" for name, path in own.items()]
        return [*program, "--foreground", "--stderr", "--no-caps", *options]

    def tcp_ports(self) -> list[int]:
        tls = [self.tls_octet_port] if self.certificate else []
        return [*super().tcp_ports(), self.octet_port, *tls]

    def tls_inputs(self, files: CertificateFiles, client_ca: Path | None) -> str:
        clients = "peer-verify(optional-untrusted)"
        if client_ca:
            clients = f'peer-verify(required-trusted) ca-file("{client_ca}")'
        tls = _TLS.format(key=files.key, chain=files.chain, clients=clients)
        return _TLS_INPUTS.format(port=self.tls_port, octet_port=self.tls_octet_port, tls=tls)


def _program() -> list[str | Path]:
    prefix = Path(os.environ.get("SYSLOG_NG_ROOT", "/opt/syslog-ng")) / "usr"
    program = prefix / "sbin" / "syslog-ng"
    if not program.exists():
        return [requires("syslog-ng", "syslog-ng-core, which .ci/run unpacks")]
    libraries = prefix / "lib" / "syslog-ng"
    return ["env", f"SYSLOGNG_PREFIX={prefix}", f"LD_LIBRARY_PATH={libraries}", program]
