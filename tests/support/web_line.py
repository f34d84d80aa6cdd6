"""One client's connection to our daphne, in memory: each byte comes when a test says so."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Container
from types import SimpleNamespace
from typing import Any

from daphne.ws_protocol import WebSocketFactory
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from zope.interface import implementer  # type: ignore[import-untyped]

from logshuttle_site.connections.census import Census, Room
from logshuttle_site.server import PatientServer


class Wire(StringTransport):
    """Its end, and what is done to it."""

    dataBuffer, offset, _tempDataLen = b"", 0, 0  # noqa: N815 - Twisted's own
    protocol: Any = None
    channel: Any = None
    half_closed = aborted = False

    def unregisterProducer(self) -> None:  # noqa: N802
        self.producer = None  # as often as one likes, as with Twisted's own

    def loseWriteConnection(self) -> None:  # noqa: N802
        self.half_closed = True

    def abortConnection(self) -> None:  # noqa: N802
        self.aborted = True

    def setTcpNoDelay(self, enabled: bool) -> None:  # noqa: N802
        pass


implementer(ITCPTransport)(Wire)


class Web:
    """A server without a port. Its application answers each request with `answer`, and accepts each
    WebSocket or refuses it with a code and a reason."""

    def __init__(
        self,
        connections: int = 1000,
        refuses: tuple[int, str] | None = None,
        trusted: Container[str] = (),
    ) -> None:
        self.heard: list[dict[str, Any]] = []
        """All that the application is told."""
        self._refuses = refuses
        self.clock = Clock()
        census = Census(Room(connections), trusted)
        self.server = PatientServer(self._application, census=census)
        self.server.connections = {}
        self.server.ws_factory = WebSocketFactory(self.server, server=None)
        frame_bytes = self.server.websocket_max_frame_size
        self.server.ws_factory.setProtocolOptions(maxFramePayloadSize=frame_bytes)
        self._port = SimpleNamespace()
        self.server.listen_success(self._port)
        self.server.look(self.clock)
        self._port.factory.reactor = self.clock

    @property
    def refused(self) -> dict[str, int]:
        return dict(self.server.refusals.counts)

    def connect(self, address: str = "192.0.2.1") -> Line:
        return Line(self._port.factory, address)

    def pass_seconds(self, seconds: float) -> None:
        """For the look at who takes too long."""
        self.server.census.look(time.monotonic() + seconds)

    async def _application(self, scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        self.heard.append(message)
        if scope["type"] == "http":
            while message.get("more_body"):
                message = await receive()
                self.heard.append(message)
            headers = [(b"Content-Length", b"2")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"ok"})
        elif self._refuses:
            code, reason = self._refuses
            await send({"type": "websocket.close", "code": code, "reason": reason})
        else:
            await send({"type": "websocket.accept"})
            while message["type"] != "websocket.disconnect":
                message = await receive()
                self.heard.append(message)


class Line:
    def __init__(self, factory: Any, address: str) -> None:
        self.wire: Any = Wire(peerAddress=IPv4Address("TCP", address, 1))  # type: ignore[no-untyped-call]
        self.channel = factory.buildProtocol(None)
        self.wire.protocol = self.channel
        self.channel.makeConnection(self.wire)

    def sends(self, data: bytes) -> None:
        """In one read of the server's."""
        self.wire.protocol.dataReceived(data)

    def leaves(self) -> None:
        reason = Failure(ConnectionDone())  # type: ignore[no-untyped-call]
        self.wire.protocol.connectionLost(reason)

    @property
    def got(self) -> bytes:
        return bytes(self.wire.value())

    @property
    def statuses(self) -> list[int]:
        return [int(code) for code in re.findall(rb"HTTP/1.1 (\d+) ", self.got)]


async def turns(count: int = 10) -> None:
    """For the application."""
    for _ in range(count):
        await asyncio.sleep(0)
