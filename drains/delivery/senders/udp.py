"""Syslog over UDP (RFC 5426): a datagram a record. Confirmed is what the kernel has taken.

The protocol has no more to give: a datagram that nobody receives is lost, and nobody knows. What
comes in one burst overruns a receiver's buffer, so datagrams wait here and go at a pace.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import cast

from drains.delivery.network.errors import explain
from drains.delivery.sender import Ended, WriteT
from drains.delivery.senders.counted import CountedSender

BURST_DATAGRAMS = 25
BURST_SECONDS = 0.005
"""So many datagrams in this time: 5,000 a second."""
CLOSE_SECONDS = 5.0
"""How long what is waiting may take when no more is to come: a full queue takes 4 s."""


class UdpSender(CountedSender[WriteT], asyncio.DatagramProtocol):
    """What a receiver refuses is shown, not sent again."""

    capacity_bytes = 1024 * 1024

    def __init__(self, ended: Ended) -> None:
        super().__init__(ended)
        self._transport: asyncio.DatagramTransport
        self._loop = asyncio.get_running_loop()
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        self._taken_bytes = 0
        """By the kernel, as far as it was seen while the transport was open."""
        self._left = BURST_DATAGRAMS
        """Of this burst."""
        self._sent_at = 0.0
        self._next_burst: asyncio.TimerHandle | None = None
        """None while nothing waits for it."""
        self._close_at: float | None = None

    @property
    def buffered_bytes(self) -> int:
        return self._queued_bytes + self._held_bytes

    @property
    def _held_bytes(self) -> int:
        held: int = self._transport.get_write_buffer_size()  # type: ignore[attr-defined]
        return held

    def send(self, pieces: Sequence[bytes], write: WriteT) -> None:
        (data,) = pieces
        records = data.split(b"\n")
        records.pop()  # nothing is behind the last one's LF
        size = len(data) - len(records)
        self._checkpoints.wrote(size, write)
        self._queue += records
        self._queued_bytes += size
        if self._next_burst is None and not self._transport.is_closing():
            if self._loop.time() - self._sent_at >= BURST_SECONDS:
                self._left = BURST_DATAGRAMS
            self._send_some()

    def confirm(self, now: float) -> list[WriteT]:
        if not self._transport.is_closing():  # which forgets what it held
            self._taken_bytes = self._checkpoints.written_bytes - self.buffered_bytes
        return self._checkpoints.confirm(self._taken_bytes, now)

    def to_send_again(self, now: float, *, hung: bool = False) -> list[WriteT]:
        return list(self.unconfirmed)

    def close(self) -> None:
        self._ended = None
        if self._close_at is None:
            self._close_at = self._loop.time() + CLOSE_SECONDS
            self._close_if_due(self._loop.time())

    def abort(self) -> None:
        self._ended = None
        self._stop()
        self._transport.abort()

    # What asyncio tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def error_received(self, exc: Exception) -> None:
        self.trouble = explain(exc)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        if self._ended is not None:
            ended, self._ended = self._ended, None
            ended(exc)

    # Inside.

    def _begin_burst(self) -> None:
        self._left = BURST_DATAGRAMS
        self._send_some()

    def _send_some(self) -> None:
        """What is left of this burst; the rest waits for the next."""
        now = self._loop.time()
        while self._queue and self._left and not self._held_bytes:
            record = self._queue.popleft()
            self._queued_bytes -= len(record)
            self._left -= 1
            self._sent_at = now
            self._transport.sendto(record)
        waits, at = bool(self._queue), now + BURST_SECONDS
        self._next_burst = self._loop.call_at(at, self._begin_burst) if waits else None
        self._close_if_due(now)

    def _close_if_due(self, now: float) -> None:
        if self._close_at is not None and (not self._queue or now >= self._close_at):
            self._stop()
            self._transport.close()

    def _stop(self) -> None:
        if self._next_burst is not None:
            self._next_burst.cancel()
            self._next_burst = None
