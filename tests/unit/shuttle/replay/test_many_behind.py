"""What thousands of drains that are behind in hundreds of partitions cost, by counts."""

from __future__ import annotations

import pytest

from shuttle.replay import scheduler
from shuttle.replay.scheduler import PASSES
from shuttle.turn import Turn
from tests.support.many_behind import LINE_BYTES, CountedFeed, ManyBehind

SPACES, RECORDS = 100, 20


@pytest.fixture(autouse=True)
def _no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """No batch is cut: on a busy machine feeds would come quicker than their records."""
    monkeypatch.setattr(Turn, "is_over", False)


async def test_an_outage_over_many_partitions_is_healed_in_one_pass() -> None:
    bench = ManyBehind(SPACES, RECORDS)
    await bench.connected()
    CountedFeed.looks = 0
    await bench.run()

    assert (len(bench.feeds), len(bench.messages)) == (5000, 400)
    assert (len(bench.passes), len(bench.readers)) == (1, 1)
    assert CountedFeed.looks <= 4 * len(bench.feeds)
    assert bench.records_read == 400 * RECORDS, "each record once"
    assert {bench.lines_sent_to(feed) for feed in bench.feeds} == {4 * RECORDS // 10}


async def test_receivers_that_are_away_or_full_are_not_looked_at() -> None:
    bench = ManyBehind(10, RECORDS)
    bench.receiver.answers.clear()  # nobody is there
    looks = []

    def turn(number: int) -> None:
        looks.append(CountedFeed.looks)
        if number == 50:
            bench.receiver.answers.set()

    bench.on_turn = turn
    CountedFeed.looks = 0
    await bench.run()
    assert looks[1] == looks[49] <= 2 * len(bench.feeds)
    assert len(bench.passes) == 1


async def test_slow_receivers_hold_no_more_than_the_bound_and_nobody_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bound = 1_000_000
    monkeypatch.setattr(scheduler, "UNDER_WAY_BYTES", bound)
    monkeypatch.setattr(scheduler, "LOOK_SECONDS", 0.001)
    bench = ManyBehind(4, 500)
    await bench.connected()
    slow = bench.feeds[::2]
    for feed in slow:
        bench.sender_of(feed).reads = False
    held: list[int] = []

    def turn(number: int) -> None:
        held.append(sum(feed.outbound.delivery.outbox_bytes for feed in bench.feeds))
        if not bench.lists.behind - set(slow):  # all others are live: they read, too
            for feed in slow:
                bench.sender_of(feed).buffered_bytes = 0

    bench.on_turn = turn
    await bench.run()
    assert bound / 2 < max(held) <= bound + LINE_BYTES
    assert {bench.lines_sent_to(feed) for feed in bench.feeds} == {4 * 500 // 10}
    assert len(bench.readers) <= PASSES
