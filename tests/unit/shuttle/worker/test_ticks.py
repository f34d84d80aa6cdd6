"""Partitions that go are handed over in time, whatever the database does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from drains.delivery.sender import CAPACITY_BYTES
from events.kafka.records import Offsets, TopicPartition
from shuttle.commit.cursor_writer import CursorWriter
from shuttle.commit.ledger import Ledger
from shuttle.commit.store import Claim
from shuttle.commit.store_thread import StoreThread
from shuttle.worker.feeds import Feeds
from shuttle.worker.ticks import Ticks
from tests.support.feed_bench import P0, P1, FeedBench, route_of
from tests.support.memory_store import MemoryStore

CLAIM = Claim("ours", "")


class Bench(FeedBench):
    """A drain, a store, and the ticks that see to both."""

    def __init__(self) -> None:
        super().__init__()
        self.now = asyncio.get_running_loop().time()  # which the ticks go by
        self.ledger, self.database = Ledger(), MemoryStore(route_of())
        thread = StoreThread(self.database)
        self.writer = CursorWriter(
            thread, self.lists, self.ledger.safe, lambda _: None, self.database.tell
        )
        feeds = Feeds(self.context, self.lists)
        feeds.by_id = {"d1": self.feed}
        self.ticks = Ticks(feeds, self.lists, self.ledger, self.writer, cast(Any, None))
        self.close = thread.close

    async def claimed(self) -> None:
        claims = {P0: CLAIM, P1: CLAIM}
        await self.writer.take_over(claims, lambda: claims)

    async def handed_over(self, seconds: float, *partitions: TopicPartition) -> Offsets:
        """What is to be committed, with so much time for all."""
        now = asyncio.get_running_loop().time()
        gone = partitions or (P0, P1)
        return await self.ticks.hand_over(gone, now + seconds / 4, now + seconds)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with Bench() as made:
        await made.claimed()
        yield made
    made.close()


async def one_that_is_full_and_one_line_more(bench: Bench) -> None:
    """Batch 1 is under way to a receiver that is full; its cursor is in no database yet."""
    bench.ledger.open(1, {P0: 6})
    await bench.sent(batch=1, begin=5)
    bench.sender.buffered_bytes = CAPACITY_BYTES
    bench.feed.outbound.leave_live("the receiver does not keep up")
    bench.ledger.open(2, {P1: 9})


async def test_a_cursor_that_takes_long_to_store_is_waited_for(bench: Bench) -> None:
    await one_that_is_full_and_one_line_more(bench)
    bench.database.seconds = 0.2

    assert await bench.handed_over(0.4) == {P0: 6, P1: 9}
    assert bench.database.rows == {P0: 5}


async def test_what_is_not_stored_in_time_is_not_committed(bench: Bench) -> None:
    bench.ledger.open(0, {P1: 3})
    await one_that_is_full_and_one_line_more(bench)
    bench.database.seconds = 0.5
    loop = asyncio.get_running_loop()
    began = loop.time()

    assert await bench.handed_over(0.2) == {P1: 3}
    assert loop.time() - began < bench.database.seconds


async def test_a_gap_that_opens_while_others_are_stored_is_not_committed(bench: Bench) -> None:
    """The receiver dies in the middle of a hand-over: what it had is nobody's knowledge yet."""
    bench.ledger.open(1, {P0: 6})
    await bench.sent(batch=1, begin=5)
    bench.sender.read_all()
    assert await bench.writer.keep()  # so that the next to write offsets is the hand-over
    bench.ledger.safe[P1] = 3
    bench.database.seconds = 0.2
    handing_over = asyncio.create_task(bench.handed_over(0.5))
    assert await asyncio.to_thread(bench.database.writing.wait, 2)

    bench.sender.ended(ConnectionResetError())

    assert await handing_over == {P1: 3}


async def test_offsets_of_partitions_that_stay_wait_for_their_delay(bench: Bench) -> None:
    bench.ledger.open(1, {P0: 6, P1: 9})

    assert await bench.handed_over(1.0, P0) == {P0: 6}
    assert bench.ledger.committable(asyncio.get_running_loop().time()) == {}
    assert bench.ledger.committable(float("inf")) == {P0: 6, P1: 9}


async def test_after_we_stood_still_answers_are_let_in_before_anybody_is_asked(
    bench: Bench,
) -> None:
    await bench.sent(batch=1, begin=5)
    bench.sender.read_all()
    bench.context.dials.held_up_until = bench.now
    await bench.ticks.confirm()
    assert bench.feed in bench.lists.outstanding
    await bench.ticks.confirm()
    assert bench.feed not in bench.lists.outstanding
