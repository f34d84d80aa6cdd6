"""HTTP connections that cost no more than their share: of time, of pieces, of bytes.

Twisted gives a client that sends a byte a minute all the time in the world, and takes a body in as
many pieces as it has bytes. Here the headers of a request have ten seconds, a body has thirty or a
kilobyte a second, its pieces are no smaller than `PIECE_BYTES` but for the first thousand, and who
names neither a key nor a cookie has nothing large to say.
"""

from __future__ import annotations

import enum
import io
import math
import time
from typing import Any

from twisted.web.http import HTTPChannel

from logshuttle_site.connections.census import Census, Turn
from logshuttle_site.connections.refusals import RefusedError, answer_of
from logshuttle_site.connections.unread import unread_bytes
from logshuttle_site.hosts import split_target

HEADERS_SECONDS = UNREAD_SECONDS = 10.0
BODY_SECONDS, BODY_BYTES_A_SECOND = 30.0, 1000
LINGER_SECONDS = 1.0
"""Between the last word and the end."""

BODY_BYTES_MAX = 1024 * 1024
"""Far above what any path takes: up to here the application answers by itself."""
STRANGERS_BODY_BYTES_MAX = 64 * 1024
WIRE_BYTES_FACTOR = 2
"""A body in chunks has their lengths, extensions and trailers beside it."""
FREE_PIECES, PIECE_BYTES = 1024, 64
EARLY_PIECES_MAX = 64
"""That wait to be read while a request is being answered."""

_CREDENTIALS = (b"Authorization", b"Cookie")
_PROBES = (b"/livez", b"/readyz", b"/octhc")


_HTTPChannel: Any = HTTPChannel
"""Twisted does not say enough of its types."""


class Phase(enum.Enum):
    IDLE, HEADERS, BODY, ANSWER = range(4)


class Channel(_HTTPChannel):  # type: ignore[misc]
    """A connection, one request after the other."""

    census: Census
    address = peer = client = ""
    turn: Turn | None = None
    """Of a request that no application has been made for yet."""
    _phase = Phase.IDLE
    _since, _unread = 0.0, math.inf
    _wire_bytes = _pieces = 0
    _body_bytes_max = STRANGERS_BODY_BYTES_MAX
    _has_ended = False

    def connectionMade(self) -> None:  # noqa: N802
        super().connectionMade()
        self.census = self.factory.server.census
        self.address = str(getattr(self.transport.getPeer(), "host", ""))
        self.peer = self.census.peer_of(self.address)
        self.transport.channel = self
        self._enter(Phase.IDLE)
        self.census.comes(self)

    # What comes in.

    def headerReceived(self, line: bytes) -> bool:  # noqa: N802
        try:
            return bool(super().headerReceived(line))
        except ValueError:  # a length of more digits than Python reads
            self._respondToBadRequestAndDisconnect()
            return False

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        if self._has_ended:
            return
        if self._phase is Phase.IDLE:
            self._enter(Phase.HEADERS)
        try:
            super().dataReceived(data)
        except RefusedError as refused:
            self.refuse(refused)

    def lineLengthExceeded(self, line: bytes) -> None:  # noqa: N802
        self.refuse(RefusedError(431, "large_headers", "a header is too long"))

    def _respondToBadRequestAndDisconnect(self) -> None:  # noqa: N802
        """Twisted says no more than `400 Bad Request`, whatever is wrong."""
        if self._receivedHeaderSize > self.totalHeadersSize:
            self.refuse(RefusedError(431, "large_headers", "the headers are too large"))
        elif self._receivedHeaderCount > self.maxHeaders:
            self.refuse(RefusedError(431, "large_headers", "there are too many headers"))
        else:
            self.refuse(RefusedError(400, "not_http", "this is not HTTP as it should be"))

    def allHeadersReceived(self) -> None:  # noqa: N802
        headers = self.requests[-1].requestHeaders
        known = any(map(headers.hasHeader, _CREDENTIALS))
        self._body_bytes_max = BODY_BYTES_MAX if known else STRANGERS_BODY_BYTES_MAX
        self._wire_bytes = self._pieces = 0
        self.client = self.peer or self.census.client_of(self.address, headers.getAllRawHeaders())
        self._enter(Phase.BODY)
        super().allHeadersReceived()

    def takes_body(self, length: int | None) -> io.BytesIO:
        """Where it is kept. `length`: as announced, None when it comes in chunks.

        Raises RefusedError.
        """
        upgrades = self.requests[-1].requestHeaders.getRawHeaders(b"Upgrade", [b""])
        if length != 0 and upgrades[0].lower() == b"websocket":
            raise RefusedError(400, "not_http", "a WebSocket's request has no body")
        self._refuse_above_limit(length or 0)
        return io.BytesIO()

    def takes_piece(self, size: int) -> None:
        """Of a body of which so much has come with it. Raises RefusedError."""
        self._pieces += 1
        if self._pieces > FREE_PIECES + size // PIECE_BYTES:
            raise RefusedError(413, "body_in_pieces", "the body comes in too many pieces")
        self._refuse_above_limit(size)

    def rawDataReceived(self, data: bytes) -> None:  # noqa: N802
        if self.transport.protocol is not self:  # it has become a WebSocket in this very read
            self.transport.protocol.dataReceived(data)
            return
        if self._handlingRequest:
            super().rawDataReceived(data)
            if len(self._dataBuffer) > EARLY_PIECES_MAX and not self._waitingForTransport:
                self._networkProducer.pauseProducing()
            return
        self._wire_bytes += len(data)
        self._refuse_above_limit(self._wire_bytes // WIRE_BYTES_FACTOR)
        self.census.holds(self, self._wire_bytes)
        if not self._has_ended:
            super().rawDataReceived(data)

    def allContentReceived(self) -> None:  # noqa: N802
        _, path = split_target(self._path)
        is_probe = path.partition(b"?")[0] in _PROBES and self._command in (b"GET", b"HEAD")
        self.turn = self.census.asks(self, is_probe=is_probe)
        self._phase = Phase.ANSWER
        super().allContentReceived()

    def requestDone(self, request: Any) -> None:  # noqa: N802
        self._enter(Phase.IDLE)
        self._give_turn_back()
        self.census.waits(self)
        if not self._has_ended:
            super().requestDone(request)

    def _refuse_above_limit(self, size: int) -> None:
        if size <= self._body_bytes_max:
            return
        if self._body_bytes_max == BODY_BYTES_MAX:
            raise RefusedError(413, "large_body", "the body is larger than 256 KiB")
        raise RefusedError(413, "large_body_without_key", "a body above 64 KiB needs a key")

    def take_turn(self) -> Turn:
        """Once an application has been made: until it begins to answer."""
        turn, self.turn = self.turn, None
        return turn or Turn()

    # How it ends.

    def goes(self) -> None:
        """Whatever protocol it speaks by then."""
        self._give_turn_back()
        self.census.goes(self)

    def _give_turn_back(self) -> None:
        self.census.begins(self.take_turn())

    def look(self, now: float) -> None:
        if self._has_ended:
            return
        waited = now - self._since
        if self._phase is Phase.IDLE and waited > self.factory.server.idle_seconds:
            self._end_idle(now)
        elif self._phase is Phase.HEADERS and waited > HEADERS_SECONDS:
            self.refuse(RefusedError(408, "slow_headers", "the headers took too long"))
        elif self._phase is Phase.BODY and waited > max(
            BODY_SECONDS, self._wire_bytes / BODY_BYTES_A_SECOND
        ):
            self.refuse(RefusedError(408, "slow_body", "the body took too long"))

    def _end_idle(self, now: float) -> None:
        """An orderly end waits for its client to read the last answer. While it does, we wait."""
        before, self._unread = self._unread, unread_bytes(self.transport)
        if 0 < self._unread < before:
            self._since = now - self.factory.server.idle_seconds + UNREAD_SECONDS
            return
        self._stop_reading()
        end = self.transport.abortConnection if self._unread else self.transport.loseConnection
        end()

    def refuse(self, refused: RefusedError) -> None:
        """With a last answer."""
        if self._say(refused):
            self.part()

    def part(self) -> None:
        """What was said last can be read for a moment, and nothing more is read here. A client that
        comes again at once comes once in that time, or with ever more connections: those that part
        are among those that wait, of whom its peer has a share."""
        if not self._has_ended:
            self._stop_reading()
        self.transport.pauseProducing()
        self.transport.loseWriteConnection()
        self.callLater(LINGER_SECONDS, self.transport.abortConnection)
        self.census.waits(self)

    def end(self, refused: RefusedError) -> None:
        """At once: its place is needed. One that was idle is told nothing: it asked for nothing."""
        if self._say(refused):
            self.transport.loseConnection()
            self.callLater(LINGER_SECONDS, self.transport.abortConnection)
        else:
            self.transport.abortConnection()

    def _say(self, refused: RefusedError) -> bool:
        if self._has_ended:
            return False
        of_door = not self.peer and self._phase is Phase.BODY
        who = self.client if of_door else self.address
        self.factory.server.refusals.note(refused.reason, who, str(refused))
        self._stop_reading()
        if self._phase is not Phase.IDLE:
            self.transport.write(answer_of(refused.status, str(refused)))
        return True

    def _stop_reading(self) -> None:
        self._has_ended = True
        self._give_turn_back()
        self.clearLineBuffer()
        if self._phase is Phase.BODY and (body := self.requests[-1].content) is not None:
            body.close()
            self.census.holds(self, 0)
        self._networkProducer.unregisterProducer()

    def _enter(self, phase: Phase) -> None:
        self._phase, self._since, self._unread = phase, time.monotonic(), math.inf
