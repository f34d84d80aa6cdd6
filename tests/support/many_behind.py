"""Thousands of drains that are behind in hundreds of partitions, in memory: what that costs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from itertools import count, islice
from typing import Any, cast

from confluent_kafka import Message

from drains.destination import Destination
from drains.routes import Route
from events.formats.decode import Decoder
from events.kafka.batch_size import BatchSize
from events.kafka.records import Batch, TopicPartition, by_partition
from events.keys import AppKey
from shuttle.feed.context import FeedContext, WorkLists
from shuttle.feed.feed import Feed
from shuttle.replay.passes import ReplayPass
from shuttle.replay.scheduler import ReplayScheduler
from shuttle.replay.skips import LagSkips
from shuttle.routing import Router
from tests.support.fake_sender import FakeReceiver, FakeSender
from tests.support.feed_bench import cursors
from tests.support.records import kubernetes_event

PARTITIONS = 4
APPS, DRAINS = 10, 5
"""Of a space, and of an app."""
BATCH_RECORDS = 1000
LINE_BYTES = 200
"""At most."""


class CountedFeed(Feed):
    """Counts how often somebody looks whether it wants to be replayed."""

    looks = 0

    @property
    def wants_replay(self) -> bool:
        type(self).looks += 1
        return super().wants_replay


class Reader:
    """Reads equal logs of `records` each, its partitions in turns."""

    def __init__(self, messages: Mapping[TopicPartition, list[Message]]) -> None:
        self.batch_size = BatchSize()
        self._messages = messages
        self._at: dict[TopicPartition, int] = {}
        self._generation = 0
        self.most_partitions = self.records = 0

    async def assign(self, starts: Mapping[TopicPartition, int]) -> None:
        self._at = dict(starts)

    async def take_up(self, starts: Mapping[TopicPartition, int]) -> int:
        self._at |= starts
        self.most_partitions = max(self.most_partitions, len(self._at))
        self._generation += 1
        return self._generation

    async def let_go(self, partitions: Collection[TopicPartition]) -> None:
        for partition in partitions:
            del self._at[partition]

    async def next_batch(self) -> Batch:
        await asyncio.sleep(0)
        messages: list[Message] = []
        ends: dict[TopicPartition, int] = {}
        for partition in list(self._at):
            log, at = self._messages[partition], self._at.pop(partition)
            taken = list(islice(log, at, at + BATCH_RECORDS - len(messages)))
            messages += taken
            ends[partition] = self._at[partition] = at + len(taken)  # which is the last by now
            if len(messages) >= BATCH_RECORDS:
                break
        self.records += len(messages)
        return Batch(list(by_partition(messages)), ends, self._generation)

    async def close(self) -> None: ...


class ManyBehind:
    """`drains` of so many spaces, all behind from the beginning of their partitions on."""

    def __init__(self, spaces: int, records: int) -> None:
        """`records`: in each partition, of its apps in turns."""
        self.receiver = FakeReceiver()
        self.lists: WorkLists[Feed] = WorkLists()
        self.readers: list[Reader] = []
        self.passes: list[ReplayPass] = []
        self.on_turn: Callable[[int], None] = lambda _: None
        names = [f"space-{number}" for number in range(spaces)]
        messages = {part: _log(part, records) for name in names for part in _partitions(name)}
        self.messages = messages
        live = dict.fromkeys(messages, records)
        context = FeedContext(self.receiver.connect, asyncio.get_running_loop().time)
        routes = [route for name in names for route in _routes(name)]
        self.feeds: list[Feed] = [CountedFeed(route, context, self.lists) for route in routes]
        by_key: dict[Any, list[Feed]] = {}
        for feed in self.feeds:
            by_key.setdefault(feed.route.key, []).append(feed)
        router, numbers, decoder = Router(by_key.__getitem__), count(1), Decoder()

        def make_reader() -> Any:
            self.readers.append(Reader(messages))
            return self.readers[-1]

        def make_pass(consumer: Any, others: Any) -> ReplayPass:
            self.passes.append(
                ReplayPass(consumer, others, decoder, router, numbers, live, lambda: 1.7e9)
            )
            return self.passes[-1]

        skips = cast(LagSkips, None)
        self.replays = ReplayScheduler(
            make_reader, make_pass, self.lists.stirred, skips, lambda: False
        )
        for feed in self.feeds:
            rows = dict.fromkeys(_partitions(cast(AppKey, feed.route.key).space), 0)
            feed.begin(cursors(rows), live)

    async def connected(self) -> None:
        while len(self.receiver.senders) < len(self.feeds):
            await asyncio.sleep(0)
        self.senders = {feed: self.sender_of(feed) for feed in self.feeds}

    async def run(self, seconds: float = 60.0) -> None:
        """Until nobody is behind."""
        running, turns = asyncio.create_task(self.replays.run()), count()
        try:
            async with asyncio.timeout(seconds):
                while self.lists.behind and not running.done():
                    await asyncio.sleep(0)
                    self.on_turn(next(turns))
                    for due in self.lists.due.values():
                        while due:
                            due.popleft()[1].flush()
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            for feed in self.feeds:
                feed.close()

    @property
    def records_read(self) -> int:
        return sum(reader.records for reader in self.readers)

    def sender_of(self, feed: Feed) -> FakeSender:
        return cast(FakeSender, feed.outbound.delivery.link.sender)

    def lines_sent_to(self, feed: Feed) -> int:
        return sum(data.count(b"<") for data in self.senders[feed].sent)


def _partitions(space: str) -> list[TopicPartition]:
    return [TopicPartition(space, number) for number in range(PARTITIONS)]


def _routes(space: str) -> list[Route]:
    url = Destination.parse("syslog://127.0.0.1:514")
    return [
        Route(f"{space}-{app}-{drain}", AppKey(f"app-{app}", space), url)
        for app in range(APPS)
        for drain in range(DRAINS)
    ]


def _log(partition: TopicPartition, records: int) -> list[Message]:
    values = [kubernetes_event("x" * 100, container=f"app-{app}", pod="p") for app in range(APPS)]
    return [
        Message(
            topic=partition.topic,
            partition=partition.number,
            offset=offset,
            value=values[offset % APPS],
            timestamp=(1, 1_700_000_000_000),
        )
        for offset in range(records)
    ]
