"""Syslog over TCP. Confirmed is what the receiver's kernel has acknowledged.

Syslog has no answer of its own, so this is as far as anybody can know; see engine.md, "What
confirms a line".
"""

from __future__ import annotations

import asyncio
import fcntl
import struct
import sys
import termios
from collections.abc import Iterator
from typing import Generic, TypeVar, cast

from drains.delivery.checkpoints import Checkpoints, StepBack
from drains.delivery.dialing import dial
from drains.delivery.errors import ConnectionEndedError, DialError, explain
from drains.delivery.sender import Ended
from drains.destination import Destination

CLOSE_SECONDS = 4.0
_CAN_ASK_KERNEL = sys.platform == "linux"

MarkT = TypeVar("MarkT")


class TcpSender(asyncio.Protocol, Generic[MarkT]):
    """One open connection. Made by `connect`."""

    def __init__(self, ended: Ended) -> None:
        self._ended: Ended | None = ended
        self._checkpoints: Checkpoints[MarkT] = Checkpoints()
        self._transport: asyncio.Transport
        self._given_to_kernel = 0

    @classmethod
    async def connect(cls, destination: Destination, ended: Ended) -> TcpSender[MarkT]:
        """Raises DialError."""
        connected = await dial(destination)
        loop = asyncio.get_running_loop()
        try:
            _, sender = await loop.create_connection(lambda: cls(ended), sock=connected)
        except OSError as error:  # it was reset while we took it over
            raise DialError(explain(error)) from error
        return sender

    @property
    def buffered_bytes(self) -> int:
        return self._transport.get_write_buffer_size()

    @property
    def confirmed_bytes(self) -> int:
        return self._checkpoints.confirmed_bytes

    @property
    def unconfirmed(self) -> Iterator[MarkT]:
        return (mark for _, mark in self._checkpoints.unconfirmed)

    def send(self, data: bytes, mark: MarkT) -> None:
        self._checkpoints.wrote(len(data), mark)
        self._transport.write(data)
        self._look_at_buffer()

    def confirm(self, now: float) -> list[MarkT]:
        self._look_at_buffer()
        return self._checkpoints.confirm(self._acknowledged_bytes(), now)

    def to_send_again(self, distrusted: StepBack, now: float) -> list[MarkT]:
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

    def eof_received(self) -> None:
        """The receiver closed its side: it takes no more, as syslog has nothing to answer."""
        self._end(None)
        self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(ConnectionEndedError(explain(exc)) if exc else None)

    def _end(self, error: Exception | None) -> None:
        if self._ended is not None:
            ended, self._ended = self._ended, None
            # The last reading: the socket still answers, also after a reset.
            loop = asyncio.get_running_loop()
            self._checkpoints.confirm(self._acknowledged_bytes(), loop.time())
            ended(error)

    def _look_at_buffer(self) -> None:
        # A transport that fails empties its buffer before it tells: only what is seen while
        # it lives may be counted as given to the kernel.
        buffered = self._transport.get_write_buffer_size()
        if not self._transport.is_closing():
            self._given_to_kernel = self._checkpoints.written_bytes - buffered

    def _acknowledged_bytes(self) -> int:
        if not _CAN_ASK_KERNEL:
            return self._given_to_kernel
        connection = self._transport.get_extra_info("socket")
        try:
            answer = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
        except OSError:  # no reading confirms nothing
            return 0
        return self._given_to_kernel - cast(int, struct.unpack("i", answer)[0])
