"""Several connections to one receiver, to their owner like one.

A line's tag decides which connection it goes through, so that the lines of a tag keep their
order. One that ends ends them all.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Generic

from drains.delivery.checkpoints import StepBack
from drains.delivery.errors import DialError
from drains.delivery.sender import Ended, MarkT, Sender


class Share(Generic[MarkT]):
    """What several connections hold of one write."""

    __slots__ = ("left", "mark", "number")

    def __init__(self, mark: MarkT, number: int, left: int) -> None:
        self.mark = mark
        self.number = number
        self.left = left
        """Connections that have not confirmed their piece."""

    @property
    def name(self) -> str:
        return self.mark.name


class Bundle(Generic[MarkT]):
    """Made first, so that its connections can tell it of their end; then `adopt` gives them."""

    def __init__(self, ended: Ended) -> None:
        self._ended: Ended | None = ended
        self._senders: Sequence[Sender[Share[MarkT]]] = ()
        self._open: deque[Share[MarkT]] = deque()
        self._sent = 0
        self._confirmed: list[MarkT] = []
        self.capacity_bytes = 0

    def adopt(self, senders: Sequence[Sender[Share[MarkT]]]) -> None:
        """Raises DialError when one of them has ended by now."""
        if self._ended is None:
            for sender in senders:
                sender.abort()
            raise DialError("connection closed by the receiver")
        self._senders = senders
        self.capacity_bytes = sum(sender.capacity_bytes for sender in senders)

    def one_ended(self, error: Exception | None) -> None:
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
    def confirmed_bytes(self) -> int:
        return sum(sender.confirmed_bytes for sender in self._senders)

    @property
    def unconfirmed(self) -> Iterator[MarkT]:
        return (share.mark for share in self._open)

    def send(self, pieces: Sequence[bytes], mark: MarkT) -> None:
        self._sent += 1
        share = Share(mark, self._sent, sum(map(bool, pieces)))
        self._open.append(share)
        for sender, piece in zip(self._senders, pieces, strict=True):
            if piece:
                sender.send((piece,), share)

    def confirm(self, now: float) -> list[MarkT]:
        for sender in self._senders:
            for share in sender.confirm(now):
                share.left -= 1
        confirmed, self._confirmed = self._confirmed, []
        while self._open and not self._open[0].left:
            confirmed.append(self._open.popleft().mark)
        return confirmed

    def to_send_again(self, distrusted: StepBack, now: float) -> list[MarkT]:
        shares = {share.number: share for share in self._open}
        for sender in self._senders:
            for share in sender.to_send_again(distrusted, now):
                shares[share.number] = share
        return [shares[number].mark for number in sorted(shares)]

    def close(self) -> None:
        self._ended = None
        for sender in self._senders:
            sender.close()

    def abort(self) -> None:
        self._ended = None
        for sender in self._senders:
            sender.abort()
