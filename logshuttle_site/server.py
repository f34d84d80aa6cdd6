"""daphne with flow control: a client that reads slowly is waited for, one that never reads is cut.

daphne's own `send` never waits, so a silent client grew the process by 12 MiB a second. Here an
answer's next piece waits until the last ones have left. And daphne takes any body before it asks
the application; here one that nobody would take ends its connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.server import Server
from twisted.internet import tcp
from twisted.internet.defer import Deferred

from drains.delivery.network.kernel import unacknowledged_bytes
from logshuttle_site.hosts import split_target
from sessions_app.chunks import IN_CHUNKS

logger = logging.getLogger(__name__)

BUFFER_BYTES = 1024 * 1024
CUT_AFTER_SECONDS = 3.0
LAST_WORDS_SECONDS = 1.0
BODY_BYTES_MAX = 1024 * 1024
"""Far above what any path takes: up to here the application answers by itself."""

_LOOK_SECONDS = 0.02


class PatientServer(Server):  # type: ignore[misc]
    """`refused` says why it could not listen, once `run` has returned. `before_end` is awaited
    when a signal has come, before connections are closed: the last words of streams."""

    refused: str | None = None

    def __init__(
        self, *args: Any, before_end: Callable[[], Awaitable[None]] | None = None, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self._before_end = before_end

    def create_application(self, protocol: Any, scope: Any) -> Any:
        if scope["type"] == "http" and protocol.clientproto == b"HTTP/1.1":
            scope["extensions"] = {IN_CHUNKS: {}}
        return super().create_application(protocol, scope)

    async def handle_reply(self, protocol: Any, message: Any) -> None:
        if message["type"] == "websocket.close" and _is_standard(message.get("code")):
            reason = (message.get("reason") or "").encode()
            # autobahn's own way refuses these
            protocol.sendCloseFrame(code=message["code"], reasonUtf8=reason)
            return
        await super().handle_reply(protocol, message)
        transport = _transport_of(protocol)
        if transport is not None and _waiting_bytes(transport) > BUFFER_BYTES:
            await _let_it_read(transport)

    def kill_all_applications(self) -> Any:
        return Deferred.fromFuture(asyncio.ensure_future(self._end()))

    async def _end(self) -> None:
        if self._before_end is not None:
            await self._before_end()
            await self._sent()
        for details in self.connections.values():
            details.setdefault("application_instance", _nothing())  # daphne has reaped it
        await super().kill_all_applications().asFuture(asyncio.get_running_loop())

    async def _sent(self) -> None:
        """What was said last is with the kernel, except of those who do not read."""
        transports = [t for t in map(_transport_of, list(self.connections)) if t is not None]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_SECONDS):
                while any(map(_waiting_bytes, transports)):
                    await asyncio.sleep(_LOOK_SECONDS)

    def listen_success(self, port: Any) -> None:
        """daphne has no other place to say which requests and connections it makes."""
        super().listen_success(port)
        port.factory = _RequestFactory(self)
        port.transport = _Connection

    def listen_error(self, failure: Any) -> None:
        self.refused = str(getattr(failure.value, "socketError", failure.value))
        self.stop()


class _Connection(tcp.Server):
    """What is written goes to the kernel at once, as far as it takes it. Twisted itself waits to be
    told that there is room: two calls of epoll and a turn of the loop, a third of a write's cost.
    """

    def write(self, data: bytes) -> None:
        if self.connected and not self.TLS and not _waiting_bytes(self):
            sent = self.writeSomeData(data)
            if isinstance(sent, int):  # a fault comes again, to where Twisted looks for it
                data = data[sent:]
        super().write(data)  # type: ignore[no-untyped-call]


class _RequestFactory(HTTPFactory):  # type: ignore[misc]
    def buildProtocol(self, addr: Any) -> Any:  # noqa: N802
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = _Request
        return protocol


class _Request(WebRequest):  # type: ignore[misc]
    _too_large = False
    _in_chunks = False
    """Whether the answer's pieces are chunks already."""

    def __init__(self, *args: Any, **options: Any) -> None:
        # Twisted would parse forms, for nobody, and refuse bodies that are none.
        super().__init__(*args, **options, parsePOSTFormSubmission=False)

    def gotLength(self, length: int | None) -> None:  # noqa: N802
        super().gotLength(length)
        self._refuse_above_limit(length or 0)

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802
        if not self._too_large:
            super().handleContentChunk(data)
            self._refuse_above_limit(self.content.tell())

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:  # noqa: N802
        named, path = split_target(path)
        if named is not None:
            self.requestHeaders.setRawHeaders(b"Host", [named])
        super().requestReceived(command, path, version)

    def handle_reply(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self._in_chunks = (b"Transfer-Encoding", b"chunked") in message.get("headers", ())
        if self._in_chunks and message.get("more_body"):
            self._write_chunks(message.get("body", b""))
        else:
            super().handle_reply(message)

    def _write_chunks(self, chunks: bytes) -> None:
        if self.finished or self.channel is None or self._disconnected:
            return
        if not self.startedWriting:
            self.write(b"")  # the headers
        self.channel.write(chunks)

    def setResponseCode(self, code: int, message: bytes | None = None) -> None:  # noqa: N802
        """With the phrases that Twisted lacks: 422, 429."""
        super().setResponseCode(code, message or HTTPStatus(code).phrase.encode())

    def _refuse_above_limit(self, size: int) -> None:
        if size > BODY_BYTES_MAX:
            self._too_large = True
            logger.warning(
                "Refused a body of more than %s bytes", BODY_BYTES_MAX, extra={"action": "refused"}
            )
            self.channel.transport.write(
                b"HTTP/1.1 413 Request Entity Too Large\r\n"
                b"Connection: close\r\nContent-Length: 0\r\n\r\n"
            )
            self.channel.loseConnection()


async def _let_it_read(transport: Any) -> None:
    """Wait until most has left; who takes nothing at all for `CUT_AFTER_SECONDS` is cut.

    What the kernel still has counts, too: a full one takes nothing more from us for seconds, while
    a slow reader empties a third of it.
    """
    loop = asyncio.get_running_loop()
    unread, since = _unread_bytes(transport), loop.time()
    while _waiting_bytes(transport) > BUFFER_BYTES:
        await asyncio.sleep(_LOOK_SECONDS)
        now = _unread_bytes(transport)
        if now < unread:
            since = loop.time()
        elif loop.time() - since > CUT_AFTER_SECONDS:
            transport.abortConnection()
            return
        unread = now


def _is_standard(code: int | None) -> bool:
    return code is not None and 1000 < code < 3000


def _nothing() -> asyncio.Future[None]:
    done = asyncio.get_running_loop().create_future()
    done.set_result(None)
    return done


def _transport_of(protocol: Any) -> Any | None:
    """Twisted's TCP transport under an HTTP request or a WebSocket."""
    channel = getattr(protocol, "channel", None)
    transport = getattr(channel or protocol, "transport", None)
    return transport if hasattr(transport, "dataBuffer") else None


def _unread_bytes(transport: Any) -> int:
    """What has been written and the client's kernel has not acknowledged."""
    connection = getattr(transport, "socket", None)  # Twisted lets go of it at its end
    return _waiting_bytes(transport) + (unacknowledged_bytes(connection) or 0 if connection else 0)


def _waiting_bytes(transport: Any) -> int:
    """What the kernel has not taken yet."""
    waiting: int = len(transport.dataBuffer) - transport.offset + transport._tempDataLen
    return waiting
