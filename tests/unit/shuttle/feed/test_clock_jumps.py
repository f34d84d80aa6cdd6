"""The wall clock jumps: what waits does not notice, and nothing that is told is nonsense."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from shuttle.feed.health import LATE_SECONDS
from shuttle.feed.loss_notices import EVERY_SECONDS, REFUSED, LossNotices
from tests.support.feed_bench import P0, FeedBench

HOUR = 3600.0
NOW = datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC).timestamp()
JUMPS = pytest.mark.parametrize("jump", [-HOUR, HOUR, 24 * HOUR], ids=["back", "on", "a day on"])


@pytest.fixture
async def bench() -> AsyncIterator[FeedBench]:
    async with FeedBench() as made:
        made.wall = NOW
        yield made


@JUMPS
async def test_no_receiver_is_late_by_it(bench: FeedBench, jump: float) -> None:
    await bench.sent(batch=1, begin=10)
    bench.wall += jump

    bench.feed.confirm(bench.now)
    bench.feed.tend(bench.now)

    assert bench.feed.state == "live"
    bench.confirm()
    assert (bench.held_batch, bench.feed.stats.last_delivery_at) == (None, NOW + jump)
    assert bench.feed.stats.lines_confirmed == 1


@JUMPS
async def test_one_that_is_late_is_so_all_the_same(bench: FeedBench, jump: float) -> None:
    await bench.sent(batch=1, begin=10)
    bench.wall += jump
    bench.now += LATE_SECONDS + 1

    bench.feed.confirm(bench.now)

    assert bench.feed.state == "failing"
    assert bench.feed.outbound.health.last_error.at == NOW + jump
    assert bench.cursors == {P0: 10}


@JUMPS
def test_losses_are_told_once_a_minute_of_real_time(jump: float) -> None:
    notices = LossNotices()
    notices.lost(1, REFUSED, NOW)
    first = notices.take(now=1000.0)
    notices.lost(2, REFUSED, NOW + jump)
    notices.lost(3, REFUSED, NOW)

    assert not notices.is_due(now=1000.0 + EVERY_SECONDS - 1)
    assert notices.is_due(now=1000.0 + EVERY_SECONDS)
    second = notices.take(now=1000.0 + EVERY_SECONDS)
    assert "since 2028-02-29T23:59:59Z" in first.text
    assert (sum(second.lines.values()), second.since) == (5, min(NOW, NOW + jump))
