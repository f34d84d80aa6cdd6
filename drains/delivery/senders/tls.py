"""Syslog over TLS (RFC 5425). Like TCP; what is counted and confirmed is what is on the wire."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import suppress
from typing import Self

from drains.delivery.network.dialing import Connected, attach
from drains.delivery.network.errors import (
    ConnectionEndedError,
    DeliveryError,
    DialError,
    FloodError,
    explain,
)
from drains.delivery.network.heard import Heard
from drains.delivery.network.tls import TlsLayer
from drains.delivery.network.tls_errors import explain_tls
from drains.delivery.sender import Ended, WriteT
from drains.delivery.senders.tcp import TcpSender

HEARD_SECONDS = 0.5

REFUSAL_SECONDS = 1.0

_CLOSED = "connection closed by the receiver"


class TlsSender(TcpSender[WriteT]):
    """One open connection. Made by `begin_tls`."""

    def __init__(self, ended: Ended, layer: TlsLayer) -> None:
        super().__init__(ended)
        self._layer = layer
        self._is_new = None  # one that closes at once is not taken for one that only reads
        self.certificate_ends_at = layer.certificate_ends_at
        loop = asyncio.get_running_loop()
        self._established_at = loop.time()
        self._heard: asyncio.Future[None] = loop.create_future()

    @classmethod
    async def begin_tls(
        cls, connected: Connected, layer: TlsLayer, ended: Ended, heard: Heard
    ) -> Self:
        """On a connection where hands are shaken. Raises DialError, FloodError."""
        made = await attach(connected, lambda: cls(ended, layer), heard)
        if layer.may_be_refused:
            # Else our first lines meet its refusal, and both are lost in a reset.
            try:
                with suppress(TimeoutError):
                    async with asyncio.timeout(HEARD_SECONDS):
                        await made._heard
            except BaseException:
                made.abort()
                raise
        return made

    def send(self, pieces: Sequence[bytes], write: WriteT) -> None:
        (data,) = pieces
        if self._ended is None:  # it is over: nothing is written, and the write stays unconfirmed
            self._checkpoints.wrote(len(data), write)
            return
        try:
            self._write(self._layer.encrypted(data), write)
        except ssl.SSLError as error:
            self._checkpoints.wrote(len(data), write)
            self._fail(ConnectionEndedError(explain_tls(error)))

    def _say_all(self) -> None:
        self._say(self._layer.closing())
        super()._say_all()

    def close(self) -> None:
        if not self._transport.is_closing():
            self._say(self._layer.closing())
        super().close()

    # What asyncio tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.data_received(b"")

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        try:
            self._layer.received(data)
        except FloodError as error:
            self._fail(error)
            return
        except ssl.SSLError as error:
            self._say(self._layer.to_send())
            self._fail(ConnectionEndedError(explain_tls(error)))
            return
        self._say(self._layer.to_send())
        if self._layer.heard:
            _settle(self._heard)
        if self._layer.is_closed:
            self.eof_received()

    def eof_received(self) -> bool:
        if self._is_refused:
            self._fail(ConnectionEndedError(f"{_CLOSED} right after the TLS handshake"))
        else:
            super().eof_received()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        _settle(self._heard, DialError(explain(exc) if exc else _CLOSED))
        super().connection_lost(exc)

    @property
    def _is_refused(self) -> bool:
        """Whether an end of the stream comes before anything could be said."""
        open_seconds = asyncio.get_running_loop().time() - self._established_at
        return not self._checkpoints.written_bytes and open_seconds < REFUSAL_SECONDS

    def _say(self, data: bytes) -> None:
        """What TLS has to say; nothing comes behind our end of the stream."""
        if data and not self._said_all:
            self._transport.write(data)

    def _fail(self, error: DeliveryError) -> None:
        _settle(self._heard, error if isinstance(error, FloodError) else DialError(str(error)))
        self._end(error)
        self._transport.close()


def _settle(future: asyncio.Future[None], error: Exception | None = None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
        future.exception()  # nobody may be waiting for it
