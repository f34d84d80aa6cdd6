"""Where a drain goes on that is not replayed from where it stands: no young line is left out."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from events.kafka.cluster import Cluster
from events.kafka.records import Offsets
from shuttle.feed.loss_notices import SKIPPED, TOO_OLD
from shuttle.replay import skips as module
from shuttle.replay.skips import LOOK_UPS, LagSkips
from tests.support.feed_bench import P0, P1, FeedBench, cursors, route_of
from tests.support.replayed_log import NOW, NOW_MS, LogCluster, Record
from tests.support.replaying import AGAIN, LIMIT, OLD, YOUNG, bench_of, hurry, logs_of, texts


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


async def test_old_records_are_jumped_over_at_once() -> None:
    bench = bench_of(*[OLD] * 40, *[YOUNG] * 5)
    (feed,) = bench.feeds
    await bench.run()

    assert bench.delivered(feed) >= texts(*range(40, 45))
    assert (bench.cluster.asked, feed.stats.lines_lost) == ([P0], {TOO_OLD: 40})


async def test_over_udp_what_is_a_minute_old_is_too_old_whatever_the_drain_says() -> None:
    minute = NOW_MS - 60_000
    bench = bench_of(*[minute - 1] * 40, *[minute] * 5, url="syslog+udp://127.0.0.1:514")
    (feed,) = bench.feeds
    await bench.run()

    assert bench.delivered(feed) >= texts(*range(40, 45))
    assert feed.stats.lines_lost == {TOO_OLD: 40}


@pytest.mark.parametrize("answer", ["failure", "silence", "leaderless"])
async def test_without_an_answer_each_record_is_looked_at(answer: str) -> None:
    bench = bench_of(*[YOUNG, OLD] * 10, answers=[answer])
    (feed,) = bench.feeds
    await bench.run()

    assert bench.delivered(feed) >= texts(*range(0, 20, 2))
    assert feed.stats.lines_lost == {TOO_OLD: 10}
    assert 1 <= len(bench.cluster.asked) <= 1 + 20 // AGAIN


async def test_a_young_stamp_before_all_old_ones_makes_nobody_wait() -> None:
    """The first young record that Kafka finds lies before the gap, each time."""
    bench = bench_of(*[NOW_MS] * 3, *[OLD] * 30, *[YOUNG] * 3)
    (feed,) = bench.feeds
    await bench.run()

    assert bench.delivered(feed) >= texts(0, 1, 2, 33, 34, 35)
    assert feed.stats.lines_lost == {TOO_OLD: 30}
    assert len(bench.cluster.asked) <= 1 + 36 // AGAIN


async def test_a_step_back_while_it_is_looked_up_skips_nothing_that_may_be_young() -> None:
    """What comes before the record that was too old is as old as nobody knows."""
    bench = bench_of(*[0] * 4, *[OLD] * 20, YOUNG)
    (feed,) = bench.feeds

    def fail_once() -> None:
        if not bench.failures:
            bench.fail(feed)

    bench.on_question = fail_once
    await bench.run()

    assert bench.failures
    assert bench.delivered(feed) >= texts(0, 1, 2, 3, 24)


async def test_lines_that_come_while_it_is_looked_up_are_not_skipped() -> None:
    bench = bench_of(*[OLD] * 20)
    (feed,) = bench.feeds
    bench.on_question = lambda: bench.grow(P0, NOW_MS)
    await bench.run()

    assert bench.delivered(feed) >= texts(20)


async def test_a_jump_beyond_what_is_to_be_sent_again_sends_what_there_is_of_it() -> None:
    """A request failed; while it is put together again, the rest of it has grown too old."""
    sizes = [3, 3, *[1] * 100]
    bench = bench_of(*[0] * 6, *[YOUNG] * 3, url="http://127.0.0.1:80/", sizes=sizes)
    (feed,) = bench.feeds

    def fail_once(number: int) -> None:
        if number == 2:
            bench.fail(feed)
            bench.logs[P0].records[1:6] = [Record.line(at, OLD) for at in range(1, 6)]

    bench.on_batch = fail_once
    await bench.run()
    assert bench.delivered(feed) >= texts(0, 6, 7, 8)
    assert (bench.failures, feed.stats.lines_lost) == (1, {TOO_OLD: 5})


# Without a pass.


def behind(cluster: Any, *, live: int = 30, **options: Any) -> tuple[FeedBench, LagSkips]:
    """A drain that lacks P0 from 10 on, because of its receiver."""
    bench = FeedBench(route_of(**options))
    at = {P0: live, P1: live}
    bench.feed.restore(cursors({P0: 10}), at)
    return bench, LagSkips(cluster, at, lambda: NOW)


async def test_one_that_skips_lag_goes_on_where_the_live_pass_is() -> None:
    nobody: Any = None
    bench, skips = behind(nobody, on_lag="skip")
    await skips.skip(bench.feed)

    assert (bench.feed.gaps.offsets, bench.feed.takes_live) == ({}, True)
    assert bench.feed.stats.lines_lost == {SKIPPED: 20}
    bench.feed.close()
    await asyncio.sleep(0)


async def test_what_the_live_pass_has_still_to_meet_is_not_skipped() -> None:
    """It is given to all who are live, whatever its age."""
    cluster = LogCluster(logs_of(*[OLD] * 40, YOUNG), ["offsets"], lambda: None)
    bench, skips = behind(cast(Cluster, cluster), live=30, max_lag_seconds=LIMIT)
    bench.feed.gaps.look_ups.too_old_before(P0, 10)
    await skips.skip(bench.feed)

    assert (bench.feed.gaps.offsets, bench.feed.gaps.live_from) == ({}, {})
    assert bench.feed.stats.lines_lost == {TOO_OLD: 20}
    bench.feed.close()
    await asyncio.sleep(0)


async def test_what_has_gone_while_it_was_looked_up_is_not_skipped() -> None:
    cluster = LogCluster(logs_of(*[OLD] * 30), ["offsets"], lambda: bench.feed.forget({P0}))
    bench, skips = behind(cast(Cluster, cluster), max_lag_seconds=LIMIT)
    bench.feed.gaps.look_ups.too_old_before(P0, 10)
    await skips.skip(bench.feed)

    assert cluster.asked == [P0]
    assert bench.feed.stats.lines_lost == {}
    bench.feed.close()
    await asyncio.sleep(0)


class SlowCluster:
    """Answers when it may."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.asked = 0

    async def at(self, *_: Any) -> Offsets:
        self.asked += 1
        await self.may_answer.wait()
        return {}


async def test_only_some_are_looked_up_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a restart all may be."""
    monkeypatch.setattr(module, "LOOK_UP_SECONDS", 60.0)
    cluster = SlowCluster()
    skips = LagSkips(cast(Any, cluster), {P0: 30}, lambda: NOW)
    feeds = [behind(None)[0].feed for _ in range(LOOK_UPS + 5)]
    skipping = [asyncio.create_task(skips.skip(feed)) for feed in feeds]
    await asyncio.sleep(0)
    assert cluster.asked == LOOK_UPS

    cluster.may_answer.set()
    await asyncio.gather(*skipping)
    assert cluster.asked == LOOK_UPS + 5
