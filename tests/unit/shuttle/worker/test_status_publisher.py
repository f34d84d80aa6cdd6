"""What the database is told of drains: changes at once, figures now and then, no more than that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from shuttle.commit.store import FeedStatus, StoreError
from shuttle.feed.feed import Feed
from shuttle.feed.link import RETRY_MAX_SECONDS
from shuttle.worker import status_publisher as module
from shuttle.worker.standing import lines_in_flight, status_of
from shuttle.worker.status_publisher import FIGURES_SECONDS, REFRESH_SECONDS, StatusPublisher
from tests.support.fake_store_thread import FakeStoreThread
from tests.support.feed_bench import P0, P1, FeedBench, cursors, records, route_of
from tests.support.memory_store import MemoryStore
from tests.support.records import RECORD_TIME_MS


class Bench(FeedBench):
    def __init__(self) -> None:
        super().__init__()
        self.database = MemoryStore(route_of())
        self.store_thread = FakeStoreThread(self.database)
        clocks = (lambda: self.now), (lambda: self.wall)
        self.statuses = StatusPublisher(cast(Any, self.store_thread), "w1", *clocks)

    async def published(self, *feeds: Feed) -> list[FeedStatus]:
        """What is written by another look at these."""
        self.database.statuses.clear()
        await self.statuses.publish_some(feeds or [self.feed])
        return self.database.statuses.get("w1", [])

    def another_feed(self) -> Feed:
        return Feed(route_of(), self.context, self.lists)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with Bench() as made:
        yield made


async def test_a_drain_is_told_of_when_it_is_met_and_then_while_nothing_changes_now_and_then(
    bench: Bench,
) -> None:
    assert [status.state for status in await bench.published()] == ["live"]
    bench.now += REFRESH_SECONDS - 0.1
    assert await bench.published() == []
    bench.now += 0.1
    assert len(await bench.published()) == 1
    assert await bench.published() == []


async def test_another_state_or_error_is_told_at_once(bench: Bench) -> None:
    await bench.published()
    await bench.sent(batch=1, begin=10)
    bench.sender.ended(ConnectionResetError())
    (status,) = await bench.published()

    assert (status.state, status.last_error_at) == ("failing", bench.wall)
    assert status.last_error
    bench.feed.outbound.health.complain("too many requests", bench.wall)
    (status,) = await bench.published()
    assert status.last_error == "too many requests"


async def test_who_fails_is_in_the_log_once_a_change(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    await bench.published()
    await bench.sent(batch=1, begin=10)
    bench.sender.ended(ConnectionResetError())
    for said in ("connection reset by the receiver", "too many requests"):
        bench.feed.outbound.health.complain(said, bench.wall)
        for _ in range(2):
            bench.now += REFRESH_SECONDS
            await bench.published()
    bench.feed.outbound.health.connected(bench.now)
    bench.feed.outbound.health.prove()
    for _ in range(2):
        await bench.published()

    assert [record.message for record in caplog.records] == [
        "Drain d1 of gold-gs to 127.0.0.1:514 fails: connection reset by the receiver",
        "Drain d1 of gold-gs to 127.0.0.1:514 fails: too many requests",
        "Drain d1 of gold-gs to 127.0.0.1:514 is well again",
    ]


async def test_figures_are_told_a_little_later_but_for_the_first_line(bench: Bench) -> None:
    await bench.sent(batch=1, begin=10)
    await bench.published()
    bench.confirm()
    (status,) = await bench.published()
    assert (status.lines_sent, status.bytes_sent, status.last_delivery_at) == (1, 1, bench.wall)
    await bench.sent(batch=2, begin=11)
    bench.confirm()
    assert await bench.published() == []
    bench.now += FIGURES_SECONDS

    (status,) = await bench.published()
    assert (status.lines_sent, status.lag_messages) == (2, 0)


async def test_when_a_receiver_is_tried_next_is_told(bench: Bench) -> None:
    bench.context.clock = asyncio.get_running_loop().time
    (status,) = await bench.published()
    assert status.next_try_at is None
    await bench.sent(batch=1, begin=10)
    bench.sender.ended(ConnectionResetError())

    (status,) = await bench.published()
    assert status.next_try_at is not None
    assert 0 < status.next_try_at - bench.wall <= RETRY_MAX_SECONDS


async def test_one_that_is_behind_says_by_how_much(bench: Bench) -> None:
    bench.feed.restore(cursors({P0: 100}), {P0: 150})
    bench.feed.miss(1, records(150), lines=2)
    bench.feed.lose(7, "gone")
    bench.feed.stats.cut(2)
    bench.wall += 40
    (status,) = await bench.published()

    assert (status.state, status.lag_messages, status.lag_seconds) == ("replaying", 2, 40)
    assert (status.lag_is_estimate, status.lines_lost, status.lines_cut) == (True, 7, 2)


async def test_one_that_only_waits_for_its_receiver_lags_and_is_not_behind(bench: Bench) -> None:
    await bench.sent(batch=1, begin=10)
    bench.wall = RECORD_TIME_MS / 1000 + 3
    (status,) = await bench.published()
    assert (status.state, status.lag_messages, status.lag_seconds) == ("live", 1, 3)


async def test_what_the_database_did_not_hear_is_told_the_next_time(bench: Bench) -> None:
    bench.store_thread.away = True
    assert await bench.published() == []
    bench.store_thread.away = False
    assert len(await bench.published()) == 1


async def test_who_wants_all_to_be_told_hears_that_it_was_not(bench: Bench) -> None:
    """Before a cursor goes beyond what was lost, the database has to know of it."""
    await bench.published()
    bench.database.statuses.clear()
    await bench.statuses.publish([bench.feed])
    assert len(bench.database.statuses["w1"]) == 1

    bench.store_thread.away = True
    with pytest.raises(StoreError):
        await bench.statuses.publish([bench.feed])


async def test_a_worker_that_ends_leaves_its_figures_and_no_state(bench: Bench) -> None:
    bench.feed.lose(7, "gone")
    await bench.statuses.take_leave([bench.feed])
    (status,) = bench.database.statuses["w1"]
    assert (status.state, status.lines_lost) == ("", 7)


async def test_what_the_next_live_pass_meets_again_is_not_among_what_is_owed_at_the_end(
    bench: Bench,
) -> None:
    await bench.sent(batch=1, begin=10)
    bench.feed.restore(cursors({P1: 100}), {P1: 150})
    bench.feed.miss(2, records(150, P1), lines=4)
    (before,) = await bench.published()
    await bench.statuses.take_leave([bench.feed])
    (last,) = bench.database.statuses["w1"]
    assert (before.lag_messages, last.lag_messages) == (5, 4)


async def test_replayed_lines_on_their_way_are_among_what_the_worker_before_has_counted(
    bench: Bench,
) -> None:
    bench.feed.restore(cursors({P0: 100}), {P0: 150})
    bench.feed.miss(1, records(150), lines=4)
    bench.feed.take_replayed(2, records(100), (b"x",), 1)
    assert (status_of(bench.feed).lag_messages, lines_in_flight(bench.feed)) == (4, 1)

    bench.feed.gaps.replayed_to(P0, 150)
    assert status_of(bench.feed).lag_messages == 5


async def test_of_many_drains_some_are_looked_at_each_time_and_all_in_turn(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_FEEDS", 3)
    monkeypatch.setattr(module, "SLICE_FEEDS", 2)
    feeds = [bench.another_feed() for _ in range(7)]

    assert [len(await bench.published(*feeds)) for _ in range(4)] == [3, 3, 1, 0]
    bench.now += REFRESH_SECONDS
    assert [len(await bench.published(*feeds)) for _ in range(4)] == [3, 1, 3, 0]


async def test_one_that_went_and_came_is_told_of_anew(bench: Bench) -> None:
    other = bench.another_feed()
    await bench.published(bench.feed, other)
    await bench.published(other)
    assert len(await bench.published(bench.feed, other)) == 1


async def test_nothing_is_written_where_there_is_nothing_to_say(bench: Bench) -> None:
    bench.store_thread.away = True
    await bench.statuses.publish([])
    assert bench.statuses.changes([]) == {}


# What it was sent of late.


async def sent_and_confirmed(bench: Bench, batch: int) -> None:
    await bench.sent(batch=batch, begin=10 * batch)
    bench.sender.read_all()
    bench.feed.confirm(bench.now)


async def test_what_a_drain_is_sent_goes_with_its_figures_and_is_not_written_twice(
    bench: Bench,
) -> None:
    minute = int(bench.wall // 60)
    (first,) = await bench.published()
    assert first.sent_by_minute == f"{minute} {minute} ", "it is known that there is nothing"
    await sent_and_confirmed(bench, 1)
    (status,) = await bench.published()
    lines = status.lines_sent
    assert lines > 0
    assert (status.lines_lately, status.sent_by_minute) == (lines, f"{minute} {minute} {lines}")
    bench.now += REFRESH_SECONDS
    (status,) = await bench.published()
    assert (status.lines_lately, status.sent_by_minute, status.sent_by_quarter) == (
        lines,
        None,
        None,
    )
    bench.now, bench.wall = bench.now + 2 * 3600, bench.wall + 2 * 3600
    (status,) = await bench.published()
    assert (status.lines_lately, status.sent_by_minute) == (0, None)


async def test_what_the_database_did_not_get_is_told_the_next_time(bench: Bench) -> None:
    await bench.published()
    await sent_and_confirmed(bench, 1)
    bench.store_thread.away = True
    assert await bench.published() == []
    bench.store_thread.away = False
    (status,) = await bench.published()
    assert status.sent_by_minute
    assert status.sent_by_quarter


async def test_the_last_word_has_the_last_lines(bench: Bench) -> None:
    await bench.published()
    await sent_and_confirmed(bench, 1)
    await bench.statuses.take_leave([bench.feed])
    (status,) = bench.database.statuses["w1"]
    assert status.sent_by_minute
    assert status.sent_by_minute.endswith(f" {status.lines_sent}")


async def test_a_feed_that_is_gone_is_forgotten(bench: Bench) -> None:
    await bench.published()
    await sent_and_confirmed(bench, 1)
    await bench.published()
    books = bench.statuses._rates._books
    assert len(books) == 1
    await bench.published(bench.another_feed())
    assert not books
