"""Syslog over TLS (RFC 5425). Like TCP; what is counted and confirmed is what is on the wire."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import suppress
from typing import Self

from drains.delivery.network.dialing import HANDSHAKE_SECONDS, Connected, attach
from drains.delivery.network.errors import ConnectionEndedError, DialError, explain
from drains.delivery.network.tls import TlsLayer
from drains.delivery.network.tls_errors import NO_HANDSHAKE, explain_tls
from drains.delivery.sender import Ended, WriteT
from drains.delivery.senders.checkpoints import StepBack
from drains.delivery.senders.tcp import TcpSender

HEARD_SECONDS = 0.5
REFUSAL_SECONDS = 2.0
"""A connection that ends so soon after the handshake was refused: nothing of it has been read."""

_CLOSED = "connection closed by the receiver"


class TlsSender(TcpSender[WriteT]):
    """One open connection. Made by `begin`."""

    def __init__(self, ended: Ended, layer: TlsLayer) -> None:
        super().__init__(ended)
        self._layer = layer
        self._refused = False
        self._believed_at = 0.0
        loop = asyncio.get_running_loop()
        self._established: asyncio.Future[None] = loop.create_future()
        self._heard: asyncio.Future[None] = loop.create_future()

    @classmethod
    async def begin(
        cls, connected: Connected, context: ssl.SSLContext, host: str, ended: Ended
    ) -> Self:
        """The handshake, on a connection that is open. Raises DialError."""
        made = await attach(connected, lambda: cls(ended, TlsLayer(context, host)))
        try:
            await made._shake_hands()
        except BaseException:
            made.abort()
            raise
        return made

    async def _shake_hands(self) -> None:
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                await self._established
        except TimeoutError as error:
            raise DialError(NO_HANDSHAKE) from error
        self._believed_at = asyncio.get_running_loop().time() + REFUSAL_SECONDS
        if self._layer.may_be_refused:
            # Else our first lines meet its refusal, and both are lost in a reset.
            with suppress(TimeoutError):
                async with asyncio.timeout(HEARD_SECONDS):
                    await self._heard

    def send(self, pieces: Sequence[bytes], write: WriteT) -> None:
        (data,) = pieces
        if self._ended is None:  # it is over: nothing is written, and the write stays unconfirmed
            self._checkpoints.wrote(len(data), write)
            return
        try:
            self._write(self._layer.encrypted(data), write)
        except ssl.SSLError as error:
            self._checkpoints.wrote(len(data), write)
            self._fail(explain_tls(error))

    def to_send_again(self, distrusted: StepBack, now: float) -> list[WriteT]:
        # A receiver may refuse us after the handshake (TLS 1.3), when its kernel has already
        # acknowledged bytes: however often that happens, it has read none of them.
        return super().to_send_again(StepBack() if self._refused else distrusted, now)

    def close(self) -> None:
        if self._layer.established and not self._transport.is_closing():
            self._transport.write(self._layer.closing())
        super().close()

    # What asyncio tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._layer.start()
        self._transport.write(self._layer.to_send())

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        try:
            is_open = self._layer.received(data)
        except ssl.SSLError as error:
            self._transport.write(self._layer.to_send())
            self._fail(explain_tls(error))
            return
        self._transport.write(self._layer.to_send())
        if self._layer.established:
            _settle(self._established)
        if self._layer.heard:
            _settle(self._heard)
        if not is_open:
            self.eof_received()

    def eof_received(self) -> None:
        if self._layer.established:
            _settle(self._heard, DialError(_CLOSED))
            super().eof_received()
        else:
            self._fail("connection closed in the TLS handshake")

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._layer.established:
            self._fail("connection closed in the TLS handshake")
        _settle(self._heard, DialError(explain(exc) if exc else _CLOSED))
        if asyncio.get_running_loop().time() < self._believed_at:
            # What is said after the handshake is said before any line is read.
            self._refused = self._refused or self._layer.may_be_refused
        super().connection_lost(exc)

    def _fail(self, why: str) -> None:
        for waited_for in (self._established, self._heard):
            _settle(waited_for, DialError(why))
        self._refused = True
        self._end(ConnectionEndedError(why))
        self._transport.close()


def _settle(future: asyncio.Future[None], error: Exception | None = None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
        future.exception()  # nobody may be waiting for it
