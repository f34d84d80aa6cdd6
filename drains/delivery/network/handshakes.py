"""TLS handshakes: long ones beside the event loop.

What a receiver shows costs what it likes: 70 certificates with keys of 3,072 bits and unusual
exponents, signed by the authority that its drain names, are 400 ms in one call of OpenSSL. Those of
the usual length are 25 ms at the worst, and mostly 2 ms: a thread would only make them wait.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager, suppress
from functools import partial

from drains.delivery.network.errors import DialError, FloodError
from drains.delivery.network.heard import Heard
from drains.delivery.network.reading import turns_here
from drains.delivery.network.rota import Rota
from drains.delivery.network.tls import TlsContext, TlsLayer
from drains.delivery.network.tls_errors import ENDED_IN_HANDSHAKE, NO_HANDSHAKE, explain_tls

HANDSHAKE_SECONDS = 4.0
AT_ONCE = 2
"""So many long ones are worked on, each in a thread; others wait, their owners in turn."""
SHORT_BYTES = 6 * 1024
_READ_BYTES = 16 * 1024


class Handshakes:
    def __init__(self) -> None:
        self._room = AT_ONCE
        self._waiting: Rota[asyncio.Future[None]] = Rota()

    async def shake(
        self, connected: socket.socket, context: TlsContext, host: str, heard: Heard
    ) -> TlsLayer:
        """Over a socket that is connected, and is closed when this fails. Raises DialError,
        FloodError."""
        layer = TlsLayer(context, host, heard)
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                await self._shake(connected, layer, heard.owner)
        except BaseException as error:
            connected.close()
            if (why := _explained(error)) is None:
                raise
            raise DialError(why) from error
        return layer

    async def _shake(self, connected: socket.socket, layer: TlsLayer, owner: Hashable) -> None:
        loop = asyncio.get_running_loop()
        await self._step(connected, layer, b"", owner)
        while not layer.established:
            data = await loop.sock_recv(connected, _READ_BYTES)
            if not data:
                raise DialError(ENDED_IN_HANDSHAKE)
            await self._step(connected, layer, data, owner)

    async def _step(
        self, connected: socket.socket, layer: TlsLayer, data: bytes, owner: Hashable
    ) -> None:
        loop = asyncio.get_running_loop()
        try:
            if layer.handshake_bytes + len(data) <= SHORT_BYTES:
                done: asyncio.Future[None] = loop.create_future()
                turns_here().take(owner, partial(_shake_for, done, layer, data))
                await done
            else:
                async with self._turn(owner):
                    await loop.run_in_executor(None, layer.shake, data)
        except ssl.SSLError:
            with suppress(OSError):  # an alert says why
                await loop.sock_sendall(connected, layer.to_send())
            raise
        await loop.sock_sendall(connected, layer.to_send())

    @asynccontextmanager
    async def _turn(self, owner: Hashable) -> AsyncIterator[None]:
        if self._room:
            self._room -= 1
        else:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.put(owner, turn)
            try:
                await turn
            except asyncio.CancelledError:
                if not turn.cancelled():  # it had come
                    self._pass_on()
                raise
        try:
            yield
        finally:
            self._pass_on()

    def _pass_on(self) -> None:
        while self._waiting:
            turn = self._waiting.take()
            if not turn.done():
                turn.set_result(None)
                return
        self._room += 1


def _shake_for(done: asyncio.Future[None], layer: TlsLayer, data: bytes) -> None:
    if done.cancelled():
        return
    try:
        layer.shake(data)
    except (ssl.SSLError, FloodError) as error:
        done.set_exception(error)
    else:
        done.set_result(None)


def _explained(error: BaseException) -> str | None:
    if isinstance(error, ssl.SSLError):
        return explain_tls(error)
    if isinstance(error, TimeoutError):
        return NO_HANDSHAKE
    return ENDED_IN_HANDSHAKE if isinstance(error, OSError) else None
