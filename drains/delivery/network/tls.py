"""TLS as drains use it: 1.2 or later, the certificate and the name always checked, no way around.

Syslog's TLS is our own layer over memory buffers (`TlsLayer`): what has been encrypted lies in
the transport and nowhere else, so that bytes can be counted exactly. asyncio's own layer has
buffers that it does not tell of.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache

from drains.delivery.network.errors import DialError
from drains.option_values import TlsOptions
from events.trust import verifying_context

TlsContext = ssl.SSLContext

_CONTEXTS_KEPT = 32
_READ_BYTES = 64 * 1024


@lru_cache(_CONTEXTS_KEPT)
def context_of(options: TlsOptions) -> TlsContext:
    """Made once and shared: loading the system's roots takes 20 ms. Raises DialError."""
    try:
        context = verifying_context(options.ca)
        context.options |= ssl.OP_NO_RENEGOTIATION
        if options.certificate:
            with _as_file(options.certificate + "\n" + options.key) as path:
                context.load_cert_chain(path)
    except (ssl.SSLError, ValueError) as error:
        raise DialError("TLS: the drain's own certificates cannot be used") from error
    return context


@contextmanager
def _as_file(text: str) -> Iterator[str]:
    """OpenSSL takes a client's key from a file only: one in memory, where there are such."""
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("client-certificate"), "w") as file:
            file.write(text)
            file.flush()
            yield f"/proc/self/fd/{file.fileno()}"
    else:
        with tempfile.NamedTemporaryFile("w") as named:
            named.write(text)
            named.flush()
            yield named.name


def certificate_ends_at(tls: ssl.SSLObject) -> float | None:
    """Epoch seconds: until when the certificate is good that was shown in a handshake."""
    shown = tls.getpeercert()
    return ssl.cert_time_to_seconds(str(shown["notAfter"])) if shown else None


class TlsLayer:
    """One connection's TLS, between what is written and what goes over the wire."""

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=host.removesuffix(".")
        )
        self.established = False
        self.certificate_ends_at: float | None = None
        """The receiver's; epoch seconds."""
        self.heard = False
        """Whether the receiver has said something since."""

    @property
    def may_be_refused(self) -> bool:
        """A receiver of TLS 1.3 judges our certificate when the handshake is over for us."""
        return not self.heard and self._tls.version() == "TLSv1.3"

    def start(self) -> None:
        self._shake()

    def received(self, data: bytes) -> bool:
        """Bytes off the wire. False when the receiver closes. Raises ssl.SSLError."""
        self._incoming.write(data)
        if not self.established:
            self._shake()
        return not self.established or self._read_away()

    def encrypted(self, data: bytes) -> bytes:
        """`data` for the wire, with whatever else has to go there first."""
        view = memoryview(data)
        while view:
            view = view[self._tls.write(view) :]
        return self._outgoing.read()

    def to_send(self) -> bytes:
        """What TLS itself has to say, such as an alert when something failed."""
        return self._outgoing.read()

    def closing(self) -> bytes:
        """The last word: nothing was cut off."""
        with suppress(ssl.SSLError):  # it wants the answer, which nobody waits for
            self._tls.unwrap()
        return self._outgoing.read()

    def _shake(self) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return
        self.established = True
        self.certificate_ends_at = certificate_ends_at(self._tls)

    def _read_away(self) -> bool:
        """Syslog has no answers; but tickets, new keys and alerts come this way."""
        pending = self._incoming.pending
        try:
            while self._tls.read(_READ_BYTES):
                pass
        except ssl.SSLWantReadError:
            self.heard = self.heard or self._incoming.pending < pending
            return True
        except ssl.SSLZeroReturnError:
            return False
        return False
