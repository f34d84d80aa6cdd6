"""WebSockets of readers, who have nothing to say: what comes in is counted, and goes nowhere.

daphne puts each message into a queue without a bound, and autobahn answers each ping: a client that
sends frames of one byte filled both, and the loop's time. A reader's program sends pongs, and now
and then a ping or a word of its own; more is the end (1008), at once.
"""

from __future__ import annotations

import time
from typing import Any

from autobahn.util import encode_truncate
from daphne.ws_protocol import WebSocketProtocol

from logshuttle_site.connections.refusals import answer_of

FRAMES_AT_ONCE, SECONDS_A_FRAME = 10, 2.0
"""Of any kind: so many at once, and one more each two seconds."""
FRAME_BYTES_MAX = 1024
EARLY_BYTES_MAX = 4096
"""That are read before the handshake is answered."""
POLICY_VIOLATION = 1008
CLOSE_REASON_BYTES_MAX = 123

_STATUS_OF = {4404: 404, 4422: 422, 4429: 429, 1013: 503}
"""Of a handshake that the application refuses: its close code says why."""


class ReaderSocket(WebSocketProtocol):  # type: ignore[misc]
    state: int
    _frames_left = float(FRAMES_AT_ONCE)
    _counted_at = 0.0
    _has_parted = False

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        if self.state != self.STATE_CONNECTING or not hasattr(self, "application_deferred"):
            super().dataReceived(data)
            return
        self.data += data  # autobahn would read it as a second handshake
        if len(self.data) > EARLY_BYTES_MAX:  # an end would let it come again, and faster
            self.transport.pauseProducing()

    def onOpen(self) -> None:  # noqa: N802
        super().onOpen()
        self.transport.resumeProducing()

    def onConnect(self, request: Any) -> Any:  # noqa: N802
        request.headers.pop("sec-websocket-protocol", None)  # we speak none, and daphne reads ASCII
        return super().onConnect(request)

    def onFrameBegin(self) -> None:  # noqa: N802
        now = time.monotonic()
        more = (now - self._counted_at) / SECONDS_A_FRAME
        self._frames_left = min(self._frames_left + more, FRAMES_AT_ONCE) - 1
        self._counted_at = now
        if self._frames_left < 0:
            self._refuse(POLICY_VIOLATION, "socket_frames", "this reader says too much")
        else:
            super().onFrameBegin()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803
        """Nobody wants it."""

    def _fail_connection(self, code: int = 1001, reason: str = "going away") -> None:
        self._refuse(code, "socket_protocol", reason)

    def _refuse(self, code: int, word: str, why: str) -> None:
        """A close frame, and nothing more is read."""
        if self.state == self.STATE_CLOSED:
            return
        self._note(word, why)
        self._close(code, why)
        self.application_queue.put_nowait({"type": "websocket.disconnect", "code": code})
        self.muted = True
        self._part(why)

    def _part(self, why: str) -> None:
        self.server.protocol_disconnected(self)
        self.data = b""  # daphne keeps us for a second or two
        self.wasNotCleanReason = why
        self._has_parted = True
        self.dropConnection(abort=False)

    def _closeConnection(self, abort: bool = False) -> None:  # noqa: N802
        if self._has_parted:
            self.transport.channel.part()
        else:
            super()._closeConnection(abort)

    def onClose(self, wasClean: bool, code: int, reason: str) -> None:  # noqa: N802, N803
        if self in self.server.connections:  # daphne forgets in a second whom we have ended
            super().onClose(wasClean, code, reason)

    # What the application says.

    def handle_reply(self, message: Any) -> None:
        if message["type"] != "websocket.close":
            super().handle_reply(message)
        elif self.state == self.STATE_CONNECTING:
            self._deny(message.get("code"), message.get("reason"))
        else:  # autobahn's own way refuses codes such as 1012
            self._close(message.get("code") or 1000, message.get("reason") or "")

    def _deny(self, code: int | None, reason: str | None) -> None:
        """Answers the handshake as HTTP, which says more than any close code."""
        status = _STATUS_OF.get(code or 0, 403)
        why = reason or "this WebSocket is not for you"
        self._note(f"handshake_{status}", why)
        self.sendData(answer_of(status, why))
        del self.handshake_deferred
        self._part(why)

    def _close(self, code: int, why: str) -> None:
        self.sendCloseFrame(code, encode_truncate(why, CLOSE_REASON_BYTES_MAX) or None)

    def _note(self, word: str, why: str) -> None:
        peer = self.client_addr[0] if self.client_addr else "a WebSocket"
        self.server.refusals.note(word, str(peer), why)
