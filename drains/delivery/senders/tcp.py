"""Syslog over TCP. Confirmed is what the receiver's kernel has acknowledged.

Syslog has no answer of its own, so this is as far as anybody can know; see engine.md, "What
confirms a line".
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast

from drains.delivery.network.errors import ConnectionEndedError, explain
from drains.delivery.network.kernel import CAN_ASK, receive_window, unacknowledged_bytes
from drains.delivery.sender import Ended, WriteT
from drains.delivery.senders.checkpoints import StepBack
from drains.delivery.senders.counted import CountedSender

CLOSE_SECONDS = 4.0
WINDOW_SECONDS = 4.0
"""Less than what is confirmed is kept for: what is then still unread is not forgotten."""
WINDOW_SLACK = 1.5
"""A kernel takes somewhat more than the window it shows: 128,000 bytes for 108,544."""
HEARD_BYTES_MAX = 1024 * 1024
"""Syslog has no answers: a receiver that says so much only costs time."""


class TcpSender(CountedSender[WriteT], asyncio.Protocol):
    """One open connection."""

    def __init__(self, ended: Ended) -> None:
        super().__init__(ended)
        self._transport: asyncio.Transport
        self._given_to_kernel = 0
        self._widest_window = 0
        self._look_at_window_at = 0.0
        self._heard_bytes = 0
        self._last_confirmed: list[WriteT] = []

    @property
    def buffered_bytes(self) -> int:
        return self._transport.get_write_buffer_size()

    def send(self, pieces: Sequence[bytes], write: WriteT) -> None:
        (data,) = pieces
        self._write(data, write)

    def confirm(self, now: float) -> list[WriteT]:
        self._look_at_buffer()
        if now >= self._look_at_window_at:
            self._look_at_window_at = now + WINDOW_SECONDS
            self._look_at_window()
        last, self._last_confirmed = self._last_confirmed, []
        return last + self._checkpoints.confirm(self._acknowledged_bytes(), now)

    def to_send_again(self, distrusted: StepBack, now: float) -> list[WriteT]:
        return self._checkpoints.to_send_again(distrusted, now)

    def close(self) -> None:
        self._ended = None
        self._transport.close()
        asyncio.get_running_loop().call_later(CLOSE_SECONDS, self._transport.abort)

    def abort(self) -> None:
        self._ended = None
        self._transport.abort()

    # What asyncio tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._look_at_window()

    def data_received(self, data: bytes) -> None:
        self._heard_bytes += len(data)
        if self._heard_bytes > HEARD_BYTES_MAX:
            self._end(ConnectionEndedError("the receiver sends data, which syslog has no use for"))
            self.abort()

    def eof_received(self) -> None:
        """The receiver closed its side: it takes no more, as syslog has nothing to answer."""
        self._end(None)
        self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(ConnectionEndedError(explain(exc)) if exc else None)

    def _write(self, data: bytes, write: WriteT) -> None:
        self._checkpoints.wrote(len(data), write)
        self._transport.write(data)
        self._look_at_buffer()

    def _end(self, error: Exception | None) -> None:
        if self._ended is not None:
            ended, self._ended = self._ended, None
            self._look_at_window()
            if error is None:  # a kernel that held unread bytes would have sent a reset
                self._checkpoints.unread_bytes = 0
            # The last reading: the socket still answers, also after a reset.
            loop = asyncio.get_running_loop()
            confirmed = self._checkpoints.confirm(self._acknowledged_bytes(), loop.time())
            self._last_confirmed += confirmed
            ended(error)

    def _look_at_buffer(self) -> None:
        # A transport that fails empties its buffer before it tells: only what is seen while
        # it lives may be counted as given to the kernel.
        buffered = self._transport.get_write_buffer_size()
        if not self._transport.is_closing():
            self._given_to_kernel = self._checkpoints.written_bytes - buffered

    def _look_at_window(self) -> None:
        """A receiver that does not read closes its window as its kernel's buffer fills."""
        window = receive_window(self._transport.get_extra_info("socket")) if CAN_ASK else None
        if window is not None:
            self._widest_window = max(self._widest_window, window)
            closed = self._widest_window - window
            self._checkpoints.unread_bytes = int(closed * WINDOW_SLACK)

    def _acknowledged_bytes(self) -> int:
        if not CAN_ASK:
            return self._given_to_kernel
        missing = unacknowledged_bytes(self._transport.get_extra_info("socket"))
        return 0 if missing is None else self._given_to_kernel - missing  # no reading: nothing
