"""What the database is told of drains: changes at once, figures now and then, no more than that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, cast

import pytest

from drains.delivery.network.errors import DeliveryError
from shuttle.commit.store import FeedStatus, Speaker, StoreError
from shuttle.feed.feed import Feed
from shuttle.feed.link import RETRY_MAX_SECONDS
from shuttle.worker import status_publisher as module
from shuttle.worker.standing import lines_in_flight, status_of
from shuttle.worker.status_publisher import FIGURES_SECONDS, StatusPublisher
from shuttle.worker.status_writer import StatusWriter
from tests.support.fake_store_thread import FakeStoreThread
from tests.support.feed_bench import P0, P1, FeedBench, cursors, records, route_of
from tests.support.memory_store import MemoryStore
from tests.support.records import RECORD_TIME_MS


class Bench(FeedBench):
    def __init__(self) -> None:
        super().__init__()
        self.database = MemoryStore(route_of())
        self.store_thread = FakeStoreThread(self.database)
        self.feeds = {"d1": self.feed}
        self.begin()

    def begin(self) -> None:
        """A worker, in the place of the one before."""
        thread = cast(Any, self.store_thread)
        self.writer = StatusWriter(thread, 0, self.lists, self.context)
        self.statuses = StatusPublisher(self.writer, self.lists, self.feeds, self.context)

    async def published(self) -> list[FeedStatus]:
        """What is written by another look, by one name or another."""
        self.database.wall = self.wall
        self.database.statuses.clear()
        await self.statuses.publish_some()
        return [status for said in self.database.statuses.values() for status in said]

    async def published_later(self) -> list[FeedStatus]:
        """By looks until figures are due once more."""
        self.pass_by(FIGURES_SECONDS)
        return await self.published()

    def pass_by(self, seconds: float) -> None:
        self.now += seconds
        self.wall += seconds

    async def delivered(self, batch: int) -> None:
        await self.sent(batch=batch, begin=10 * batch)
        self.confirm()

    def another_feed(self, number: int = 0) -> Feed:
        route = replace(route_of(), drain_id=f"other {number}")
        self.database.drains[route.drain_id] = route
        return Feed(route, self.context, self.lists)


@pytest.fixture
async def bench(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr("platform.node", lambda: "h")
    async with Bench() as made:
        await made.writer._heartbeat.begin()
        yield made


async def test_nothing_is_written_of_drains_that_nothing_happens_to(bench: Bench) -> None:
    feeds = [bench.another_feed(number) for number in range(100)]
    await bench.delivered(1)
    assert len(await bench.published()) == 1
    for _ in range(20):
        assert await bench.published_later() == []
    assert bench.database.beats == 1
    assert not any((bench.lists.news, bench.lists.moved, bench.lists.outstanding))
    for feed in feeds:
        feed.close()
    assert await bench.published() == [], "of whom nothing was said there is no last word"


async def test_one_that_fails_of_10_000_is_one_row_at_once(bench: Bench) -> None:
    feeds = [bench.another_feed(number) for number in range(10_000)]
    assert await bench.published() == []
    feeds[7_777].outbound.give_up(DeliveryError("there is no connection"))
    feeds[7_777].outbound.failed(DeliveryError("refused"), [])
    (status,) = await bench.published()
    assert (status.drain_id, status.state, status.last_error) == (
        "other 7777",
        "failing",
        "refused",
    )
    assert await bench.published() == []


async def test_another_state_or_error_is_told_at_once(bench: Bench) -> None:
    await bench.published()
    await bench.sent(batch=1, begin=10)
    bench.sender.ended(ConnectionResetError())
    (status,) = await bench.published()

    assert (status.state, status.last_error_at) == ("failing", bench.wall)
    assert status.last_error
    bench.feed.outbound.health.complain("too many requests", bench.wall)
    bench.feed.has_news()
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
            bench.feed.has_news()
            await bench.published_later()
    bench.feed.outbound.health.connected(bench.now)
    bench.feed.outbound.health.prove()
    for _ in range(2):
        bench.feed.has_news()
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

    (status,) = await bench.published_later()
    assert (status.lines_sent, status.lag_messages) == (2, 0)
    assert await bench.published_later() == []


async def test_when_a_receiver_is_tried_next_is_told(bench: Bench) -> None:
    bench.context.clock = asyncio.get_running_loop().time
    assert await bench.published() == []
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
    bench.pass_by(40)
    (status,) = await bench.published()

    assert (status.state, status.lag_messages, status.lag_seconds) == ("replaying", 2, 40)
    assert (status.lag_is_estimate, status.lines_lost, status.lines_cut) == (True, 7, 2)


async def test_one_that_only_waits_for_its_receiver_lags_and_is_not_behind(bench: Bench) -> None:
    await bench.sent(batch=1, begin=10)
    bench.wall = RECORD_TIME_MS / 1000 + 3
    (status,) = await bench.published()
    assert (status.state, status.lag_messages, status.lag_seconds) == ("live", 1, 3)


async def test_that_the_oldest_line_gets_older_is_not_written_again_and_again(bench: Bench) -> None:
    bench.feed.restore(cursors({P0: 100}), {P0: 150})
    assert len(await bench.published()) == 1
    written = [len(await bench.published_later()) for _ in range(24)]
    assert sum(written) == 2, "once a minute, in two minutes"
    bench.feed.change_to(route_of(paused=True))
    assert len(await bench.published()) == 1
    assert [await bench.published_later() for _ in range(24)] == [[]] * 24


async def test_what_the_database_did_not_hear_is_told_the_next_time(bench: Bench) -> None:
    bench.feed.stats.cut(1)
    bench.store_thread.away = True
    assert await bench.published() == []
    bench.store_thread.away = False
    assert len(await bench.published()) == 1


async def test_who_wants_all_to_be_told_hears_that_it_was_not(bench: Bench) -> None:
    """Before a cursor goes beyond what was lost, the database has to know of it."""
    await bench.published()
    await bench.statuses.publish([bench.feed])
    assert len(bench.database.statuses["h:0"]) == 1

    bench.store_thread.away = True
    with pytest.raises(StoreError):
        await bench.statuses.publish([bench.feed])


async def test_a_worker_that_ends_leaves_its_figures_and_no_state(bench: Bench) -> None:
    bench.feed.lose(7, "gone")
    await bench.statuses.publish([bench.feed])
    bench.another_feed()
    (status,) = await last_words(bench)
    assert (status.state, status.lines_lost) == ("", 7)
    assert bench.database.ended == {*bench.database.speakers.values()}


async def test_what_stands_is_not_said_again_at_the_end(bench: Bench) -> None:
    await bench.delivered(1)
    await bench.published()
    assert await bench.published_later() == []
    assert await last_words(bench) == []


async def last_words(bench: Bench) -> list[FeedStatus]:
    bench.database.statuses.clear()
    await bench.statuses.take_leave()
    return bench.database.statuses.get("h:0", [])


async def test_what_the_next_live_pass_meets_again_is_not_among_what_is_owed_at_the_end(
    bench: Bench,
) -> None:
    await bench.sent(batch=1, begin=10)
    bench.feed.restore(cursors({P1: 100}), {P1: 150})
    bench.feed.miss(2, records(150, P1), lines=4)
    (before,) = await bench.published()
    (last,) = await last_words(bench)
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


async def test_of_many_whose_figures_move_some_are_looked_at_each_time_and_all_in_turn(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOVED_FEEDS", 3)
    monkeypatch.setattr(module, "SLICE_FEEDS", 2)
    feeds = [bench.another_feed(number) for number in range(7)]
    await bench.published()
    for feed in feeds:
        feed.stats.cut(1)
        bench.lists.moved.add(feed)
    bench.pass_by(FIGURES_SECONDS)
    assert [len(await bench.published()) for _ in range(4)] == [3, 3, 1, 0]


async def test_one_that_went_leaves_its_last_word_before_another_of_its_drain_goes_on(
    bench: Bench,
) -> None:
    await bench.delivered(1)
    await bench.published()
    first = bench.feed
    first.lose(5, "gone")
    first.close()
    bench.feed = Feed(route_of(), bench.context, bench.lists)
    bench.feed.lose(2, "gone")
    bench.feed.has_news()
    last, status = await bench.published()
    assert (last.state, last.lines_sent, last.lines_lost) == ("", 1, 5)
    assert (status.state, status.lines_sent, status.lines_lost) == ("live", 1, 7)
    assert first not in bench.writer.said


async def test_a_topic_that_may_not_be_read_is_news_of_its_drains(bench: Bench) -> None:
    assert await bench.published() == []
    bench.context.refused_topics["gs"] = bench.wall
    (status,) = await bench.published()
    assert status.state == "failing"
    del bench.context.refused_topics["gs"]
    (status,) = await bench.published()
    assert status.state == "live"


async def test_nothing_is_asked_where_there_is_nothing_to_say(bench: Bench) -> None:
    await bench.published()
    bench.store_thread.away = True
    asked = bench.store_thread.asked
    await bench.statuses.publish([])
    await bench.published_later()
    assert bench.store_thread.asked == asked


# What it goes on from.


async def restarted(bench: Bench) -> None:
    """Without a word."""
    bench.feed.close()
    bench.lists.closed.clear()
    bench.feed = bench.feeds["d1"] = Feed(route_of(), bench.context, bench.lists)
    bench.receiver.senders.clear()
    bench.begin()
    await bench.writer._heartbeat.begin()


async def test_after_a_restart_what_was_counted_goes_on_in_the_same_row(bench: Bench) -> None:
    await bench.delivered(1)
    bench.feed.lose(3, "gone")
    bench.feed.outbound.health.complain("HTTP 503", bench.wall)
    (before,) = await bench.published()
    await restarted(bench)
    bench.pass_by(61)
    assert await bench.published() == [], "nothing has happened"
    await bench.delivered(2)
    (after,) = await bench.published()
    assert [name for name, _ in bench.database.rows_told] == ["h:0"]
    assert (after.lines_sent, after.bytes_sent) == (2, before.bytes_sent + 1)
    assert (after.lines_lost, after.lines_before, after.lines_lately) == (3, 4, 2)
    assert (after.last_error, after.last_error_at) == (before.last_error, before.last_error_at)
    minute = int(bench.wall // 60)
    assert after.sent_by_minute == f"{minute - 1} {minute} 1,1"


async def test_a_row_that_may_have_been_written_is_not_gone_on_from_twice(bench: Bench) -> None:
    await bench.delivered(1)
    await bench.published()
    await restarted(bench)
    await bench.delivered(2)
    publish = bench.database.publish

    def hang_up(*of: Any) -> bool:
        publish(*of)
        bench.database.publish = publish  # type: ignore[method-assign]
        raise StoreError("nobody knows whether that was written")

    bench.database.publish = hang_up  # type: ignore[method-assign, assignment]
    await bench.published()
    (status,) = await bench.published()
    assert status.lines_sent == 2


async def test_what_was_owed_by_a_run_that_ended_in_order_is_owed_still(bench: Bench) -> None:
    bench.feed.restore(cursors({P0: 100}), {P0: 150})
    bench.feed.miss(1, records(150), lines=9)
    bench.pass_by(40)
    (last,) = await last_words(bench)
    assert (last.state, last.lag_messages, last.lag_is_estimate) == ("", 9, True)
    await restarted(bench)
    bench.feed.restore(cursors({P0: 100}), {P0: 170})
    bench.feed.miss(1, records(170), lines=2)
    bench.pass_by(10)
    (status,) = await bench.published()
    assert (status.lag_messages, status.lag_is_estimate) == (11, True)
    assert status.lag_seconds >= 10
    bench.feed.lose(4, "gone")
    (status,) = await bench.published_later()
    assert status.lag_messages == 7


async def test_a_worker_whose_name_another_has_goes_on_under_one_of_its_own(bench: Bench) -> None:
    await bench.delivered(1)
    await bench.published()
    stranger = Speaker("h:0", "of another process")
    bench.database.speakers["h:0"] = stranger
    await bench.delivered(2)
    await bench.writer.beat()
    (status,) = await bench.published_later()
    assert bench.database.rows_told["h:1", "d1"].status == status
    assert status.lines_sent == 1, "the other one stands where it was said"
    assert bench.database.speakers["h:0"] == stranger
    assert bench.database.rows_told["h:0", "d1"].status.lines_sent == 1


async def test_so_it_does_when_it_hears_of_that_by_what_it_says(bench: Bench) -> None:
    await bench.delivered(1)
    await bench.published()
    bench.database.speakers["h:0"] = Speaker("h:0", "of another process")
    await bench.delivered(2)
    assert await bench.published_later() == []
    (status,) = await bench.published_later()
    assert ("h:1", "d1") in bench.database.rows_told
    assert status.lines_sent == 1


# What it was sent of late.


async def test_what_a_drain_is_sent_goes_with_its_figures_and_is_not_written_twice(
    bench: Bench,
) -> None:
    minute = int(bench.wall // 60)
    await bench.delivered(1)
    (status,) = await bench.published()
    lines = status.lines_sent
    assert lines > 0
    assert (status.lines_lately, status.sent_by_minute) == (lines, f"{minute} {minute} {lines}")
    bench.feed.lose(1, "gone")
    bench.lists.moved.add(bench.feed)
    (status,) = await bench.published_later()
    assert (status.lines_lately, status.sent_by_minute, status.sent_by_quarter) == (
        lines,
        None,
        None,
    )


async def test_what_was_sent_and_the_database_did_not_get_is_told_the_next_time(
    bench: Bench,
) -> None:
    await bench.delivered(1)
    bench.store_thread.away = True
    assert await bench.published() == []
    bench.store_thread.away = False
    (status,) = await bench.published()
    assert status.sent_by_minute
    assert status.sent_by_quarter


async def test_the_last_word_has_the_last_lines(bench: Bench) -> None:
    await bench.published()
    await bench.delivered(1)
    (status,) = await last_words(bench)
    assert status.sent_by_minute
    assert status.sent_by_minute.endswith(f" {status.lines_sent}")


async def test_a_feed_that_is_gone_is_forgotten(bench: Bench) -> None:
    await bench.delivered(1)
    await bench.published()
    books = bench.writer.rates._books
    assert len(books) == 1
    bench.feed.close()
    await bench.published()
    assert not books
    assert not bench.lists.closed
