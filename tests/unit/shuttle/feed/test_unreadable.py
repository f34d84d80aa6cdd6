"""A drain whose row a worker cannot read waits with its place kept; nobody is dialled meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from drains.destination import NOWHERE
from tests.support.feed_bench import P0, P1, FeedBench, cursors, records, route_of

FAULT = "its URL cannot be read: FIELD_ENCRYPTION_KEYS lacks the key"
UNREADABLE = replace(route_of(), destination=NOWHERE, fault=FAULT)


@pytest.fixture
async def bench() -> AsyncIterator[FeedBench]:
    async with FeedBench() as made:
        yield made


async def _dials_nobody(bench: FeedBench) -> bool:
    before = bench.receiver.dials
    bench.feed.tend(bench.now)
    bench.feed.confirm(bench.now)
    bench.feed.flush()
    await asyncio.sleep(0)
    return bench.receiver.dials == before


async def test_one_that_is_met_so_stands_at_its_cursors_and_says_why() -> None:
    bench = FeedBench(UNREADABLE)
    bench.feed.restore(cursors({P0: 10}), {P0: 100, P1: 100})
    bench.feed.miss(1, records(200, P1), lines=1)

    assert await _dials_nobody(bench)
    assert (bench.feed.state, bench.feed.outbound.health.last_error.text) == ("failing", FAULT)
    assert (bench.feed.takes_live, bench.feed.wants_replay) == (False, False)
    assert bench.cursors == {P0: 10, P1: 200}


async def test_one_that_becomes_so_leaves_its_receiver_and_owes_what_was_under_way(
    bench: FeedBench,
) -> None:
    await bench.sent(batch=1, begin=10)
    bench.feed.take(2, records(7, P1), (b"gathered",), 1)
    bench.feed.change_to(UNREADABLE)

    assert bench.sender.closed
    assert await _dials_nobody(bench)
    assert (bench.feed.state, bench.cursors) == ("failing", {P0: 10, P1: 7})
    assert bench.held_batch == 1
    bench.store()
    assert bench.held_batch is None


async def test_it_goes_on_by_itself_once_its_row_can_be_read(bench: FeedBench) -> None:
    bench.feed.change_to(UNREADABLE)
    bench.feed.miss(1, records(10), lines=1)
    bench.feed.change_to(replace(UNREADABLE, fault="its options cannot be used"))
    bench.feed.change_to(route_of())
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert (bench.receiver.dials, bench.feed.state) == (1, "replaying")
    assert bench.feed.wants_replay
    assert bench.feed.gaps.lagging, "max_lag_seconds holds for it"


async def test_one_that_is_paused_too_is_paused() -> None:
    bench = FeedBench(replace(UNREADABLE, paused=True))
    assert bench.feed.state == "paused"
    bench.feed.change_to(UNREADABLE)
    assert (bench.feed.state, await _dials_nobody(bench)) == ("failing", True)
