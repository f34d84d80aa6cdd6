"""How connections are read: a little at a time, and each owner's in turn.

What a receiver says costs what the receiver likes: 256 KiB in one read, as asyncio reads, can be
300 ms of OpenSSL in one call. So a connection is read 4 KiB at a time, all of them together take
5 ms of a turn of the event loop, and what is left waits for the next turn: a piece for each owner,
around and around.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Hashable
from functools import partial
from typing import Generic, TypeVar, cast
from weakref import WeakKeyDictionary

from drains.delivery.network.rota import Rota

PIECE_BYTES = 4096
TURN_SECONDS = 0.005
"""A turn takes as long, and the rest of the piece that is begun by then."""

ProtocolT = TypeVar("ProtocolT", bound=asyncio.Protocol)
Work = Callable[[], None]


class Turns:
    """What of a loop's turn goes into what connections say."""

    def __init__(self, clock: Callable[[], float] = time.thread_time) -> None:
        """`clock`: seconds of this thread's CPU, for on a busy machine others take time too."""
        self._clock = clock
        self._waiting: Rota[Work] = Rota()
        self._spent_seconds = 0.0
        self.longest_seconds = 0.0
        """The most that a turn has taken."""
        self._ends = False
        """The loop has been asked to tell when this turn is over."""

    def take(self, owner: Hashable, work: Work) -> bool:
        """Do it now, and return True; or in a later turn, if this one has had enough."""
        if self._waiting or self._spent_seconds >= TURN_SECONDS:
            self._waiting.put(owner, work)
            return False
        self._do(work)
        return True

    def _do(self, work: Work) -> None:
        if not self._ends:
            self._ends = True
            asyncio.get_running_loop().call_soon(self._next_turn)
        began = self._clock()
        try:
            work()
        finally:
            self._spent_seconds += self._clock() - began
            self.longest_seconds = max(self.longest_seconds, self._spent_seconds)

    def _next_turn(self) -> None:
        self._ends, self._spent_seconds = False, 0.0
        while self._waiting and self._spent_seconds < TURN_SECONDS:
            self._do(self._waiting.take())


_TURNS: WeakKeyDictionary[asyncio.AbstractEventLoop, Turns] = WeakKeyDictionary()


def turns_here() -> Turns:
    """Those of the running loop, which all its connections share."""
    return _TURNS.setdefault(asyncio.get_running_loop(), Turns())


class Pieces(asyncio.BufferedProtocol, Generic[ProtocolT]):
    """Between a socket's transport and the protocol `above`."""

    def __init__(self, above: ProtocolT, owner: Hashable) -> None:
        self.above = above
        self._owner = owner
        self._turns = turns_here()
        self._transport: asyncio.Transport
        self._piece = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.above.connection_made(transport)

    def get_buffer(self, _: int) -> bytearray:
        self._piece = bytearray(PIECE_BYTES)  # none is kept for who says nothing
        return self._piece

    def buffer_updated(self, size: int) -> None:
        piece, self._piece = self._piece, bytearray()
        del piece[size:]
        if not self._turns.take(self._owner, partial(self._hand_up, bytes(piece))):
            self._transport.pause_reading()

    def eof_received(self) -> bool | None:
        return self.above.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self.above.connection_lost(exc)

    def pause_writing(self) -> None:
        self.above.pause_writing()

    def resume_writing(self) -> None:
        self.above.resume_writing()

    def _hand_up(self, piece: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()
            self.above.data_received(piece)
