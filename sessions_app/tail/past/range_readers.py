"""Consumers that read ranges of the past. A few serve all sessions of a process, in turn."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from itertools import chain

from events.kafka.client import reader_conf
from events.kafka.offset_consumer import OffsetConsumer
from events.kafka.records import Offsets, PartitionRecords, TopicPartition
from sessions_app.tail.live.hub import NO_GROUP
from sessions_app.tail.past.turns import SEATS, Reader, Turns

KEPT_SECONDS = 5.0
"""A reader is closed so long after its last use."""
PIECE_BYTES, PIECE_RECORDS = 128 * 1024, 500
"""Of records that are worked on in one turn of the event loop: a record more, where one is larger.
"""

# A read ends where it ends: no long polls, no waiting for a full batch, and little that is fetched
# for nothing.
_PROMPT = {"fetch.wait.max.ms": 10, "queued.max.messages.kbytes": 1024}
_POLL_SECONDS = 0.01


Read = tuple[PartitionRecords | None, Offsets]
"""Records, and where partitions have got to with them."""


class RangeReader:
    """Owns one consumer, which reads one range at a time."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        conf = reader_conf(settings, NO_GROUP) | _PROMPT
        self._consumer = OffsetConsumer(conf, "tail-past", _POLL_SECONDS)

    async def ranges(
        self, begins: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
    ) -> AsyncGenerator[Read]:
        """Records from `begins` to before `ends`, as they come, with where partitions have got to;
        those that have left Kafka meanwhile are missing. None now and then, so that a limit of time
        can be held."""
        left = {partition: at for partition, at in begins.items() if at < ends[partition]}
        if left:
            await self._consumer.assign(left)
        while left:
            batch = await self._consumer.next_batch()
            for records in batch.parts:
                at = left.get(records.partition)
                part = None if at is None else records.part(at, ends[records.partition])
                for piece in () if part is None else part.pieces(PIECE_RECORDS, PIECE_BYTES):
                    yield piece, {piece.partition: piece.end}
            moved = {
                partition: min(at, ends[partition])
                for partition, at in {**batch.ends, **batch.reset_to}.items()
                if partition in left
            }
            left = {p: at for p, at in {**left, **moved}.items() if at < ends[p]}
            yield None, moved

    async def meet(self, partitions: Iterable[TopicPartition]) -> None:
        """Learn where they are, before they are read."""
        await self._consumer.meet(partitions)

    async def rest(self) -> None:
        """Fetch nothing until it is used again."""
        await self._consumer.assign({})

    async def close(self) -> None:
        await self._consumer.close()


class RangeReaders:
    """Readers are made when needed, and closed when they are not."""

    def __init__(self, settings: Mapping[str, str], *, kept_seconds: float = KEPT_SECONDS) -> None:
        self._settings = settings
        self._kept_seconds = kept_seconds
        self.turns = Turns()
        self._wanted: dict[object, Iterable[TopicPartition]] = {}
        """What is to be read by each who waits for a reader."""
        self._idle: list[tuple[RangeReader, asyncio.TimerHandle]] = []
        self._closing: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def turn(
        self, whose: Reader, partitions: Iterable[TopicPartition]
    ) -> AsyncIterator[RangeReader]:
        """A reader that is nobody else's meanwhile, to read these. It learns at once where all are
        that somebody waits for: of many who come at once, hardly any has to ask."""
        async with self._seat(whose, partitions):
            reader = self._waiting_one() or RangeReader(self._settings)
            try:
                await reader.meet(chain(partitions, *self._wanted.values()))
                yield reader
                if self.turns.seated < SEATS:
                    await reader.rest()
            except BaseException:
                self._end(reader)  # whatever it was about
                raise
            timer = asyncio.get_running_loop().call_later(self._kept_seconds, self._expire, reader)
            self._idle.append((reader, timer))

    @asynccontextmanager
    async def _seat(
        self, whose: Reader, partitions: Iterable[TopicPartition]
    ) -> AsyncIterator[None]:
        mine = object()  # two may want the same
        self._wanted[mine] = partitions
        try:
            await self.turns.take(whose)
        finally:
            del self._wanted[mine]
        try:
            yield
        finally:
            self.turns.leave(whose)

    async def close(self) -> None:
        while (reader := self._waiting_one()) is not None:
            self._end(reader)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*self._closing)

    def _waiting_one(self) -> RangeReader | None:
        if not self._idle:
            return None
        reader, timer = self._idle.pop()
        timer.cancel()
        return reader

    def _expire(self, reader: RangeReader) -> None:
        self._idle = [(idle, timer) for idle, timer in self._idle if idle is not reader]
        self._end(reader)

    def _end(self, reader: RangeReader) -> None:
        task = asyncio.ensure_future(reader.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
