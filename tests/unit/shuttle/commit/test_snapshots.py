"""Which rows the database is to have of a drain, and which batches wait until it has them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from shuttle.feed.health import LATE_SECONDS
from tests.support.feed_bench import P0, P1, FeedBench, cursors, records


@pytest.fixture
async def bench() -> AsyncIterator[FeedBench]:
    async with FeedBench() as made:
        yield made


async def test_a_line_holds_the_offsets_until_it_is_confirmed(bench: FeedBench) -> None:
    await bench.sent(batch=3, begin=10)

    assert bench.held_batch == 3
    assert bench.cursors == {}
    bench.confirm()
    assert bench.held_batch is None
    assert bench.feed.state == "live"


async def test_a_late_receiver_stops_holding_the_commit(bench: FeedBench) -> None:
    await bench.sent(batch=1, begin=10)
    bench.now += LATE_SECONDS + 1
    bench.feed.confirm(bench.now)

    assert not bench.feed.takes_live
    bench.store()
    assert bench.held_batch is None
    assert bench.cursors == {P0: 10}

    bench.confirm()
    bench.store()
    assert bench.feed.state == "live"
    assert bench.cursors == {}


async def test_replayed_lines_hold_nothing_but_keep_their_cursor(bench: FeedBench) -> None:
    bench.feed.restore(cursors({P0: 10}), {P0: 1000, P1: 1000})
    bench.store()
    await asyncio.sleep(0)
    await bench.connected()

    await bench.sent(batch=9, begin=10, has_cursor=True)
    bench.feed.gaps.replayed_to(P0, 11)

    assert bench.held_batch is None
    assert bench.cursors == {P0: 10}
    bench.confirm()
    assert bench.cursors == {P0: 11}
    bench.feed.gaps.caught_up(P0, 11, live_position=11)
    assert (bench.cursors, bench.feed.state) == ({}, "live")


async def test_a_row_that_is_out_of_date_when_stored_is_stored_again(bench: FeedBench) -> None:
    await bench.sent(batch=1, begin=10)
    bench.now += LATE_SECONDS + 1
    bench.feed.confirm(bench.now)
    snapshot = bench.snapshot()
    bench.confirm()
    bench.were_stored(snapshot)

    assert bench.feed in bench.lists.unstored
    bench.store()
    assert bench.feed.gaps.stored.rows == {}
    assert bench.feed not in bench.lists.unstored


async def test_a_gap_that_opens_while_cursors_are_stored_still_holds(bench: FeedBench) -> None:
    bench.receiver.refuses = True
    bench.feed.restore(cursors({P0: 10}), {P0: 1000, P1: 1000})
    snapshot = bench.snapshot()
    bench.feed.miss(7, records(20, P1), lines=1)
    bench.were_stored(snapshot)

    assert bench.held_batch == 7
    assert bench.feed in bench.lists.unstored


async def test_the_oldest_of_what_is_under_way_and_of_what_is_not_stored_is_held(
    bench: FeedBench,
) -> None:
    bench.feed.miss(5, records(3, P1), lines=1)
    await bench.sent(batch=7, begin=10)
    assert bench.held_batch == 5

    bench.store()
    assert bench.held_batch == 7
    bench.feed.miss(8, records(3, P0), lines=1)
    assert bench.held_batch == 7


async def test_what_goes_under_way_while_rows_are_stored_is_not_covered_by_them(
    bench: FeedBench,
) -> None:
    await bench.sent(batch=1, begin=10)
    bench.feed.outbound.leave_live("the receiver is late")
    snapshot = bench.snapshot()
    await bench.sent(batch=2, begin=11)
    bench.were_stored(snapshot)

    assert bench.held_batch == 2
    assert bench.feed in bench.lists.unstored


async def test_lines_of_one_that_is_live_wait_for_no_row(bench: FeedBench) -> None:
    """The group's offsets wait for them: that is cheaper than a row for each drain."""
    await bench.sent(batch=1, begin=10)
    snapshot = bench.snapshot()
    bench.were_stored(snapshot)

    assert (snapshot.covers, bench.cursors, bench.held_batch) == ([], {}, 1)
