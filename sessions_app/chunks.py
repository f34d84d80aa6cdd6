"""A tail in HTTP chunks that we make ourselves: once for all viewers, and many in one write.

Clients of the original test a whole chunk when they filter, and show all of it or nothing. So text
has a chunk a line, as long as that can be afforded: in the backlog, and while lines come slowly.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from sessions_app.tail.encoders import Said, StreamEncoder, TextEncoder, writes
from sessions_app.tail.live.blocks import Block, LineSlice
from sessions_app.tail.signer import Signer
from sessions_app.tail.tail import BacklogEnd, Event

IN_CHUNKS = "logshuttle.in_chunks"
"""An extension of ASGI: a server that offers it writes a body as it is where the answer says
`Transfer-Encoding: chunked`, and ends it."""
SLOW_LINES_PER_SECOND = 500


class InChunks:
    """Events → what to write for them. Lines of text a chunk each, or together; all else a chunk a
    write."""

    def __init__(self, encoder: StreamEncoder, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._together = encoder
        self._each = _LineChunks(encoder) if isinstance(encoder, TextEncoder) else None
        self._pace = Pace(clock())
        self._is_live = False

    def __call__(self, events: Sequence[Event]) -> Iterator[bytes]:
        if self._each is not None and self._come_slowly(events):
            return writes(self._each, events)
        return map(chunk, writes(self._together, events))

    def _come_slowly(self, events: Sequence[Event]) -> bool:
        if not self._is_live:
            self._is_live = BacklogEnd() in events
            return True
        lines = sum(len(event.indices) for event in events if isinstance(event, LineSlice))
        return self._pace.is_slow(lines, self._clock())


class Pace:
    """Lines over about a second, as a bucket that leaks as much as is slow."""

    def __init__(self, now: float) -> None:
        self._level = 0.0
        self._at = now

    def is_slow(self, lines: int, now: float) -> bool:
        """Whether these, which have just come, keep below `SLOW_LINES_PER_SECOND`."""
        most = float(SLOW_LINES_PER_SECOND)
        left = max(self._level - (now - self._at) * most, 0.0)
        # However fast they were: when they are slow again, that is seen within a second.
        self._level, self._at = min(left + lines, 2 * most), now
        return self._level <= most


def chunk(data: bytes) -> bytes:
    """One of HTTP/1.1 (RFC 9112 section 7.1). An empty one would be the end: nothing is made of
    nothing."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


class _LineChunks:
    """Text, a chunk a line."""

    name, opening, joint, escapes_cuts = "text in chunks", b"", b"", False
    signer: Signer | None = None

    def __init__(self, text: TextEncoder) -> None:
        self._text = text

    def line(self, block: Block, index: int) -> bytes:
        return chunk(self._text.line(block, index))

    def frame(self, lines: Sequence[bytes]) -> bytes:
        return b"".join(lines)

    def said(self, event: Said) -> bytes:
        return chunk(self._text.said(event))
