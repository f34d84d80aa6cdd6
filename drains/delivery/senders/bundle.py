"""Several connections to one receiver, to their owner like one.

A line's tag decides which connection it goes through, so that the lines of a tag keep their
order. One that ends ends them all.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Generic, cast

from drains.delivery.network.errors import DialError
from drains.delivery.sender import Ended, Finishing, Sender, WriteT


class Share(Generic[WriteT]):
    """What several connections hold of one write."""

    __slots__ = ("last", "left", "number", "write")

    def __init__(self, write: WriteT, number: int, left: int) -> None:
        self.write = write
        self.number = self.last = number
        """The first and the last write that are in it, when it was joined with others."""
        self.left = left
        """Connections that have not confirmed their piece."""

    @property
    def name(self) -> str:
        return self.write.name

    def joined(self, behind: Share[WriteT]) -> Share[WriteT]:
        both = Share(self.write.joined(behind.write), self.number, 0)
        both.last = behind.last
        return both

    @property
    def unanswered(self) -> int:
        return self.write.unanswered


class Bundle(Generic[WriteT]):
    """Made first, so that its connections can tell it of their end; then `adopt` gives them."""

    def __init__(self, ended: Ended) -> None:
        self._ended: Ended | None = ended
        self._senders: Sequence[Sender[Share[WriteT]]] = ()
        self._open: deque[Share[WriteT]] = deque()
        self._sent = 0
        self._confirmed: list[WriteT] = []
        self._finishing = 0
        """Connections that are to show whether all has been read."""
        self.capacity_bytes = 0

    def adopt(self, senders: Sequence[Sender[Share[WriteT]]]) -> None:
        """Raises DialError when one of them has ended by now."""
        if self._ended is None:
            for sender in senders:
                sender.abort()
            raise DialError("connection closed by the receiver")
        self._senders = senders
        self.capacity_bytes = sum(sender.capacity_bytes for sender in senders)

    def one_ended(self, error: Exception | None) -> None:
        self._finishing -= 1
        if error is None and self._finishing > 0:
            return
        ended, self._ended = self._ended, None
        if ended is not None and self._senders:
            self._confirmed = self.confirm(asyncio.get_running_loop().time())
            self.close()
            ended(error)

    @property
    def trouble(self) -> str | None:
        return next((sender.trouble for sender in self._senders if sender.trouble), None)

    @property
    def lines_refused(self) -> int:
        return sum(sender.lines_refused for sender in self._senders)

    @property
    def buffered_bytes(self) -> int:
        return sum(sender.buffered_bytes for sender in self._senders)

    @property
    def progressed_at(self) -> float:
        return max(sender.progressed_at for sender in self._senders)

    @property
    def certificate_ends_at(self) -> float | None:
        ends = (sender.certificate_ends_at for sender in self._senders)
        return min((at for at in ends if at is not None), default=None)

    @property
    def confirmed_bytes(self) -> int:
        return sum(sender.confirmed_bytes for sender in self._senders)

    @property
    def unconfirmed(self) -> Iterator[WriteT]:
        return (share.write for share in self._open)

    def send(self, pieces: Sequence[bytes], write: WriteT) -> None:
        self._sent += 1
        share = Share(write, self._sent, sum(map(bool, pieces)))
        self._open.append(share)
        for sender, piece in zip(self._senders, pieces, strict=True):
            if piece:
                sender.send((piece,), share)

    def confirm(self, now: float) -> list[WriteT]:
        for sender in self._senders:
            for share in sender.confirm(now):
                share.left -= 1
        confirmed, self._confirmed = self._confirmed, []
        while self._open and not self._open[0].left:
            confirmed.append(self._open.popleft().write)
        return confirmed

    def to_send_again(self, now: float, *, hung: bool = False) -> list[WriteT]:
        shares = {(share.number, share.last): share for share in self._open}
        for sender in self._senders:
            for share in sender.to_send_again(now, hung=hung):
                shares[share.number, share.last] = share
        return [shares[numbers].write for numbers in sorted(shares)]

    def finish(self, wait_seconds: float, *, must_close: bool) -> None:
        self._finishing = len(self._senders)
        for sender in self._senders:
            cast(Finishing, sender).finish(wait_seconds, must_close=must_close)

    def close(self) -> None:
        self._ended = None
        for sender in self._senders:
            sender.close()

    def abort(self) -> None:
        self._ended = None
        for sender in self._senders:
            sender.abort()

    async def wait_closed(self) -> None:
        for sender in self._senders:
            await sender.wait_closed()
