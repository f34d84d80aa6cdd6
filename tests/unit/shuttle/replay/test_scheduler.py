"""Who shares a replay pass, and who gets one of their own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from itertools import count
from typing import Any, cast

import pytest

from drains.delivery.sender import CAPACITY_BYTES
from drains.filters import LineFilter
from events.kafka.records import TopicPartition
from shuttle.feed.feed import Feed
from shuttle.replay import passes, scheduler
from shuttle.replay.passes import NEAR_RECORDS, OtherPasses, ReplayPass
from shuttle.replay.scheduler import PATTERNED_PASSES, ReplayScheduler
from shuttle.replay.skips import LagSkips
from shuttle.routing import Parcel
from tests.support.feed_bench import P0, P1, FeedBench, cursors, route_of, run

LIVE = {P0: 100_000_000, P1: 100_000_000}


class NoConsumer:
    def __init__(self) -> None:
        self._generation = 0
        self.may_assign = asyncio.Event()
        self.may_assign.set()
        self.assigns = False

    async def assign(self, positions: Mapping[TopicPartition, int]) -> None:
        self.assigns = True
        await self.may_assign.wait()

    async def take_up(self, starts: Mapping[TopicPartition, int]) -> int:
        self._generation += 1
        return self._generation

    async def let_go(self, partitions: Collection[TopicPartition]) -> None: ...

    async def close(self) -> None: ...


class NoSkips:
    async def skip(self, feed: Feed) -> None: ...


class StandingPass(ReplayPass):
    """Gets on only when told."""

    async def step(self) -> None:
        await asyncio.sleep(0)

    def go_to(self, offset: int) -> None:
        self.seats.positions = dict.fromkeys(self.seats.positions, offset)


class Bench:
    def __init__(self) -> None:
        self.behind: list[Feed] = []
        self._stirred: dict[Feed, None] = {}
        self.passes: list[StandingPass] = []
        self.replays = ReplayScheduler(
            cast(Any, NoConsumer),
            self._make_pass,
            self._stirred,
            cast(LagSkips, NoSkips()),
            lambda: False,
        )
        self.looks = 0
        self.replays.under_way.measure = self._looked  # type: ignore[method-assign]

    def _looked(self) -> None:
        self.looks += 1

    def _make_pass(self, consumer: Any, others: OtherPasses) -> ReplayPass:
        unused = cast(Any, None)
        self.passes.append(StandingPass(consumer, others, unused, unused, count(), LIVE, time.time))
        return self.passes[-1]

    async def feed_behind(self, *gaps: int, **options: Any) -> FeedBench:
        """Connected, with gaps that begin at these offsets."""
        bench = FeedBench(route_of(**options))
        bench.lists.stirred = self._stirred
        bench.feed.restore(cursors(dict(zip((P0, P1), gaps, strict=False))), LIVE)
        await bench.connected()
        self.behind.append(bench.feed)
        return bench

    async def until_served(self, feed: Feed, number: int) -> None:
        """By the pass of this number, as they were begun."""
        await until(lambda: len(self.passes) > number and feed in self.passes[number].seats)


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


async def test_a_pass_takes_up_partitions_of_those_who_join_it(bench: Bench) -> None:
    await bench.until_served((await bench.feed_behind(0)).feed, 0)
    await bench.until_served((await bench.feed_behind(10, 5_000)).feed, 0)
    await until(lambda: bench.passes[0].seats.are_read(P1, 2))
    assert bench.passes[0].seats.positions == {P0: 0, P1: 5_000}


async def test_passes_that_are_near_each_other_become_one_after_their_turn(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passes, "TURN_SECONDS", 0.0)
    first = await bench.feed_behind(1000)
    await bench.until_served(first.feed, 0)
    bench.passes[0].go_to(20_000)
    second = await bench.feed_behind(1000)

    await until(
        lambda: any(first.feed in one.seats and second.feed in one.seats for one in bench.passes)
    )
    assert (first.feed.gaps.offsets, second.feed.gaps.offsets) == ({P0: 20_000}, {P0: 1000})


async def test_one_that_was_let_off_is_served_again_while_the_others_go_on(bench: Bench) -> None:
    fast, slow = await bench.feed_behind(0), await bench.feed_behind(0)
    await bench.until_served(fast.feed, 0)
    await bench.until_served(slow.feed, 0)

    slow.sender.buffered_bytes = CAPACITY_BYTES
    bench.passes[0].hand_over(1, slow.feed, Parcel(cast(Any, None), run(0, 1), (b"x",), 1, 0))
    await until(lambda: slow.feed not in bench.passes[0].seats)
    bench.passes[0].go_to(50_000)
    slow.sender.buffered_bytes = 0

    await bench.until_served(slow.feed, 1)
    assert fast.feed in bench.passes[0].seats


async def test_no_consumer_is_opened_while_one_is_about_to_be_idle(bench: Bench) -> None:
    first = await bench.feed_behind(0)
    await bench.until_served(first.feed, 0)
    consumer = cast(NoConsumer, bench.passes[0].consumer)
    consumer.may_assign.clear()
    first.feed.close()
    await until(lambda: consumer.assigns)
    second = await bench.feed_behind(0)
    looked = bench.looks
    await until(lambda: bench.looks > looked + 2)
    assert len(bench.passes) == 1

    consumer.may_assign.set()
    await bench.until_served(second.feed, 1)
    assert bench.passes[1].consumer is bench.passes[0].consumer


async def test_drains_with_patterns_leave_passes_to_the_others(bench: Bench) -> None:
    far = 10 * NEAR_RECORDS
    patterned = LineFilter(include="x")
    for number in range(PATTERNED_PASSES):
        behind = await bench.feed_behind(number * far, filter=patterned)
        await bench.until_served(behind.feed, number)
    waiting = await bench.feed_behind(20 * far, filter=patterned)
    looked = bench.looks
    await until(lambda: bench.looks > looked + 2)
    assert len(bench.passes) == PATTERNED_PASSES
    await bench.until_served((await bench.feed_behind(21 * far)).feed, PATTERNED_PASSES)

    bench.behind[0].close()
    await until(lambda: any(waiting.feed in one.seats for one in bench.passes))


async def test_one_whose_filters_share_is_used_up_waits_for_it(bench: Bench) -> None:
    made = FeedBench(route_of(filter=LineFilter(include="x")))
    share = made.context.filter_shares.of(made.feed.route)
    assert share is not None
    share.spend(1.0)
    made.lists.stirred = bench._stirred
    made.feed.restore(cursors({P0: 0}), LIVE)
    await made.connected()
    bench.behind.append(made.feed)
    looked = bench.looks
    await until(lambda: bench.looks > looked + 2)
    assert not bench.passes

    made.now += 100
    await bench.until_served(made.feed, 0)
