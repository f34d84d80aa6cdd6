"""Syslog over TCP. Confirmed is what the receiver's kernel has acknowledged.

Syslog has no answer of its own, so this is as far as anybody can know; see docs/delivery.md,
"What confirms a line".
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Self, cast

from drains.delivery.network.dialing import Connected, attach
from drains.delivery.network.errors import ConnectionEndedError, HungError, explain
from drains.delivery.network.heard import Heard
from drains.delivery.network.kernel import (
    CAN_ASK,
    error_of,
    round_trip_seconds,
    unacknowledged_bytes,
)
from drains.delivery.sender import Ended, WriteT
from drains.delivery.senders.checkpoints import KEPT_SECONDS
from drains.delivery.senders.counted import CountedSender

CLOSE_SECONDS = 4.0
QUIET_SECONDS = 0.5
"""A receiver that ends a connection over what it has read does so at once: whoever has not by then
is asked by our end of the stream."""
STUCK_SECONDS = 4.0
_LOOK_SECONDS = 0.02
LISTEN_SECONDS, PATIENT_SECONDS = 0.01, 1.0
"""One that shuts its own direction at once, before it is sent anything, only reads. That much
longer than a round trip it is listened to first; and one of which that is suspected."""
HEARD_BYTES_MAX = 1024 * 1024
"""Syslog has no answers: a receiver that says so much more than it is sent only costs time."""
_PIECE_BYTES_MIN = 256
"""For each costs a turn of the loop, however short it is."""


class TcpSender(CountedSender[WriteT], asyncio.Protocol):
    """One open connection. Made by `begin`."""

    def __init__(self, ended: Ended) -> None:
        super().__init__(ended)
        self._transport: asyncio.Transport
        self._given_to_kernel = 0
        self._only_reads = False
        """It has shut its own direction at once."""
        self._is_new: asyncio.Future[None] | None = asyncio.get_running_loop().create_future()
        """Done when it has; None when it is too late for that."""
        self._finishing: asyncio.Task[None] | None = None
        self._said_all = False
        self._all_read = False
        self._heard_bytes = 0
        self._last_confirmed: list[WriteT] = []

    @classmethod
    async def begin(
        cls, connected: Connected, ended: Ended, heard: Heard, *, patient: bool = False
    ) -> Self:
        """On a connection that is open. `patient`: as in build.Connector. Raises DialError."""
        seconds = PATIENT_SECONDS if patient else LISTEN_SECONDS + round_trip_seconds(connected)
        made = await attach(connected, lambda: cls(ended), heard)
        if made._is_new is not None:
            await asyncio.wait([made._is_new], timeout=seconds)
        made._is_new = None
        return made

    @property
    def buffered_bytes(self) -> int:
        return self._transport.get_write_buffer_size()

    def send(self, pieces: Sequence[bytes], write: WriteT) -> None:
        (data,) = pieces
        self._write(data, write)

    def confirm(self, now: float) -> list[WriteT]:
        self._look_at_buffer()
        if self._only_reads:
            self._look_for_a_reset()
        last, self._last_confirmed = self._last_confirmed, []
        return last + self._checkpoints.confirm(self._acknowledged_bytes(), now)

    def to_send_again(self, now: float, *, hung: bool = False) -> list[WriteT]:
        if self._all_read:
            return list(self.unconfirmed)
        return self._checkpoints.to_send_again(now, hung=hung)

    def finish(self, wait_seconds: float, *, must_close: bool) -> None:
        finishing = self._finish(wait_seconds, must_close=must_close)
        self._finishing = asyncio.create_task(finishing, name="finish")

    def close(self) -> None:
        self._ended = None
        self._stop_finishing()
        self._transport.close()
        asyncio.get_running_loop().call_later(CLOSE_SECONDS, self._transport.abort)

    def abort(self) -> None:
        self._ended = None
        self._stop_finishing()
        self._transport.abort()

    # What asyncio tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._heard_bytes += max(len(data), _PIECE_BYTES_MIN)
        if self._heard_bytes > HEARD_BYTES_MAX + self._checkpoints.written_bytes:
            self._end(ConnectionEndedError("the receiver sends data, which syslog has no use for"))
            self.abort()

    def eof_received(self) -> bool:
        """The receiver closed its side: it takes no more, as syslog has nothing to answer; in
        answer to our own end it has read all.

        One that did so before anything was sent cannot be told from one that only reads: if it has
        closed both sides, it answers with a reset, and confirms nothing.
        """
        if self._is_new is not None:
            self._only_reads = True
            self._is_new.set_result(None)
            return True
        self._all_read = self._said_all
        too_soon = self._finishing is not None and not self._said_all
        self._end(ConnectionEndedError("connection closed by the receiver") if too_soon else None)
        self.close()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        ended = HungError if isinstance(exc, TimeoutError) else ConnectionEndedError
        self._end(ended(explain(exc)) if exc else None)

    def _write(self, data: bytes, write: WriteT) -> None:
        self._checkpoints.wrote(len(data), write)
        self._transport.write(data)
        self._look_at_buffer()

    def _end(self, error: Exception | None) -> None:
        if self._ended is not None:
            ended, self._ended = self._ended, None
            self._stop_finishing()
            # The last reading: the socket still answers, also after a reset.
            loop = asyncio.get_running_loop()
            confirmed = self._checkpoints.confirm(self._acknowledged_bytes(), loop.time())
            self._last_confirmed += confirmed
            ended(error)

    async def _finish(self, wait_seconds: float, *, must_close: bool) -> None:
        if await self._all_is_confirmed():
            await asyncio.sleep(QUIET_SECONDS)
            if not self._only_reads:
                self._say_all()
            stands = self._only_reads or not must_close
            await asyncio.sleep(max(wait_seconds, KEPT_SECONDS) if stands else wait_seconds)
            if self._only_reads:
                self._look_for_a_reset()
            self._all_read = stands
        self._end(None if self._all_read else HungError())
        self.abort()

    async def _all_is_confirmed(self) -> bool:
        """False when nothing more of it is for so long."""
        clock = asyncio.get_running_loop().time
        before, since = -1, clock()
        while (confirmed := self._acknowledged_bytes()) < self._checkpoints.written_bytes:
            if confirmed > before:
                before, since = confirmed, clock()
            elif clock() - since > STUCK_SECONDS:
                return False
            await asyncio.sleep(_LOOK_SECONDS)
            self._look_at_buffer()
        return True

    def _stop_finishing(self) -> None:
        if self._finishing is not None and self._finishing is not asyncio.current_task():
            self._finishing.cancel()

    def _say_all(self) -> None:
        """Our end of the stream."""
        self._said_all = True
        with suppress(OSError):  # it has just been reset, and that will be told
            self._transport.write_eof()

    def _look_for_a_reset(self) -> None:
        """asyncio listens no more to one that has shut its direction."""
        error = None if self._ended is None else error_of(self._transport.get_extra_info("socket"))
        if error is not None:
            self._end(ConnectionEndedError(explain(error)))
            self.abort()

    def _look_at_buffer(self) -> None:
        # A transport that fails empties its buffer before it tells: only what is seen while
        # it lives may be counted as given to the kernel.
        buffered = self._transport.get_write_buffer_size()
        if not self._transport.is_closing():
            self._given_to_kernel = self._checkpoints.written_bytes - buffered

    def _acknowledged_bytes(self) -> int:
        if not CAN_ASK:
            return self._given_to_kernel
        missing = unacknowledged_bytes(self._transport.get_extra_info("socket"))
        return 0 if missing is None else self._given_to_kernel - missing  # no reading: nothing
