"""Who shares a replay pass, and who gets one of their own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from itertools import count
from typing import Any, cast

import pytest

from drains.delivery.sender import CAPACITY_BYTES
from events.kafka.records import TopicPartition
from shuttle.feed.feed import Feed
from shuttle.replay import passes, scheduler
from shuttle.replay.passes import NEAR_RECORDS, ReplayPass
from shuttle.replay.scheduler import ReplayScheduler
from shuttle.replay.skips import LagSkips
from tests.support.feed_bench import P0, P1, FeedBench, cursors

LIVE = {P0: 100_000_000, P1: 100_000_000}


class NoConsumer:
    async def assign(self, positions: Mapping[TopicPartition, int]) -> None: ...

    async def close(self) -> None: ...


class NoSkips:
    async def skip(self, feed: Feed) -> None: ...


class StandingPass(ReplayPass):
    """Gets on only when told."""

    async def step(self) -> None:
        await asyncio.sleep(0)

    def go_to(self, offset: int) -> None:
        self.positions = dict.fromkeys(self.positions, offset)


class Bench:
    def __init__(self) -> None:
        self.behind: set[Feed] = set()
        self.passes: list[StandingPass] = []
        self.replays = ReplayScheduler(
            cast(Any, NoConsumer),
            self._make_pass,
            self.behind,
            cast(LagSkips, NoSkips()),
            lambda: False,
        )

    def _make_pass(self, consumer: Any) -> ReplayPass:
        unused = cast(Any, None)
        self.passes.append(StandingPass(consumer, unused, unused, count(), LIVE, time.time))
        return self.passes[-1]

    async def feed_behind(self, *gaps: int) -> FeedBench:
        """Connected, with gaps that begin at these offsets."""
        bench = FeedBench()
        bench.feed.restore(cursors(dict(zip((P0, P1), gaps, strict=False))), LIVE)
        await bench.connected()
        self.behind.add(bench.feed)
        return bench

    async def until_served(self, feed: Feed, number: int) -> None:
        """By the pass of this number, as they were begun."""
        await until(lambda: len(self.passes) > number and self.passes[number].serves(feed))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


@pytest.fixture
async def bench(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(passes, "LOOK_SECONDS", 0.001)
    monkeypatch.setattr(scheduler, "LOOK_SECONDS", 0.001)
    bench = Bench()
    running = asyncio.create_task(bench.replays.run())
    yield bench
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    for feed in bench.behind:
        feed.close()


async def test_one_that_a_pass_is_about_to_cross_joins_it(bench: Bench) -> None:
    await bench.until_served((await bench.feed_behind(0, 0)).feed, 0)
    await bench.until_served((await bench.feed_behind(7_000)).feed, 0)


@pytest.mark.parametrize("gap", [9, 10 + NEAR_RECORDS + 1])
async def test_one_that_it_has_passed_or_will_not_cross_soon_gets_its_own(
    bench: Bench, gap: int
) -> None:
    await bench.until_served((await bench.feed_behind(10)).feed, 0)
    await bench.until_served((await bench.feed_behind(gap)).feed, 1)


async def test_one_with_a_partition_that_a_pass_does_not_read_gets_its_own(bench: Bench) -> None:
    await bench.until_served((await bench.feed_behind(0)).feed, 0)
    await bench.until_served((await bench.feed_behind(10, 10)).feed, 1)


async def test_passes_that_are_near_each_other_become_one_after_their_turn(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passes, "TURN_SECONDS", 0.0)
    first = await bench.feed_behind(1000)
    await bench.until_served(first.feed, 0)
    bench.passes[0].go_to(20_000)
    second = await bench.feed_behind(1000)

    await until(
        lambda: any(one.serves(first.feed) and one.serves(second.feed) for one in bench.passes)
    )
    assert (first.feed.gaps.offsets, second.feed.gaps.offsets) == ({P0: 20_000}, {P0: 1000})


async def test_one_that_was_let_off_is_served_again_while_the_others_go_on(bench: Bench) -> None:
    fast, slow = await bench.feed_behind(0), await bench.feed_behind(0)
    await bench.until_served(fast.feed, 0)
    await bench.until_served(slow.feed, 0)

    slow.sender.buffered_bytes = CAPACITY_BYTES
    await until(lambda: not bench.passes[0].serves(slow.feed))
    bench.passes[0].go_to(50_000)
    slow.sender.buffered_bytes = 0

    await bench.until_served(slow.feed, 1)
    assert bench.passes[0].serves(fast.feed)
