"""HTTP drains, as Logplex sends: batches in POST requests. Confirmed is what got a 2xx.

One request is under way at a time. A receiver that finds something wrong in a request (400, 413,
422), or ends the connection in the middle of the same one again, is sent its halves (halving.py).
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import deque
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Generic, NamedTuple

from drains.delivery.network.errors import DeliveryError, UnansweredError
from drains.delivery.sender import CAPACITY_BYTES, Ended, WriteT
from drains.delivery.senders.halving import Halving
from drains.delivery.senders.http_answers import asks_for_halves
from drains.delivery.senders.http_connection import HttpConnection
from drains.delivery.wire.logplex import Frames, frames_of

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 8.0
"""How long a request may stand still: nothing more of it taken, no answer."""


class _Batch(NamedTuple, Generic[WriteT]):
    frames: Frames
    write: WriteT


class LogplexSender(Generic[WriteT]):
    """Over one connection, which it owns."""

    capacity_bytes = CAPACITY_BYTES
    trouble: str | None = None

    def __init__(self, connection: HttpConnection, drain_id: str, ended: Ended) -> None:
        self._connection = connection
        connection.tell(self._end)
        self._drain_id = drain_id
        self._ended: Ended | None = ended
        self._waiting: deque[_Batch[WriteT]] = deque()
        self._confirmed: list[WriteT] = []
        self._clock = asyncio.get_running_loop().time
        self._work: asyncio.Task[None] | None = None
        self._leaving: asyncio.Task[None] | None = None
        self._unsent = (0, 0)
        self.progressed_at = 0.0
        self._ends_some = False
        """The receiver ended connections for what was in a request, and took the rest of it."""
        self.buffered_bytes = 0
        self.confirmed_bytes = 0
        self.lines_refused = 0
        self._closing = False

    @property
    def unconfirmed(self) -> Iterator[WriteT]:
        return (batch.write for batch in self._waiting)

    @property
    def certificate_ends_at(self) -> float | None:
        return self._connection.certificate_ends_at

    def send(self, pieces: Sequence[bytes], write: WriteT) -> None:
        (data,) = pieces
        self._waiting.append(_Batch(Frames(data), write))
        self.buffered_bytes += len(data)
        if self._work is None and self._ended is not None:
            self._moved_on()
            self._work = asyncio.create_task(self._deliver_all(), name="deliver")

    def confirm(self, now: float) -> list[WriteT]:
        if self._work is not None and self._ended is not None:
            self._watch_progress(now)
        confirmed, self._confirmed = self._confirmed, []
        return confirmed

    def to_send_again(self, now: float, *, hung: bool = False) -> list[WriteT]:
        return list(self.unconfirmed)

    def close(self) -> None:
        self._ended = None
        self._closing = True
        if self._work is None:
            self._let_go()
        else:
            asyncio.get_running_loop().call_later(ANSWER_SECONDS, self.abort)

    def abort(self) -> None:
        self._ended = None
        if self._work is not None:
            self._work.cancel()
        self._let_go()

    async def wait_closed(self) -> None:
        if self._work is not None:
            await asyncio.wait([self._work])
        if self._leaving is not None:
            await asyncio.wait([self._leaving])

    async def _deliver_all(self) -> None:
        try:
            while self._waiting:
                batch = self._waiting[0]
                await self._deliver(batch)
                self._waiting.popleft()
                self._confirmed.append(batch.write)
                self.buffered_bytes -= len(batch.frames.data)
        except DeliveryError as error:
            self._end(error)
        except Exception:  # a fault of ours: this drain waits, the others go on
            logger.exception("A request failed", extra={"action": "request_failed"})
            self._end(DeliveryError("internal error"))
        finally:
            self._work = None
        if self._closing:
            self._let_go()

    async def _deliver(self, batch: _Batch[WriteT]) -> None:
        """Returns when all lines are taken or refused. Raises DeliveryError."""
        halving = Halving(partial(self._post, batch), partial(self._halves_help, batch.write))
        self.lines_refused += await halving.deliver(batch.frames.bodies())
        self._ends_some = self._ends_some or halving.has_ended
        refusal = halving.refusal
        self.trouble = f"it takes other lines, but not this one: {refusal}" if refusal else None

    def _halves_help(self, write: WriteT, error: DeliveryError) -> bool:
        known = self._ends_some and isinstance(error, UnansweredError)
        return known or asks_for_halves(error, write)

    async def _post(self, batch: _Batch[WriteT], part: range) -> None:
        body = batch.frames.body(part)
        headers = {
            "Content-Type": "application/logplex-1",
            "Logplex-Msg-Count": str(len(part)),
            "Logplex-Frame-Id": self._frame_id(batch.write.name, body),
            "Logplex-Drain-Token": self._drain_id,
        }
        try:
            await self._connection.post(body, headers)
        finally:
            self._moved_on()  # whatever it says, it has answered
        self.confirmed_bytes += len(body)

    def _frame_id(self, name: str, body: bytes) -> str:
        """The same when the same lines are sent again: receivers drop doubles by it.

        By where the lines come from and by what they are, for another line with the same text is
        another line; in whichever order, for a replay may read the partitions in another one.
        """
        digest = hashlib.blake2b(f"{self._drain_id} {name}\n".encode(), digest_size=16)
        digest.update(b"".join(sorted(frames_of(body))))
        return digest.hexdigest().upper()

    def _watch_progress(self, now: float) -> None:
        unsent = self._connection.unsent_bytes
        if unsent != self._unsent:
            self._unsent, self.progressed_at = unsent, now
        elif now - self.progressed_at > ANSWER_SECONDS:
            self._end(DeliveryError("timed out: no answer"))

    def _moved_on(self) -> None:
        self.progressed_at = self._clock()

    def _end(self, error: DeliveryError) -> None:
        ended, self._ended = self._ended, None
        if self._work is not None and self._work is not asyncio.current_task():
            self._work.cancel()
        self._let_go()
        if ended is not None:
            ended(error)

    def _let_go(self) -> None:
        if self._leaving is None:
            self._leaving = asyncio.create_task(self._connection.close(), name="close connection")
            _LEAVING.add(self._leaving)
            self._leaving.add_done_callback(_LEAVING.discard)


_LEAVING: set[asyncio.Task[None]] = set()
"""Nobody else may know these any more, and a loop forgets tasks that nobody knows."""
