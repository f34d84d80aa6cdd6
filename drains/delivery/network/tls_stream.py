"""TLS for a protocol that knows nothing of it, such as HTTP: to that it is the transport."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, cast

from drains.delivery.network.errors import FloodError
from drains.delivery.network.tls import TlsLayer


class TlsStream(asyncio.Transport, asyncio.Protocol):
    """Between the protocol above and the transport below, whose buffer holds all that is written.
    Hands are shaken."""

    def __init__(self, layer: TlsLayer, above: asyncio.Protocol) -> None:
        super().__init__()
        self._layer = layer
        self._above = above
        self._below: asyncio.Transport
        self._error: Exception | None = None

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
        self._above.connection_made(self)
        self.data_received(b"")

    def data_received(self, data: bytes) -> None:
        try:
            said = self._layer.received(data)
        except (ssl.SSLError, FloodError) as error:
            self._fail(error)
            return
        self._below.write(self._layer.to_send())
        if said:
            self._above.data_received(said)
        if self._layer.is_closed:
            self._above.eof_received()
            self.close()

    def eof_received(self) -> None:
        self._above.eof_received()

    def pause_writing(self) -> None:
        self._above.pause_writing()

    def resume_writing(self) -> None:
        self._above.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._above.connection_lost(self._error or exc)

    def _fail(self, error: Exception) -> None:
        self._error = error
        self._below.write(self._layer.to_send())  # an alert, if it was TLS itself
        self._below.abort()
