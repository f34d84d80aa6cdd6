"""Syslog over UDP (RFC 5426): a datagram a record. Confirmed is what the kernel has taken.

The protocol has no more to give: a datagram that nobody receives is lost, and nobody knows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast

from drains.delivery.network.errors import explain
from drains.delivery.sender import Ended, WriteT
from drains.delivery.senders.checkpoints import StepBack
from drains.delivery.senders.counted import CountedSender


class UdpSender(CountedSender[WriteT], asyncio.DatagramProtocol):
    """What a receiver refuses is shown, not sent again."""

    capacity_bytes = 1024 * 1024

    def __init__(self, ended: Ended) -> None:
        super().__init__(ended)
        self._transport: asyncio.DatagramTransport

    @property
    def buffered_bytes(self) -> int:
        held: int = self._transport.get_write_buffer_size()  # type: ignore[attr-defined]
        return held

    def send(self, pieces: Sequence[bytes], write: WriteT) -> None:
        (data,) = pieces
        records = data.split(b"\n")
        records.pop()  # nothing is behind the last one's LF
        for record in records:
            self._transport.sendto(record)
        self._checkpoints.wrote(len(data) - len(records), write)

    def confirm(self, now: float) -> list[WriteT]:
        taken = self._checkpoints.written_bytes - self.buffered_bytes
        return self._checkpoints.confirm(taken, now)

    def to_send_again(self, distrusted: StepBack, now: float) -> list[WriteT]:
        return list(self.unconfirmed)

    def close(self) -> None:
        self._ended = None
        self._transport.close()

    def abort(self) -> None:
        self._ended = None
        self._transport.abort()

    # What asyncio tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def error_received(self, exc: Exception) -> None:
        self.trouble = explain(exc)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._ended is not None:
            ended, self._ended = self._ended, None
            ended(exc)
