"""A real nginx in front of a receiver, or of our web process: TLS, passwords, limits. The machine's
is never touched."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tests.support.certificates import Certificate
from tests.support.lines_file import LinesFile
from tests.support.ports import accepts, free_port
from tests.support.server_process import ServerProcess
from tests.support.servers import requires

# One process, so that nothing of it is left when that is killed, and no change of user.
_CONFIGURATION = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 256; }}
http {{
  client_body_temp_path {folder}/bodies;
  proxy_temp_path {folder}/proxied;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  log_format fields "$status $connection $connection_requests $request_length";
  access_log {folder}/access fields;
  keepalive_timeout {idle_seconds}s;
  large_client_header_buffers 8 128k;
  client_max_body_size {max_body_bytes};
  upstream receiver {{
    server 127.0.0.1:{upstream_port};
    keepalive 4;
  }}
  server {{
    listen 127.0.0.1:{port};
    {tls}
    {auth}
    location / {{
      proxy_pass http://receiver;
      proxy_http_version 1.1;
      {headers}
    }}
  }}
}}
"""
_TLS = """\
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {chain};
    ssl_certificate_key {key};
"""
_TO_A_RECEIVER = {"Connection": '""'}
FRONT_DOOR = {
    "Host": "$http_host",
    "X-Forwarded-For": "$proxy_add_x_forwarded_for",
    "X-Forwarded-Proto": "$scheme",
    "X-Forwarded-Host": "$http_host",
    "Forwarded": '""',
    "Upgrade": "$http_upgrade",
    "Connection": "$http_connection",
}
"""What one hands on of its clients, as docs/configuration.md has it, and WebSockets."""
_AUTH = """\
    auth_basic "drains";
    auth_basic_user_file {file};
"""


@dataclass(frozen=True)
class Access:
    """One request as nginx has logged it, once it was answered."""

    status: int
    connection: int
    of_connection: int
    """Which request of the connection it was, from 1."""
    request_bytes: int


class Nginx(ServerProcess):
    """Hands on to `upstream_port` what it lets through; HTTPS beside HTTP with a certificate.

    `credentials` are user name and password, and stand in its URLs. A connection without a request
    is closed after `idle_seconds`. `headers`: what it sets in requests that it hands on.
    """

    def __init__(
        self,
        folder: Path,
        upstream_port: int,
        certificate: Certificate | None = None,
        *,
        credentials: tuple[str, str] | None = None,
        max_body_bytes: int = 1 << 20,
        idle_seconds: int = 75,
        headers: Mapping[str, str] = _TO_A_RECEIVER,
    ) -> None:
        super().__init__(folder)
        self.port = free_port()
        self.tls_port = free_port()
        self.upstream_port = upstream_port
        self.certificate = certificate
        self.credentials = credentials
        self.max_body_bytes = max_body_bytes
        self.idle_seconds = idle_seconds
        self.headers = headers
        self._accesses = LinesFile(folder / "access")

    @property
    def url(self) -> str:
        return f"http://{self._userinfo()}127.0.0.1:{self.port}/"

    @property
    def tls_url(self) -> str:
        return f"https://{self._userinfo()}localhost:{self.tls_port}/"

    def accesses(self) -> list[Access]:
        return [Access(*map(int, line.split())) for line in self._accesses.lines()]

    def command(self) -> Sequence[str | Path]:
        program = requires("nginx", "nginx-light")
        configuration = self.folder / "nginx.conf"
        configuration.write_text(
            _CONFIGURATION.format(
                folder=self.folder,
                port=self.port,
                upstream_port=self.upstream_port,
                max_body_bytes=self.max_body_bytes,
                idle_seconds=self.idle_seconds,
                headers="".join(f"proxy_set_header {n} {v};" for n, v in self.headers.items()),
                tls=self._tls(self.certificate) if self.certificate else "",
                auth=self._auth(*self.credentials) if self.credentials else "",
            )
        )
        return [program, "-p", self.folder, "-e", "stderr", "-c", configuration]

    def ready(self) -> bool:
        return accepts(self.port) and (self.certificate is None or accepts(self.tls_port))

    def _tls(self, certificate: Certificate) -> str:
        files = certificate.write(self.folder)
        return _TLS.format(port=self.tls_port, chain=files.chain, key=files.key)

    def _auth(self, user: str, password: str) -> str:
        file = self.folder / "passwords"
        digest = b64encode(hashlib.sha1(password.encode()).digest()).decode()
        file.write_text(f"{user}:{{SHA}}{digest}\n")
        return _AUTH.format(file=file)

    def _userinfo(self) -> str:
        if self.credentials is None:
            return ""
        user, password = (quote(part, safe="") for part in self.credentials)
        return f"{user}:{password}@"
