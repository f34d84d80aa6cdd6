"""Partitions that go are handed over in time, whatever the database does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from events.kafka.records import Offsets
from shuttle.commit.cursor_writer import CursorWriter
from shuttle.commit.ledger import Ledger
from shuttle.commit.store import Claim
from shuttle.commit.store_thread import StoreThread
from shuttle.worker.feeds import Feeds
from shuttle.worker.ticks import Ticks
from tests.support.feed_bench import P0, P1, FeedBench, cursors, route_of
from tests.support.memory_store import MemoryStore

CLAIM = Claim("ours", "")


class Bench(FeedBench):
    """A drain, a store, and the ticks that see to both."""

    def __init__(self) -> None:
        super().__init__()
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

    async def handed_over(self, seconds: float) -> Offsets:
        """What is to be committed, with so much time for all."""
        now = asyncio.get_running_loop().time()
        return await self.ticks.let_arrive(now + seconds / 4, now + seconds)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    await made.claimed()
    yield made
    made.feed.close()
    made.close()
    await asyncio.sleep(0)


async def one_that_is_late_and_one_line_more(bench: Bench) -> None:
    """Batch 1 is under way to a receiver that is late; its cursor is in no database yet."""
    bench.ledger.open(1, {P0: 6})
    await bench.sent(batch=1, begin=5)
    bench.feed.outbound.leave_live("the receiver is late")
    bench.ledger.open(2, {P1: 9})


async def test_a_cursor_that_takes_long_to_store_is_waited_for(bench: Bench) -> None:
    await one_that_is_late_and_one_line_more(bench)
    bench.database.seconds = 0.2

    assert await bench.handed_over(0.4) == {P0: 6, P1: 9}
    assert bench.database.rows == {P0: 5}


async def test_what_is_not_stored_in_time_is_not_committed(bench: Bench) -> None:
    bench.ledger.open(0, {P1: 3})
    await one_that_is_late_and_one_line_more(bench)
    bench.database.seconds = 0.5
    loop = asyncio.get_running_loop()
    began = loop.time()

    assert await bench.handed_over(0.2) == {P1: 3}
    assert loop.time() - began < bench.database.seconds


async def test_a_start_that_has_been_passed_goes_with_the_hand_over(bench: Bench) -> None:
    """Else the next worker would begin there, and send all since then again."""
    bench.feed.begin(cursors({P0: 5}), {P0: 5})
    bench.database.has({P0: 5})
    bench.ledger.open(1, {P0: 6})
    await bench.sent(batch=1, begin=5)
    bench.sender.read_all()

    assert await bench.handed_over(1.0) == {P0: 6}
    assert (bench.database.rows, bench.database.offsets) == ({}, {P0: 6})
