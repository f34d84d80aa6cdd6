"""What viewers ask Kafka before they read. Who asks while a question is under way asks with the
next one: however many come at once, Kafka is asked twice."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

from events.kafka.cluster import Cluster
from events.kafka.records import Offsets, TopicPartition

KEPT_SECONDS = 5.0
"""A client of Kafka is closed so long after its last use."""

_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")


class Together(Generic[_Item, _Answer]):
    """One question at a time, for all who have asked it by then."""

    def __init__(self, question: Callable[[Collection[_Item]], Awaitable[_Answer]]) -> None:
        self._question = question
        self._turn = asyncio.Lock()
        self._items: set[_Item] = set()
        self._next: asyncio.Task[_Answer] | None = None
        self._running: set[asyncio.Task[_Answer]] = set()

    async def ask(self, items: Iterable[_Item]) -> _Answer:
        """The answer for these, and for what others have asked for with them."""
        self._items.update(items)
        if self._next is None:
            self._next = asyncio.create_task(self._put())
            self._running.add(self._next)
            self._next.add_done_callback(self._done)
        return await asyncio.shield(self._next)  # who leaves must not take the others' answer

    async def close(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _put(self) -> _Answer:
        async with self._turn:
            items, self._items, self._next = self._items, set(), None
            return await self._question(items)

    def _done(self, task: asyncio.Task[_Answer]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # all who have asked may have left


class Survey:
    """For all viewers of a process. Every answer may raise KafkaException."""

    def __init__(self, settings: Mapping[str, str], *, kept_seconds: float = KEPT_SECONDS) -> None:
        self._settings = settings
        self._kept_seconds = kept_seconds
        self._cluster: Cluster | None = None
        self._asking = 0
        self._unused: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._unreadable = Together(self._ask_unreadable)
        self._lows = Together(self._ask_lows)
        self._bounds = Together(self._ask_bounds)

    async def unreadable(self, topics: frozenset[str]) -> frozenset[str]:
        """The topics among these that Kafka does not let us read."""
        return topics & await self._unreadable.ask(topics)

    async def lows(self, partitions: Collection[TopicPartition]) -> Offsets:
        """The oldest record of each that is still there."""
        found = await self._lows.ask(partitions)
        return {partition: found[partition] for partition in partitions if partition in found}

    async def bounds(self, topics: frozenset[str]) -> tuple[Offsets, Offsets]:
        """Where each partition of these topics begins and ends."""
        lows, ends = await self._bounds.ask(topics)
        return _of(topics, lows), _of(topics, ends)

    async def at(
        self, partitions: Collection[TopicPartition], epoch_ms: int
    ) -> dict[TopicPartition, int | None]:
        """The first record of each that is stamped so, or later; None: there is none."""
        async with self._asked() as cluster:
            found = await cluster.at(partitions, epoch_ms)
        return {partition: None if at is None else at.offset for partition, at in found.items()}

    async def oldest_ms(self, topics: frozenset[str]) -> int | None:
        """The time of the oldest record; None: there is none."""
        async with self._asked() as cluster:
            return await cluster.oldest_ms(topics)

    async def close(self) -> None:
        for question in (self._unreadable, self._lows, self._bounds):
            await question.close()
        self._end()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*self._closing)

    async def _ask_unreadable(self, topics: Collection[str]) -> frozenset[str]:
        async with self._asked() as cluster:
            return await cluster.unreadable(topics)

    async def _ask_lows(self, partitions: Collection[TopicPartition]) -> Offsets:
        async with self._asked() as cluster:
            return await cluster.lows(partitions)

    async def _ask_bounds(self, topics: Collection[str]) -> tuple[Offsets, Offsets]:
        async with self._asked() as cluster:
            there = await cluster.partitions(topics)
            ends = await cluster.ends(one for parts in there.values() for one in parts)
            return await cluster.lows(ends), ends

    @asynccontextmanager
    async def _asked(self) -> AsyncIterator[Cluster]:
        if self._unused is not None:
            self._unused.cancel()
        self._cluster = self._cluster or Cluster(self._settings)
        self._asking += 1
        try:
            yield self._cluster
        finally:
            self._asking -= 1
            if not self._asking:
                loop = asyncio.get_running_loop()
                self._unused = loop.call_later(self._kept_seconds, self._end)

    def _end(self) -> None:
        if self._unused is not None:
            self._unused.cancel()
        if self._cluster is not None:
            task = asyncio.ensure_future(self._cluster.close())
            self._cluster = None
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


def _of(topics: frozenset[str], offsets: Offsets) -> Offsets:
    return {partition: at for partition, at in offsets.items() if partition.topic in topics}
