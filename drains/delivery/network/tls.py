"""TLS as drains use it: 1.2 or later, the certificate and the name always checked, no way around.

It is our own layer over memory buffers (`TlsLayer`): what has been encrypted lies in the transport
and nowhere else, so that bytes can be counted exactly, and what comes in is judged by what it says.
asyncio's own layer has buffers that it does not tell of, and is fed 256 KiB at a time.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache

from drains.delivery.network.errors import DialError
from drains.delivery.network.heard import Heard
from drains.option_values import TlsOptions
from events.trust import verifying_context

TlsContext = ssl.SSLContext

_CONTEXTS_KEPT = 32
_READ_BYTES = 64 * 1024
HANDSHAKE_BYTES_MAX = 32 * 1024
"""Five certificates with the longest keys in use are 10 KiB; each certificate may cost 6 ms."""
_PIECE_BYTES_MIN = 512
"""A piece of a handshake counts as so many at least, for each costs a turn of loop and thread."""
TICKETS_BYTES = 4096
"""A receiver of TLS 1.3 sends tickets behind the handshake, some with our certificate in them: so
much is free."""
_EARNED_BYTES = 64
"""So much more is free with each write: some receivers of syslog say that they have got it."""
_AROUND_BYTES = {"TLSv1.3": 22, "TLSv1.2": 80}
"""What is around the text of a record, at most."""
_TEXT_BYTES_MIN = 32
"""Of a record. One with less answers little for what it costs."""
_HEADER_BYTES = 5
_RECORD_BYTES_MAX = 16 * 1024 + 256
_RECORD_TYPES = range(20, 24)


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

    def __init__(self, context: ssl.SSLContext, host: str, heard: Heard) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=host.removesuffix(".")
        )
        self._account = heard
        self._begun = b""
        """Less than a record: what it says is known when it is whole."""
        self.handshake_bytes = 0
        self._free_bytes = TICKETS_BYTES
        self._around_bytes = 0
        self._said_early = b""
        self.established = False
        self.certificate_ends_at: float | None = None
        """The receiver's; epoch seconds."""
        self.heard = False
        """Whether the receiver has said something since."""
        self.is_closed = False
        """Whether the receiver has said its last word."""

    @property
    def may_be_refused(self) -> bool:
        """A receiver of TLS 1.3 judges our certificate when the handshake is over for us."""
        return not self.heard and self._tls.version() == "TLSv1.3"

    def shake(self, data: bytes = b"") -> None:
        """The next step of the handshake, and what comes right behind it: some 5 ms for each KiB at
        the worst. Raises ssl.SSLError, FloodError."""
        self.handshake_bytes += max(len(data), _PIECE_BYTES_MIN)
        if self.handshake_bytes > HANDSHAKE_BYTES_MAX:
            raise self._account.flooded("its TLS handshake does not end")
        self._incoming.write(self._whole_records(data))
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return
        self.established = True
        self._around_bytes = _AROUND_BYTES.get(self._tls.version() or "", 0)
        self.certificate_ends_at = certificate_ends_at(self._tls)
        self._said_early = self._read()

    def received(self, data: bytes) -> bytes:
        """Bytes off the wire, none for those of the last step of the handshake: what they say.
        Raises ssl.SSLError, FloodError."""
        early, self._said_early = self._said_early, b""
        self._incoming.write(self._whole_records(data))
        return early + self._read()

    def encrypted(self, data: bytes | bytearray | memoryview) -> bytes:
        """`data` for the wire, with whatever else has to go there first."""
        self._free_bytes = min(self._free_bytes + _EARNED_BYTES, TICKETS_BYTES)
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

    def _read(self) -> bytes:
        """A record each time; tickets, new keys and alerts answer nothing."""
        taken, said = self._incoming.pending, []
        try:
            while data := self._tls.read(_READ_BYTES):
                said.append(data)
            self.is_closed = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.is_closed = True
        self.heard = self.heard or taken > 0
        text = b"".join(said)
        answering = len(text) + self._around_bytes * len(said)
        self._count(taken - answering + max(_TEXT_BYTES_MIN * len(said) - len(text), 0))
        return text

    def _count(self, unanswering_bytes: int) -> None:
        free = min(max(unanswering_bytes, 0), self._free_bytes)
        self._free_bytes -= free
        if unanswering_bytes > free:
            self._account.add(unanswering_bytes - free)

    def _whole_records(self, data: bytes) -> bytes:
        """What is no record at all is for OpenSSL to name."""
        begun = self._begun + data
        end = 0
        while len(begun) >= end + _HEADER_BYTES:
            size = int.from_bytes(begun[end + 3 : end + _HEADER_BYTES], "big")
            if begun[end] not in _RECORD_TYPES or size > _RECORD_BYTES_MAX:
                end = len(begun)
            elif len(begun) < end + _HEADER_BYTES + size:
                break
            else:
                end += _HEADER_BYTES + size
        self._begun = begun[end:]
        return begun[:end]
