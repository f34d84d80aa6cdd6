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

TlsContext = ssl.SSLContext

_CONTEXTS_KEPT = 256
_READ_BYTES = 64 * 1024

# OpenSSL's X509_V_ERR_… codes.
_CERTIFICATE_FAULTS = {
    9: "certificate is not yet valid",
    10: "certificate has expired",
    18: "certificate is self-signed",
    19: "certificate is signed by an unknown issuer",
    20: "certificate is signed by an unknown issuer",
    21: "certificate is signed by an unknown issuer",
    62: "certificate is for another name",
    64: "certificate is for another address",
}
_FAULTS = {
    "WRONG_VERSION_NUMBER": "the receiver answers in plain text",
    "RECORD_LAYER_FAILURE": "the receiver answers in plain text",
    "PACKET_LENGTH_TOO_LONG": "the receiver answers in plain text",
    "HTTP_REQUEST": "the receiver answers in plain text",
    "UNSUPPORTED_PROTOCOL": "the receiver has no TLS 1.2 or later",
    "TLSV1_ALERT_PROTOCOL_VERSION": "the receiver has no TLS 1.2 or later",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "the receiver wants a client certificate",
    "SSLV3_ALERT_BAD_CERTIFICATE": "the receiver refuses the client certificate",
    "TLSV1_ALERT_UNKNOWN_CA": "the receiver does not know the client certificate's issuer",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "the client certificate has expired",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "the receiver refuses the client certificate",
    "TLSV1_ALERT_ACCESS_DENIED": "the receiver refuses the client certificate",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": (
        "the receiver ended the TLS handshake: it may want a client certificate"
    ),
    "UNEXPECTED_EOF_WHILE_READING": "connection closed in the TLS handshake",
}


def explain_tls(error: ssl.SSLError) -> str:
    """A few words for what went wrong, none of them the receiver's own."""
    if isinstance(error, ssl.SSLCertVerificationError):
        fault = _CERTIFICATE_FAULTS.get(error.verify_code)
        return f"TLS: {fault or 'certificate is not valid'}"
    return f"TLS: {_FAULTS.get(error.reason or '', 'the handshake failed')}"


@lru_cache(_CONTEXTS_KEPT)
def context_of(options: TlsOptions) -> TlsContext:
    """Made once and shared: loading the system's roots takes 20 ms. Raises DialError."""
    try:
        context = ssl.create_default_context(cadata=options.ca or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
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


class TlsLayer:
    """One connection's TLS, between what is written and what goes over the wire."""

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=host.removesuffix(".")
        )
        self.established = False
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
