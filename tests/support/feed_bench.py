"""A feed, its receiver, and clocks that the test moves."""

from __future__ import annotations

import asyncio
from typing import Any, Self

from drains.destination import Destination
from drains.option_values import DrainOptions
from drains.routes import Route
from events.kafka.records import Offsets, PartitionRecords, TopicPartition
from events.keys import AppKey
from shuttle.commit.snapshots import Snapshot, held_batch, rows_of, snapshot_of
from shuttle.feed.context import FeedContext, WorkLists
from shuttle.feed.feed import Feed
from shuttle.feed.stored_rows import StoredCursor
from shuttle.feed.writes import Write
from tests.support.fake_sender import FakeReceiver, FakeSender
from tests.support.records import kubernetes_event, records_of

P0, P1 = TopicPartition("gs", 0), TopicPartition("gs", 1)


def route_of(url: str = "syslog://127.0.0.1:514", *, paused: bool = False, **options: Any) -> Route:
    return Route(
        "d1", AppKey("gold", "gs"), Destination.parse(url), paused, DrainOptions(**options)
    )


class FeedBench:
    """With `async with` the feed is closed in the end, and what that ends has ended."""

    def __init__(self, route: Route | None = None) -> None:
        self.now = 1000.0
        self.wall = 1_700_000_000.0
        self.receiver = FakeReceiver()
        self.context = FeedContext(
            self.receiver.connect, lambda: self.now, wall_clock=lambda: self.wall
        )
        self.lists: WorkLists[Feed] = WorkLists()
        self.settled = {P0: 1_000_000, P1: 1_000_000}
        """How far the group has got: past everything, unless a test says otherwise."""
        self.feed = Feed(route or route_of(), self.context, self.lists)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.feed.close()
        await asyncio.sleep(0)

    @property
    def sender(self) -> FakeSender:
        return self.receiver.senders[-1]

    async def connected(self) -> FakeSender:
        """Dial, as the first flush does."""
        self.feed.flush()
        while not self.receiver.senders:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        return self.sender

    async def sent(
        self, batch: int, begin: int, data: bytes = b"x", *, has_cursor: bool = False
    ) -> None:
        take = self.feed.take_replayed if has_cursor else self.feed.take
        take(batch, records(begin), (data,), 1)
        self.feed.flush()
        if not self.receiver.senders:
            await self.connected()

    def confirm(self) -> None:
        self.sender.read_all()
        self.feed.confirm(self.now)

    def try_now(self) -> None:
        """The wait for the next dial is over."""
        link = self.feed.outbound.delivery.link
        link.rest()
        link.want()

    @property
    def held_batch(self) -> int | None:
        return held_batch(self.feed)

    @property
    def cursors(self) -> Offsets:
        return rows_of(self.feed, self.settled)

    def snapshot(self) -> Snapshot:
        return snapshot_of(self.feed, self.settled)

    def were_stored(self, snapshot: Snapshot) -> None:
        if snapshot.were_stored(self.settled):
            self.lists.unstored.discard(self.feed)

    def store(self) -> None:
        """What the cursor writer does."""
        self.were_stored(self.snapshot())


def cursors(rows: dict[TopicPartition, int]) -> dict[TopicPartition, StoredCursor]:
    """As the database has them."""
    return {partition: StoredCursor(offset, "") for partition, offset in rows.items()}


def windows(begins: dict[TopicPartition, int]) -> dict[TopicPartition, StoredCursor]:
    """To be sent again from here."""
    return {partition: StoredCursor(at, "", resend_from=at) for partition, at in begins.items()}


def run(begin: int, end: int, partition: TopicPartition = P0) -> PartitionRecords:
    """Records of our app at each of these offsets."""
    values = [kubernetes_event("x")] * (end - begin)
    return records_of(values, partition.topic, partition.number, begin)


def records(begin: int, partition: TopicPartition = P0) -> PartitionRecords:
    return records_of([kubernetes_event("x")], partition.topic, partition.number, begin)


def places_of(write: Write) -> dict[TopicPartition, tuple[int, int]]:
    """From which offset to before which one it reaches in each partition."""
    return {partition: (part.begin, part.end) for partition, part in write.parts.items()}
