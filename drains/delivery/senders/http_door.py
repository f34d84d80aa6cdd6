"""aiohttp's connections: made through the one door out, one at a time, and heard only so far."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import RawResponseMessage
from aiohttp.streams import StreamReader
from yarl import URL

from drains.delivery.network.dialing import Connected, Dialer, attach
from drains.delivery.network.errors import FloodError
from drains.delivery.network.heard import Heard
from drains.delivery.network.tls_stream import TlsStream
from drains.destination import Destination

_PIECE_BYTES_MIN = 64
"""A piece of an answer counts as so many at least, for each costs a turn of the loop."""
_INTERIM_BYTES = 16 * 1024
"""An answer that only announces one counts as so many more: it costs as much as one."""
_FINAL_STATUS = 200


class _Handler(ResponseHandler):
    """Ends a connection that says more than an answer: aiohttp would keep it all."""

    def __init__(self, loop: asyncio.AbstractEventLoop, door: HttpDoor) -> None:
        super().__init__(loop)
        self._door = door

    def data_received(self, data: bytes) -> None:
        self._door.allowed_bytes -= max(len(data), _PIECE_BYTES_MIN)
        if self._door.allowed_bytes >= 0:
            super().data_received(data)
        elif self.transport is not None:
            self.transport.abort()

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        if data[0].code < _FINAL_STATUS:
            self._door.allowed_bytes -= _INTERIM_BYTES
        super().feed_data(data, size)

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        if isinstance(exc, FloodError):
            self._door.tell(exc)


class NoCookies(aiohttp.DummyCookieJar):
    """Nor are any read: an answer may be full of them."""

    def update_cookies_from_headers(self, headers: Sequence[str], response_url: URL) -> None:
        pass


class HttpDoor(aiohttp.BaseConnector):
    """Gives aiohttp connections that went through `Dialer`, one at a time."""

    def __init__(
        self,
        dialer: Dialer,
        destination: Destination,
        context: ssl.SSLContext | None,
        heard: Heard,
    ) -> None:
        super().__init__(limit=1)
        self._dialer = dialer
        self._destination = destination
        self._context = context
        self.heard = heard
        self.tell: Callable[[FloodError], None] = lambda _: None
        """Who is told when the receiver floods us, with a request under way or without."""
        self._ahead: ResponseHandler | None = None
        self.newest: ResponseHandler | None = None
        self.opened = 0
        self.certificate_ends_at: float | None = None
        """Of the receiver's last one; epoch seconds."""
        self.may_quote = False
        """Whether what this receiver says may be shown."""
        self.allowed_bytes = 0
        """How much the receiver may still say: nothing while no request is under way."""

    async def open_ahead(self, connected: Connected) -> None:
        """For the first request. Raises DialError."""
        self._ahead = await self._open(connected)

    async def _create_connection(self, *_: Any) -> ResponseHandler:
        """What aiohttp's connectors have to bring along (see its UnixConnector)."""
        ahead, self._ahead = self._ahead, None
        return ahead if ahead is not None and ahead.is_connected() else await self._open()

    async def _open(self, connected: Connected | None = None) -> ResponseHandler:
        connected = connected or await self._dialer.dial(self._destination)
        self.opened += 1
        self.may_quote = self._dialer.may_quote(connected)
        self.newest = await self._attach(connected)
        return self.newest

    async def _attach(self, connected: Connected) -> ResponseHandler:
        loop = asyncio.get_running_loop()
        if self._context is None:
            return await attach(connected, lambda: _Handler(loop, self), self.heard)
        host = self._destination.host
        layer = await self._dialer.handshakes.shake(connected, self._context, host, self.heard)
        self.certificate_ends_at = layer.certificate_ends_at
        handler = _Handler(loop, self)
        await attach(connected, lambda: TlsStream(layer, handler), self.heard)
        return handler

    def drop_ahead(self) -> None:
        if self._ahead is not None:
            self._ahead.close()
            self._ahead = None
