"""daphne with flow control: a client that reads slowly is waited for, one that never reads is cut.

daphne's own `send` never waits, so a silent client grew the process by 12 MiB a second. Here an
answer's next piece waits until the last ones have left. What comes in is bounded in connections/.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import socket
import time
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from typing import Any

from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.server import Server
from twisted.internet import reactor
from twisted.internet.defer import Deferred

from events.process.open_files import open_files_max
from logshuttle_site.connections.census import Census, Room, Turn
from logshuttle_site.connections.channel import Channel
from logshuttle_site.connections.ports import PromptConnection, listen_on
from logshuttle_site.connections.refusals import Refusals, RefusedError
from logshuttle_site.connections.sockets import FRAME_BYTES_MAX, ReaderSocket
from logshuttle_site.connections.unread import unread_bytes, unsent_bytes
from logshuttle_site.hosts import split_target
from sessions_app.chunks import IN_CHUNKS

logger = logging.getLogger(__name__)

BUFFER_BYTES = 1024 * 1024
CUT_AFTER_SECONDS = 3.0
LAST_WORDS_SECONDS = 1.0
LATENESS_LOOK_SECONDS = 1.0
"""How often it is looked who takes too long."""

_LOOK_SECONDS = 0.02
_NONE = "none"
"""In the place of endpoints: daphne wants one."""


class PatientServer(Server):  # type: ignore[misc]
    """`sockets` listen already. `before_end` is awaited when a signal has come, before connections
    are closed: the last words of streams. `census`: of who may be connected, by default as many as
    files may be open. `idle_seconds`: how long a connection waits for a request, longer than front
    doors keep theirs: they must end it first."""

    def __init__(
        self,
        application: Any,
        sockets: Iterable[socket.socket] = (),
        before_end: Callable[[], Awaitable[None]] | None = None,
        census: Census | None = None,
        idle_seconds: float = 75.0,
        **options: Any,
    ) -> None:
        # daphne would open them by itself, by words in which there is no "both families".
        super().__init__(application, [_NONE], websocket_max_frame_size=FRAME_BYTES_MAX, **options)
        self.endpoints: list[str] = []
        self._sockets = list(sockets)
        self._before_end = before_end
        self.census = census or Census(Room.of_files(open_files_max()))
        self.idle_seconds = idle_seconds
        self.refusals = Refusals()

    def create_application(self, protocol: Any, scope: Any) -> Any:
        if scope["type"] == "http" and protocol.clientproto == b"HTTP/1.1":
            scope["extensions"] = {IN_CHUNKS: {}}
        channel = getattr(_transport_of(protocol), "channel", None)
        protocol.turn = channel.take_turn() if channel else Turn()
        queue = super().create_application(protocol, scope)
        running = self.connections.get(protocol, {}).get("application_instance", _nothing())
        running.add_done_callback(lambda _: self.census.begins(protocol.turn))
        return queue

    async def handle_reply(self, protocol: Any, message: Any) -> None:
        self.census.begins(protocol.turn)
        await super().handle_reply(protocol, message)
        transport = _transport_of(protocol)
        if transport is not None and unsent_bytes(transport) > BUFFER_BYTES:
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
                while any(map(unsent_bytes, transports)):
                    await asyncio.sleep(_LOOK_SECONDS)

    def run(self) -> None:
        reactor.callWhenRunning(self._listen)
        super().run()

    def _listen(self) -> None:
        for listening in self._sockets:
            port = listen_on(reactor, listening, self.http_factory)
            self.listen_success(port)
            listening.close()  # Twisted has one of its own
        self.look(reactor)

    def listen_success(self, port: Any) -> None:
        """daphne has no other place to say which requests and connections it makes."""
        super().listen_success(port)
        port.factory = _RequestFactory(self)
        port.transport = PromptConnection
        self.ws_factory.protocol = ReaderSocket

    def look(self, clock: Any) -> None:
        """From now on, who takes too long."""
        self.census.look(time.monotonic())
        clock.callLater(LATENESS_LOOK_SECONDS, self.look, clock)


class _RequestFactory(HTTPFactory):  # type: ignore[misc]
    protocol = Channel

    def buildProtocol(self, addr: Any) -> Any:  # noqa: N802
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = _Request
        protocol.timeOut = None  # the channel has limits of its own
        return protocol


class _Request(WebRequest):  # type: ignore[misc]
    content: io.BytesIO
    _in_chunks = False
    """Whether the answer's pieces are chunks already."""

    def __init__(self, *args: Any, **options: Any) -> None:
        # Twisted would parse forms, for nobody, and refuse bodies that are none.
        super().__init__(*args, **options, parsePOSTFormSubmission=False)

    def gotLength(self, length: int | None) -> None:  # noqa: N802
        self.content = self.channel.takes_body(length)  # Twisted opens a file for each larger one

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802
        super().handleContentChunk(data)
        self.channel.takes_piece(self.content.tell())

    def basic_error(self, status: int, status_text: bytes, body: str) -> None:
        """What daphne cannot understand it answers with a page, and reads on."""
        if status == HTTPStatus.BAD_REQUEST and self.channel is not None:
            self.channel.refuse(RefusedError(status, "not_http", body))
        else:
            super().basic_error(status, status_text, body)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:  # noqa: N802
        named, path = split_target(path)
        if named is not None:
            self.requestHeaders.setRawHeaders(b"Host", [named])
        self.requestHeaders.removeHeader(b"Daphne-Root-Path")  # it would move our root
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


async def _let_it_read(transport: Any) -> None:
    """Wait until most has left; who takes nothing at all for `CUT_AFTER_SECONDS` is cut.

    What the kernel still has counts, too: a full one takes nothing more from us for seconds, while
    a slow reader empties a third of it.
    """
    loop = asyncio.get_running_loop()
    unread, since = unread_bytes(transport), loop.time()
    while unsent_bytes(transport) > BUFFER_BYTES:
        await asyncio.sleep(_LOOK_SECONDS)
        now = unread_bytes(transport)
        if now < unread:
            since = loop.time()
        elif loop.time() - since > CUT_AFTER_SECONDS:
            transport.abortConnection()
            return
        unread = now


def _nothing() -> asyncio.Future[None]:
    done = asyncio.get_running_loop().create_future()
    done.set_result(None)
    return done


def _transport_of(protocol: Any) -> Any | None:
    """Twisted's TCP transport under an HTTP request or a WebSocket."""
    channel = getattr(protocol, "channel", None)
    transport = getattr(channel or protocol, "transport", None)
    return transport if hasattr(transport, "dataBuffer") else None
