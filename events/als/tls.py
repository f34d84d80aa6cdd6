"""The files of a server's TLS: a certificate, its key, and who may vouch for clients."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class TlsFiles(NamedTuple):
    """Paths of PEM files, empty where there is none. With `client_ca` clients must show a
    certificate of that authority."""

    certificate: str = ""
    key: str = ""
    client_ca: str = ""

    def __bool__(self) -> bool:
        return any(self)

    def read(self) -> TlsPem:
        """Raises OSError."""
        return TlsPem(*(Path(path).read_bytes() if path else None for path in self))

    def faults(self) -> Iterator[tuple[str, str]]:
        """What is wrong with which of them. No message holds what is in a file."""
        if not self:
            return
        for field in ("certificate", "key"):
            if not getattr(self, field):
                yield field, "required where another of the TLS files is given"
        unreadable = [(field, _unreadable(path)) for field, path in self._asdict().items() if path]
        found = [(field, fault) for field, fault in unreadable if fault]
        yield from found
        if not found and self.certificate and self.key:
            yield from self._bad_pem()

    def _bad_pem(self) -> Iterator[tuple[str, str]]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(self.certificate, self.key, password="")
        except (ssl.SSLError, ValueError):
            yield "certificate", "no PEM certificate, or the key is not its own or has a password"
        try:
            if self.client_ca:
                context.load_verify_locations(self.client_ca)
        except ssl.SSLError:
            yield "client_ca", "holds no PEM certificate"


class TlsPem(NamedTuple):
    certificate: bytes | None
    key: bytes | None
    client_ca: bytes | None


def _unreadable(path: str) -> str:
    try:
        Path(path).read_bytes()
    except OSError as error:
        return f"{path} cannot be read ({error.strerror})"
    return ""
