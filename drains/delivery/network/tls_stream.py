"""TLS for a protocol that knows nothing of it, such as HTTP: to that it is the transport."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, Generic, cast

from drains.delivery.network.errors import DialError, FloodError, explain
from drains.delivery.network.reading import ProtocolT
from drains.delivery.network.tls import TlsLayer
from drains.delivery.network.tls_errors import ENDED_IN_HANDSHAKE, NO_HANDSHAKE, explain_tls


class TlsStream(asyncio.Transport, asyncio.Protocol, Generic[ProtocolT]):
    """Between the protocol `above`, which is told of a connection once hands are shaken, and the
    transport below, whose buffer holds all that is written."""

    def __init__(self, layer: TlsLayer, above: ProtocolT) -> None:
        super().__init__()
        self.above = above
        self._layer = layer
        self._below: asyncio.Transport
        self._established: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._is_told = False
        self._error: Exception | None = None

    async def shake_hands(self, limit_seconds: float) -> None:
        """Raises DialError, FloodError."""
        try:
            async with asyncio.timeout(limit_seconds):
                await self._established
        except BaseException as error:
            self.abort()
            if isinstance(error, TimeoutError):
                raise DialError(NO_HANDSHAKE) from error
            raise

    @property
    def certificate_ends_at(self) -> float | None:
        return self._layer.certificate_ends_at

    # What the protocol above asks for.

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._below.is_closing():
            return
        try:
            self._below.write(self._layer.encrypted(data))
        except ssl.SSLError as error:
            self._fail(error)

    def close(self) -> None:
        if not self._below.is_closing():
            self._below.write(self._layer.closing())
            self._below.close()

    def abort(self) -> None:
        self._below.abort()

    def is_closing(self) -> bool:
        return self._below.is_closing()

    def can_write_eof(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return self._below.get_write_buffer_size()

    def pause_reading(self) -> None:
        self._below.pause_reading()

    def resume_reading(self) -> None:
        self._below.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._below.get_extra_info(name, default)

    # What the transport below tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._below = cast(asyncio.Transport, transport)
        self._layer.start()
        self._below.write(self._layer.to_send())

    def data_received(self, data: bytes) -> None:
        try:
            said = self._layer.received(data)
        except (ssl.SSLError, FloodError) as error:
            self._below.write(self._layer.to_send())
            self._fail(error)
            return
        self._below.write(self._layer.to_send())
        if self._layer.established and not self._is_told:
            self._is_told = True
            self.above.connection_made(self)
            self._established.set_result(None)
        if said:
            self.above.data_received(said)
        if self._layer.is_closed:
            self.eof_received()
            self.close()

    def eof_received(self) -> None:
        if self._is_told:
            self.above.eof_received()
        else:
            self._fail(DialError(ENDED_IN_HANDSHAKE))

    def pause_writing(self) -> None:
        if self._is_told:
            self.above.pause_writing()

    def resume_writing(self) -> None:
        if self._is_told:
            self.above.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._is_told:
            self.above.connection_lost(self._error or exc)
        else:
            self._refuse(DialError(explain(exc) if exc else ENDED_IN_HANDSHAKE))

    # Inside.

    def _fail(self, error: Exception) -> None:
        self._error = error
        self._refuse(DialError(explain_tls(error)) if isinstance(error, ssl.SSLError) else error)
        self._below.abort()

    def _refuse(self, error: Exception) -> None:
        if not self._established.done():
            self._established.set_exception(error)
            self._established.exception()  # nobody may be waiting any more
