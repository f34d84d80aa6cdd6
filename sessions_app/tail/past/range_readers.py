"""Reads ranges of the past. A few readers serve all sessions of a process, in turn."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import aclosing, asynccontextmanager
from itertools import chain

from events.kafka.client import reader_conf
from events.kafka.offset_consumer import OffsetConsumer
from events.kafka.records import Offsets, PartitionRecords, TopicPartition
from sessions_app.tail.live.hub import NO_GROUP

READERS = 4
KEPT_SECONDS = 5.0
"""A reader is closed so long after its last use."""

# A read ends where it ends: no long polls, and no waiting for a full batch.
_PROMPT = {"fetch.wait.max.ms": 10}
_POLL_SECONDS = 0.01


class RangeReader:
    """Owns one consumer, which reads one range at a time."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        conf = reader_conf(settings, NO_GROUP) | _PROMPT
        self._consumer = OffsetConsumer(conf, "tail-past", _POLL_SECONDS)

    async def parts(
        self, begins: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
    ) -> AsyncGenerator[list[PartitionRecords]]:
        """All records from `begins` to before `ends`, as they come; those that have left Kafka
        meanwhile are missing. An empty list now and then, so that a limit of time can be held."""
        async with aclosing(self.places(begins, ends)) as batches:
            async for parts, _ in batches:
                yield parts

    async def places(
        self, begins: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
    ) -> AsyncGenerator[tuple[list[PartitionRecords], Offsets]]:
        """Records as in `parts`, with where each partition that moved has got to."""
        left = {partition: at for partition, at in begins.items() if at < ends[partition]}
        if left:
            await self._consumer.assign(left)
        while left:
            batch = await self._consumer.next_batch()
            parts = [
                records.part(left[records.partition], ends[records.partition])
                for records in batch.parts
                if records.partition in left
            ]
            moved = {
                partition: min(at, ends[partition])
                for partition, at in {**batch.ends, **batch.reset_to}.items()
                if partition in left
            }
            left = {p: at for p, at in {**left, **moved}.items() if at < ends[p]}
            yield [part for part in parts if part is not None], moved

    async def meet(self, partitions: Iterable[TopicPartition]) -> None:
        """Learn where they are, before they are read."""
        await self._consumer.meet(partitions)

    async def rest(self) -> None:
        """Fetch nothing until it is used again."""
        await self._consumer.assign({})

    async def close(self) -> None:
        await self._consumer.close()


class RangeReaders:
    """Whose turn it is. Readers are made when needed, and closed when they are not."""

    def __init__(self, settings: Mapping[str, str], *, kept_seconds: float = KEPT_SECONDS) -> None:
        self._settings = settings
        self._kept_seconds = kept_seconds
        self._places = asyncio.Semaphore(READERS)
        self._wanted: list[Iterable[TopicPartition]] = []
        """What is to be read by each who waits for a reader."""
        self._idle: list[tuple[RangeReader, asyncio.TimerHandle]] = []
        self._closing: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def turn(self, partitions: Iterable[TopicPartition]) -> AsyncIterator[RangeReader]:
        """A reader that is nobody else's meanwhile, to read these. It learns at once where all are
        that somebody waits for: of many who come at once, hardly any has to ask."""
        async with self._place(partitions):
            reader = self._waiting_one() or RangeReader(self._settings)
            try:
                await reader.meet(chain(partitions, *self._wanted))
                yield reader
            except BaseException:
                self._end(reader)  # whatever it was about
                raise
            if not self._places.locked():
                await reader.rest()
            timer = asyncio.get_running_loop().call_later(self._kept_seconds, self._expire, reader)
            self._idle.append((reader, timer))

    @asynccontextmanager
    async def _place(self, partitions: Iterable[TopicPartition]) -> AsyncIterator[None]:
        self._wanted.append(partitions)
        try:
            await self._places.acquire()
        finally:
            self._wanted.remove(partitions)
        try:
            yield
        finally:
            self._places.release()

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
