"""The rules of docs/delivery.md for one drain, each without a network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from drains.delivery.sender import CAPACITY_BYTES
from drains.delivery.senders.http_answers import HttpError
from events.kafka.records import TopicPartition
from shuttle.feed.delivery import NEW_TIMES
from shuttle.feed.health import LATE_SECONDS
from shuttle.feed.loss_notices import REFUSED, SKIPPED
from shuttle.feed.writes import GivenUp
from tests.support.feed_bench import P0, P1, FeedBench, cursors, records, route_of, windows

P2 = TopicPartition(P0.topic, 2)

FULL_BYTES = NEW_TIMES * CAPACITY_BYTES + 1


@pytest.fixture
async def bench() -> AsyncIterator[FeedBench]:
    async with FeedBench() as made:
        yield made


async def test_lines_wait_for_the_first_connection_as_live(bench: FeedBench) -> None:
    bench.feed.take(1, records(10), (b"a",), 1)
    bench.feed.take(1, records(11), (b"b",), 1)

    assert (await bench.connected()).sent == [b"ab"]
    assert bench.feed.state == "live"


async def test_a_refused_dial_leaves_a_gap_at_the_first_line(bench: FeedBench) -> None:
    bench.receiver.refuses = True
    bench.feed.take(4, records(10), (b"a",), 1)
    bench.feed.take(5, records(3, P1), (b"b",), 1)
    bench.feed.flush()
    while not bench.receiver.dials:
        await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert bench.feed.gaps.offsets == {P0: 10, P1: 3}
    assert (bench.feed.state, bench.feed.outbound.health.last_error.text) == (
        "failing",
        "connection refused",
    )
    assert bench.held_batch == 4
    bench.store()
    assert bench.held_batch is None


async def test_what_a_dead_receiver_confirmed_lately_is_sent_again(bench: FeedBench) -> None:
    await bench.sent(batch=1, begin=10)
    bench.confirm()
    bench.now += 2
    await bench.sent(batch=2, begin=11)
    bench.confirm()

    bench.sender.ended(ConnectionResetError())

    assert bench.feed.gaps.offsets == {P0: 10}
    assert bench.lists.urgent.is_set()


async def test_an_outbox_that_fills_while_dialling_is_replayed_once_connected(
    bench: FeedBench,
) -> None:
    bench.feed.take(1, records(10), (b"x" * FULL_BYTES,), 1)
    await bench.connected()

    assert bench.feed.gaps.offsets == {P0: 10}
    assert bench.feed.wants_replay


async def test_nothing_of_a_partition_that_went_is_kept(bench: FeedBench) -> None:
    await bench.sent(batch=1, begin=10)
    bench.now += LATE_SECONDS + 1
    bench.feed.confirm(bench.now)
    snapshot = bench.snapshot()
    bench.feed.forget({P0})
    bench.were_stored(snapshot)
    bench.sender.ended(ConnectionResetError())

    assert (bench.feed.gaps.offsets, bench.cursors, bench.feed.gaps.stored.rows) == ({}, {}, {})


async def test_a_full_feed_keeps_its_connection_and_what_is_under_way(bench: FeedBench) -> None:
    await bench.sent(batch=1, begin=10)
    bench.sender.buffered_bytes = FULL_BYTES
    bench.feed.take(2, records(11), (b"y" * 20_000,), 1)

    assert bench.feed.state == "failing"
    assert not bench.feed.takes_live
    assert bench.cursors == {P0: 10}
    assert bench.held_batch == 1
    bench.store()
    assert bench.held_batch is None
    bench.sender.buffered_bytes = 0
    bench.confirm()
    assert bench.feed.takes_live
    assert bench.cursors == bench.feed.gaps.offsets


async def test_a_full_feed_whose_connection_ends_is_replayed_on_the_next(bench: FeedBench) -> None:
    await bench.sent(batch=1, begin=10)
    bench.sender.buffered_bytes = FULL_BYTES
    bench.feed.take(2, records(11), (b"y" * 20_000,), 1)
    bench.sender.ended(ConnectionResetError())
    bench.try_now()
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert bench.feed.gaps.offsets == {P0: 10}
    assert bench.feed.wants_replay


async def test_a_drain_that_moves_keeps_its_place(bench: FeedBench) -> None:
    await bench.sent(batch=1, begin=10)
    bench.feed.change_to(route_of("syslog://127.0.0.1:515"))

    assert bench.feed.gaps.offsets == {P0: 10}


async def test_a_paused_drain_misses_lines_and_dials_nobody(bench: FeedBench) -> None:
    bench.feed.change_to(route_of(paused=True))

    assert not bench.feed.takes_live
    bench.feed.miss(1, records(10), lines=1)
    await asyncio.sleep(0)
    assert bench.feed.state == "paused"
    assert (bench.feed.gaps.offsets, bench.receiver.dials) == ({P0: 10}, 0)


async def test_one_that_is_behind_is_dialled_before_there_is_a_line(bench: FeedBench) -> None:
    bench.feed.restore(cursors({P0: 10}), {P0: 1000, P1: 1000})
    assert not bench.feed.wants_replay
    await asyncio.sleep(0)
    assert (bench.receiver.dials, bench.feed.wants_replay) == (1, True)


async def test_what_comes_before_a_drain_has_its_start_is_not_missed() -> None:
    bench = FeedBench(replace(route_of(), start_pending=True))
    bench.feed.miss(1, records(10), lines=1)
    assert (bench.feed.gaps.offsets, bench.feed.state) == ({}, "replaying")
    assert not bench.feed.takes_live


async def test_a_new_drain_is_behind_from_its_rows_on(bench: FeedBench) -> None:
    bench.feed.begin(cursors({P0: 10, P1: 30}), {P0: 20, P1: 20})

    assert (bench.feed.gaps.offsets, bench.feed.gaps.live_from) == ({P0: 10}, {P1: 30})
    assert bench.feed in bench.lists.behind
    assert (bench.feed.state, bench.feed.gaps.lag_is_counted) == ("replaying", False)
    bench.settled.update({P0: 5, P1: 5})
    assert bench.cursors == {P0: 10, P1: 30}
    assert bench.held_batch is None


async def test_a_new_drain_that_nothing_has_passed_is_live(bench: FeedBench) -> None:
    bench.feed.begin(cursors({P0: 20}), {P0: 20})

    assert bench.feed not in bench.lists.behind
    assert bench.feed.state == "live"


async def test_a_drain_is_rewound_to_the_lower_of_row_and_position(bench: FeedBench) -> None:
    bench.feed.restore(cursors({P0: 10}), {P0: 1000, P1: 1000})
    bench.feed.rewind(windows({P0: 50, P1: 60}), {P0: 1000, P1: 1000})
    assert bench.feed.gaps.offsets == {P0: 10, P1: 60}

    bench.feed.rewind(windows({P0: 5}), {P0: 1000, P1: 1000})
    assert bench.feed.gaps.offsets == {P0: 5, P1: 60}
    assert bench.feed in bench.lists.behind
    bench.store()
    assert bench.feed.gaps.stored.rows == {P0: 5, P1: 60}


async def test_a_lower_gap_is_stored_again_over_the_row(bench: FeedBench) -> None:
    bench.feed.restore(cursors({P0: 10}), {P0: 1000, P1: 1000})
    bench.store()
    assert bench.feed not in bench.lists.unstored

    bench.feed.rewind(windows({P0: 50}), {P0: 1000, P1: 1000})
    assert bench.feed in bench.lists.unstored
    assert bench.cursors == {P0: 10}


async def test_lines_that_are_gathered_are_not_lost_when_it_is_rewound(bench: FeedBench) -> None:
    await bench.sent(batch=1, begin=10)
    bench.feed.take(2, records(11), (b"b",), 1)
    bench.feed.take(2, records(7, P1), (b"c",), 1)
    bench.feed.rewind(windows({P0: 50}), {P0: 100, P1: 100})

    assert bench.feed.gaps.offsets == {P0: 11, P1: 7}
    assert bench.held_batch == 1
    assert bench.feed.outbound.delivery.outbox_bytes == 0
    bench.confirm()
    assert bench.held_batch == 2


async def test_a_paused_drain_is_rewound_too(bench: FeedBench) -> None:
    bench.feed.change_to(route_of(paused=True))
    bench.feed.rewind(windows({P0: 5}), {P0: 100})

    assert bench.feed.gaps.offsets == {P0: 5}
    assert bench.receiver.dials == 0


# A request that failed.


@pytest.fixture
async def web() -> AsyncIterator[FeedBench]:
    """A drain whose receiver answers; a request of offset 10 of P0 and 3 of P1 has failed."""
    async with FeedBench(route_of("https://127.0.0.1/")) as made:
        made.feed.take(1, records(10), (b"a",), 1)
        made.feed.take(1, records(3, P1), (b"c",), 1)
        await made.connected()
        made.sender.ended(HttpError(503, {}))
        made.try_now()
        while len(made.receiver.senders) < 2:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        yield made


async def test_live_lines_wait_until_a_failed_request_is_whole_again(web: FeedBench) -> None:
    assert (web.feed.takes_replay, web.feed.takes_live) == (True, False)
    web.feed.take_replayed(3, records(10), (b"a",), 1)
    web.feed.take_replayed(3, records(3, P1), (b"c",), 1)
    web.feed.flush()
    assert web.sender.sent == []

    web.feed.gaps.replayed_to(P0, 11)
    web.feed.gaps.replayed_to(P1, 4)
    web.feed.handed_over_portion()
    assert web.feed.takes_live
    assert (web.sender.sent, web.sender.names) == ([b"ac"], web.receiver.senders[0].names)


async def test_a_failed_request_of_which_nothing_is_missing_is_forgotten(web: FeedBench) -> None:
    web.feed.skip({P0: 20, P1: 20}, {P0: 20, P1: 20}, SKIPPED)
    assert (web.feed.outbound.delivery.resend.portion, web.feed.takes_live) == (None, True)


async def test_a_rewound_drain_sends_no_failed_request_again(web: FeedBench) -> None:
    version = web.feed.gaps.gap_version
    web.feed.rewind(windows({P0: 5}), {P0: 100})

    assert web.feed.outbound.delivery.resend.portion is None
    assert web.feed.gaps.gap_version > version
    assert web.feed.gaps.offsets == {P0: 5, P1: 3}


def lose_partitions(bench: FeedBench) -> None:
    bench.feed.forget({P0, P1})


def change_headers(bench: FeedBench) -> None:
    bench.feed.change_to(route_of("https://127.0.0.1/", headers={"X-A": "b"}))


@pytest.mark.parametrize("cease", [lose_partitions, change_headers])
async def test_a_pass_lets_go_when_there_is_no_request_to_be_cut_any_more(
    web: FeedBench, cease: Callable[[FeedBench], None]
) -> None:
    """Of other partitions it has read on, without handing lines over."""
    web.feed.miss(3, records(20, P2), 1)
    version = web.feed.gaps.gap_version
    cease(web)

    assert web.feed.outbound.delivery.resend.portion is None
    assert web.feed.gaps.gap_version > version
    assert web.feed.gaps.offsets[P2] == 20


async def test_refused_lines_are_counted_and_not_as_delivered(bench: FeedBench) -> None:
    bench.feed.take(1, records(10), (b"x",), 10)
    await bench.connected()
    bench.sender.lines_refused = 3
    bench.confirm()

    assert (bench.feed.stats.lines_confirmed, bench.feed.stats.lines_lost) == (7, {REFUSED: 3})
    assert bench.feed in bench.lists.untold


async def test_the_owner_of_a_line_that_is_given_up_is_told_how_long_it_was(
    bench: FeedBench,
) -> None:
    bench.feed.gave_up(GivenUp({P0: 11}, 1, 40_012))

    told = bench.feed.outbound.health.last_error.text
    assert "40,012 bytes" in told
    assert "max_record_bytes" in told
    assert (bench.feed.stats.lines_lost, bench.feed.state) == ({REFUSED: 1}, "live")
