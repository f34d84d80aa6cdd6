"""How far a drain is behind, and what it is told when it jumps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from shuttle.feed.loss_notices import SKIPPED, TOO_OLD
from shuttle.worker.standing import lag_seconds_of, status_of
from tests.support.feed_bench import P0, P1, FeedBench, cursors, records, route_of
from tests.support.records import RECORD_TIME_MS, records_of


@pytest.fixture
async def bench() -> AsyncIterator[FeedBench]:
    async with FeedBench(route_of(on_lag="skip", max_lag_seconds=100)) as made:
        made.context.wall_clock = lambda: made.now
        yield made


async def failed(bench: FeedBench) -> None:
    await bench.sent(batch=1, begin=10)
    bench.confirm()
    bench.now += 60
    bench.sender.ended(ConnectionResetError())


async def test_missed_lines_are_counted_until_they_are_replayed(bench: FeedBench) -> None:
    await failed(bench)
    bench.feed.miss(2, records(20), lines=1)
    bench.feed.miss(3, records(21), lines=1)
    assert bench.feed.gaps.lag_lines == 2

    bench.feed.take_replayed(4, records(20), (b"x",), 1)
    bench.feed.gaps.replayed_to(P0, 21)
    assert bench.feed.gaps.lag_lines == 1

    bench.feed.take_replayed(5, records(21), (b"x",), 1)
    bench.feed.gaps.caught_up(P0, 22, 22)
    assert (bench.feed.gaps.lag_lines, bench.feed.gaps.offsets) == (0, {})


async def test_what_a_filter_leaves_out_on_the_way_is_missing_no_more(bench: FeedBench) -> None:
    """Its share is used up, and the replay lets nothing through: it gets on even so."""
    later = (RECORD_TIME_MS + 60_000) / 1000
    bench.now = later + 60
    for offset in range(100, 110):
        bench.feed.miss(1, records(offset), lines=1, sure=False)
    assert bench.feed.gaps.lines_in([P0]) == 10
    since = bench.feed.gaps.since

    bench.feed.gaps.replayed_to(P0, 107, later)

    assert bench.feed.gaps.lines_in([P0]) == 3
    assert since is not None
    assert bench.feed.gaps.since == max(since, later)


async def test_of_what_nobody_has_seen_no_line_counts_and_it_is_said_that_there_may_be_more(
    bench: FeedBench,
) -> None:
    bench.feed.restore(cursors({P0: 100, P1: 7}), {P0: 150, P1: 7})
    bench.feed.miss(1, records(150), lines=1)
    assert (bench.feed.gaps.lag_lines, bench.feed.gaps.lag_is_counted) == (1, False)
    assert bench.feed.gaps.lines_in([P0]) == 51, "what is lost is told in offsets"

    bench.feed.take_replayed(1, records(100), (b"x",), 1)
    bench.feed.gaps.replayed_to(P0, 150)
    assert (bench.feed.gaps.lag_lines, bench.feed.gaps.lag_is_counted) == (1, True)


async def test_what_is_under_way_is_not_confirmed_and_counts(bench: FeedBench) -> None:
    await bench.sent(batch=1, begin=10)
    bench.feed.miss(2, records(20, P1), lines=3)
    bench.feed.take_replayed(3, records(20, P1), (b"x",), 1)
    lag = status_of(bench.feed)
    assert (lag.lag_messages, lag.lag_is_estimate, bench.feed.gaps.lag_lines) == (4, False, 2)

    bench.feed.flush()
    bench.confirm()
    assert status_of(bench.feed).lag_messages == 2


async def test_lines_of_a_partition_that_went_are_its_next_workers_to_count(
    bench: FeedBench,
) -> None:
    await failed(bench)
    bench.feed.miss(2, records(20), lines=5)
    bench.feed.miss(2, records(20, P1), lines=3)
    bench.feed.forget({P0})
    assert bench.feed.gaps.lag_lines == 3
    assert bench.feed.gaps.lines_in([P1]) == 3


async def test_what_is_sent_again_makes_nobody_forget_what_is_not_counted(
    bench: FeedBench,
) -> None:
    bench.feed.begin(cursors({P0: 100}), {P0: 150})
    await bench.sent(batch=1, begin=100, has_cursor=True)
    bench.feed.gaps.replayed_to(P0, 120)
    bench.sender.ended(ConnectionResetError())
    assert (bench.feed.gaps.offsets, bench.feed.gaps.lines_in([P0])) == ({P0: 100}, 50)

    bench.feed.miss(2, records(150), lines=1)
    bench.feed.skip({P0: 151}, {P0: 151}, SKIPPED)
    assert bench.feed.stats.lines_lost == {SKIPPED: 51}


async def test_a_jump_to_live_says_exactly_how_many_lines_it_cost(bench: FeedBench) -> None:
    await failed(bench)
    for offset in range(20, 27):
        bench.feed.miss(2, records(offset), lines=1)
    assert bench.feed.skips_lag

    bench.feed.skip({P0: 40}, {P0: 40}, SKIPPED)

    assert (bench.feed.gaps.offsets, bench.feed.gaps.lag_lines, bench.feed.stats.lines_lost) == (
        {},
        0,
        {SKIPPED: 7},
    )
    assert not bench.feed.skips_lag
    assert bench.context.totals.lines_lost == {SKIPPED: 7}


async def test_lines_that_may_have_arrived_make_the_number_inexact(bench: FeedBench) -> None:
    await bench.sent(batch=1, begin=10)
    bench.sender.ended(ConnectionResetError())
    bench.feed.skip({P0: 40}, {P0: 40}, SKIPPED)

    assert bench.feed.stats.lines_lost == {SKIPPED: 1}
    bench.now += 60
    await bench.connected()
    while len(bench.receiver.senders) < 2:
        await asyncio.sleep(0.01)
    bench.feed.tend(bench.now)
    bench.feed.flush()
    assert b"about 1 message dropped" in b"".join(bench.sender.sent)


async def test_a_drain_that_only_begins_behind_skips_nothing(bench: FeedBench) -> None:
    bench.feed.begin(cursors({P0: 3}), {P0: 9})

    assert bench.feed.gaps.offsets == {P0: 3}
    assert not bench.feed.skips_lag


async def test_a_jump_over_what_is_too_old_keeps_the_rest(bench: FeedBench) -> None:
    bench.feed.begin(cursors({P0: 100}), {P0: 150})
    bench.feed.gaps.look_ups.too_old_before(P0, 100)
    assert bench.feed.skips_first

    bench.feed.skip({P0: 120}, {P0: 160}, TOO_OLD)
    bench.feed.gaps.look_ups.answered(P0, 120)

    assert bench.feed.gaps.offsets == {P0: 120}
    assert bench.feed.stats.lines_lost == {TOO_OLD: 20}
    assert not bench.feed.skips_first


async def test_lag_in_seconds_is_the_age_of_the_oldest_missing_line(bench: FeedBench) -> None:
    assert lag_seconds_of(bench.feed) == 0
    bench.feed.restore(cursors({P0: 100}), {P0: 150})
    bench.now += 40
    assert lag_seconds_of(bench.feed) == 40


async def test_a_drain_that_is_stuck_gets_later_with_every_try() -> None:
    bench = FeedBench()
    bench.wall = RECORD_TIME_MS / 1000
    ages = []
    for attempt in range(3):
        bench.wall += 60
        bench.now += 60
        ages.append(lag_seconds_of(bench.feed))
        take = bench.feed.take_replayed if attempt else bench.feed.take
        take(1, records(10), (b"x",), 1)
        if attempt:
            bench.feed.gaps.caught_up(P0, 11, 11)
        ages.append(lag_seconds_of(bench.feed))
        bench.feed.outbound.drop_outbox()
        ages.append(lag_seconds_of(bench.feed))
    assert ages == pytest.approx([0, 60, 60, 120, 120, 120, 180, 180, 180])
    bench.feed.close()


async def test_a_line_whose_time_cannot_be_is_as_old_as_it_was_taken(bench: FeedBench) -> None:
    bench.feed.take(1, records_of([b"x"], timestamp_ms=7), (b"x",), 1)
    bench.now += 40
    assert lag_seconds_of(bench.feed) == 40


async def test_a_partition_that_went_takes_what_is_under_way_along(bench: FeedBench) -> None:
    bench.feed.take(1, records(10), (b"x",), 3)
    bench.feed.take(1, records(10, P1), (b"x",), 2)
    bench.feed.forget({P0})
    assert status_of(bench.feed).lag_messages == 2


async def test_lines_of_before_that_failed_here_are_not_counted_beside_what_was_owed(
    bench: FeedBench,
) -> None:
    """While another partition's are not counted, what was owed is added to what is said here."""
    bench.feed.restore(cursors({P0: 100, P1: 100}), {P0: 150, P1: 150})
    bench.feed.miss(1, records(150), lines=1)
    bench.feed.take_replayed(2, records_of([b"x"] * 50, begin=100), (b"x",), 50)
    bench.feed.gaps.replayed_to(P0, 150)
    bench.feed.outbound.drop_outbox()
    assert (bench.feed.gaps.lag_lines, bench.feed.gaps.lag_is_counted) == (1, False)

    bench.feed.gaps.caught_up(P1, 150, 150)
    assert (bench.feed.gaps.lag_lines, bench.feed.gaps.lag_is_counted) == (51, True)
