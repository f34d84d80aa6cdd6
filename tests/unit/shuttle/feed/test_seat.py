"""What a replay pass may do with a drain that has a seat in it."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator

import pytest

from drains.delivery.sender import CAPACITY_BYTES
from events.kafka.records import PartitionRecords
from shuttle.feed.loss_notices import EXPIRED, TOO_OLD
from shuttle.feed.seat import Seat
from tests.support.feed_bench import P0, P1, FeedBench, cursors, route_of, run, windows
from tests.support.records import RECORD_TIME_MS

LIVE = {P0: 1000, P1: 1000}
LIMIT = 100


@pytest.fixture
async def bench() -> AsyncIterator[FeedBench]:
    """A drain that lacks P0 from 10 on."""
    async with FeedBench(route_of("https://127.0.0.1/", max_lag_seconds=LIMIT)) as made:
        made.feed.restore(cursors({P0: 10}), LIVE)
        await made.connected()
        yield made


@pytest.fixture
def seat(bench: FeedBench) -> Seat:
    return Seat(bench.feed)


# Who may be served.


async def test_a_seat_is_void_as_soon_as_a_gap_opens_or_moves_back(
    bench: FeedBench, seat: Seat
) -> None:
    seat.handed_over(run(10, 20))
    assert not seat.is_void
    bench.feed.miss(1, run(1000, 1001, P1), lines=1)
    assert seat.is_void

    again = Seat(bench.feed)
    bench.feed.rewind(windows({P0: 5}), LIVE)
    assert again.is_void
    assert not again.may_be_served()
    assert not again.may_wait


async def test_one_that_is_full_may_wait_and_is_not_served(bench: FeedBench, seat: Seat) -> None:
    assert seat.may_be_served()
    bench.sender.buffered_bytes = CAPACITY_BYTES
    assert not seat.may_be_served()
    assert seat.may_wait


async def test_one_that_failed_or_is_late_is_not_waited_for(bench: FeedBench, seat: Seat) -> None:
    bench.sender.ended(ConnectionResetError())
    assert not seat.is_void
    assert not seat.may_be_served()
    assert not seat.may_wait


async def test_one_that_goes_on_elsewhere_first_is_not_served(bench: FeedBench, seat: Seat) -> None:
    bench.feed.gaps.look_ups.too_old_before(P0, 10)
    assert not seat.may_be_served()
    assert not seat.may_wait


async def test_one_that_lacks_nothing_waits_for_nothing(bench: FeedBench, seat: Seat) -> None:
    seat.met_live(P0, 1000, 1000)
    assert not seat.may_be_served()
    assert not seat.may_wait


async def test_only_one_that_lags_has_lines_that_are_too_old(bench: FeedBench, seat: Seat) -> None:
    assert seat.young_ms(wall=1_000.0) == (1_000 - LIMIT) * 1000
    bench.feed.gaps.lagging = False
    assert seat.young_ms(wall=1_000.0) == -math.inf


# What it lacks.


@pytest.mark.parametrize(
    ("records", "lacks"),
    [(run(5, 10), False), (run(5, 11), True), (run(10, 11), True), (run(10, 11, P1), False)],
)
async def test_it_lacks_what_reaches_beyond_its_gap(
    seat: Seat, records: PartitionRecords, lacks: bool
) -> None:
    assert seat.lacks(records) is lacks


async def test_it_gets_no_more_than_it_lacks(seat: Seat) -> None:
    part = seat.part_of(run(5, 20))
    assert part is not None
    assert (part.begin, part.end) == (10, 20)


async def test_its_gap_goes_to_the_end_of_what_was_handed_over(seat: Seat) -> None:
    seat.handed_over(run(5, 20))
    assert seat.gaps == {P0: 20}
    seat.handed_over(run(12, 15))
    assert seat.gaps == {P0: 20}


async def test_lines_that_are_too_old_are_lost_and_told(bench: FeedBench, seat: Seat) -> None:
    seat.leave_out(run(10, 20), 3, bench.wall, to_the_end=False)
    seat.leave_out(run(20, 30), 0, bench.wall, to_the_end=False)

    assert bench.feed.stats.lines_lost == {TOO_OLD: 3}
    assert bench.feed.gaps.since == RECORD_TIME_MS / 1000, "it has got that far"
    assert bench.feed.gaps.look_ups.due == {}


async def test_behind_a_run_that_ends_too_old_kafka_is_asked(bench: FeedBench, seat: Seat) -> None:
    seat.leave_out(run(10, 20), 0, bench.wall, to_the_end=True)
    assert bench.feed.gaps.look_ups_due == {}, "not before it is there"
    seat.handed_over(run(10, 20))
    assert bench.feed.gaps.look_ups_due == {P0: 20}
    assert bench.feed.stats.lines_lost == {}


@pytest.mark.parametrize(("low", "lost", "gap"), [(10, 0, 10), (9, 0, 10), (25, 15, 25)])
async def test_what_left_kafka_before_it_was_replayed_is_lost(
    bench: FeedBench, seat: Seat, low: int, lost: int, gap: int
) -> None:
    seat.expired(P0, low)
    seat.expired(P1, low)
    assert (bench.feed.stats.lines_lost.total(), seat.gaps) == (lost, {P0: gap})
    if lost:
        notice = bench.feed.stats.notices.take(bench.now)
        assert (notice.lines, notice.exact) == ({EXPIRED: lost}, False)


async def test_a_void_seat_loses_nothing_that_another_pass_may_find(
    bench: FeedBench, seat: Seat
) -> None:
    bench.feed.rewind(windows({P0: 5}), LIVE)
    seat.expired(P0, 25)
    assert (bench.feed.stats.lines_lost, seat.gaps) == ({}, {P0: 5})


# Where it ends.


@pytest.mark.parametrize(("gap", "position"), [(10, 40), (45, 45)])
async def test_who_meets_the_live_pass_goes_on_there(
    bench: FeedBench, seat: Seat, gap: int, position: int
) -> None:
    seat.handed_over(run(5, gap))
    seat.met_live(P1, 40, 30)
    seat.met_live(P0, 40, 30)
    assert (seat.gaps, bench.feed.gaps.live_from) == ({}, {P0: position})


async def test_who_leaves_has_all_that_the_pass_went_by(seat: Seat) -> None:
    """Records of others: there was nothing for it."""
    seat.leave({P0: 300})
    assert seat.gaps == {P0: 300}
    seat.leave({P0: 200})
    assert seat.gaps == {P0: 300}


async def test_who_leaves_a_void_seat_keeps_its_gaps(bench: FeedBench, seat: Seat) -> None:
    bench.feed.rewind(windows({P0: 5}), LIVE)
    seat.leave({P0: 300})
    assert seat.gaps == {P0: 5}


# A request that is to be cut exactly so once more.


async def failed(bench: FeedBench) -> Seat:
    """Of offsets 10 to 19 of P0; the gap in P1, behind it, is older."""
    bench.feed.gaps.caught_up(P0, 10, live_position=10)
    bench.feed.take(1, run(10, 20), (b"x",), 10)
    bench.feed.flush()
    bench.feed.miss(1, run(500, 501, P1), lines=1)
    bench.sender.ended(ConnectionResetError())
    return Seat(bench.feed)


async def test_a_request_gets_the_lines_that_it_had_and_no_others(bench: FeedBench) -> None:
    seat = await failed(bench)
    part = seat.part_of(run(5, 30))
    assert seat.portion is not None
    assert part is not None
    assert (part.begin, part.end) == (10, 20)
    assert seat.part_of(run(500, 501, P1)) is None

    seat.handed_over(run(5, 30))
    seat.handed_over(run(500, 510, P1))
    assert seat.gaps == {P0: 20, P1: 500}


async def test_a_request_is_whole_when_the_pass_is_at_its_ends(bench: FeedBench) -> None:
    seat = await failed(bench)
    assert not seat.has_handed_over({P0: 19, P1: 700}, LIVE)
    assert seat.gaps == {P0: 10, P1: 500}
    assert seat.has_handed_over({P0: 25, P1: 700}, LIVE)
    assert seat.gaps == {P0: 20, P1: 500}


async def test_a_request_of_a_log_that_is_shorter_by_now_waits_for_no_more_of_it(
    bench: FeedBench,
) -> None:
    seat = await failed(bench)
    assert seat.has_handed_over({P0: 15}, {P0: 15, P1: 1000})


async def test_a_request_stays_where_it_ends_though_the_pass_has_gone_on(bench: FeedBench) -> None:
    seat = await failed(bench)
    seat.leave({P0: 300, P1: 700})
    assert seat.gaps == {P0: 20, P1: 500}


async def test_who_has_no_request_or_a_void_seat_has_not_resent_it(
    bench: FeedBench, seat: Seat
) -> None:
    assert not seat.has_handed_over({P0: 1000}, LIVE)
    seat = await failed(bench)
    bench.feed.gaps.let_go_of_seats()
    assert not seat.has_handed_over({P0: 25, P1: 700}, LIVE)
