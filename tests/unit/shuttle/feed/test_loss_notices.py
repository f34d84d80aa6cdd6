from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from drains.delivery.network.errors import ConnectionEndedError
from shuttle.feed.loss_notices import EVERY_SECONDS, LossNotices
from tests.support import logplex, syslog
from tests.support.feed_bench import FeedBench, records, route_of


@pytest.fixture
async def bench() -> AsyncIterator[FeedBench]:
    async with FeedBench(route_of("https://127.0.0.1/")) as made:
        made.context.wall_clock = lambda: 1_700_000_000.9
        yield made


async def refused(bench: FeedBench, lines: int) -> None:
    bench.feed.take(1, records(10), (b"x",), 10)
    bench.feed.flush()
    await bench.connected()
    bench.sender.lines_refused += lines
    bench.confirm()


async def test_refused_lines_are_told_with_the_next_lines(bench: FeedBench) -> None:
    await refused(bench, 3)
    bench.feed.take(2, records(11), (b"4 abc\n",), 1)
    bench.feed.flush()

    notice, own = logplex.parse_body(bench.sender.sent[-1])
    parsed = syslog.parse(notice)
    assert own == b"abc"
    assert (parsed.facility * 8 + parsed.severity, parsed.hostname) == (172, "gold-gs")
    assert parsed.app_name == "logshuttle"
    assert parsed.text == (
        "Error L10 (output buffer overflow): 3 messages dropped since 2023-11-14T22:13:20Z."
        " Refused by the receiver."
    )


async def test_they_are_told_without_lines_too_but_once_a_minute(bench: FeedBench) -> None:
    await refused(bench, 1)
    bench.feed.tend(bench.now)
    bench.feed.flush()
    bench.confirm()
    assert b"1 message dropped" in bench.sender.sent[-1]

    await refused(bench, 2)
    sent = len(bench.sender.sent)
    bench.feed.tend(bench.now)
    bench.feed.flush()
    assert len(bench.sender.sent) == sent
    bench.now += EVERY_SECONDS
    bench.feed.tend(bench.now)
    bench.feed.flush()
    assert b"2 messages dropped" in bench.sender.sent[-1]


async def test_a_notice_that_did_not_arrive_is_told_again(bench: FeedBench) -> None:
    await refused(bench, 3)
    bench.now += 6  # what was confirmed is believed by now
    bench.feed.tend(bench.now)
    bench.feed.flush()
    bench.sender.ended(ConnectionEndedError("reset"))
    bench.try_now()
    while len(bench.receiver.senders) < 2:
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    bench.now += EVERY_SECONDS
    bench.feed.tend(bench.now)
    bench.feed.flush()

    assert b"3 messages dropped" in bench.sender.sent[-1]


def test_losses_of_several_kinds_are_one_notice() -> None:
    notices = LossNotices()
    notices.lost(2, "Refused by the receiver.", 20.0)
    notices.lost(3, "Gone.", 10.0)

    assert notices.is_due(0)
    assert notices.take(0).text == (
        "Error L10 (output buffer overflow): 5 messages dropped since 1970-01-01T00:00:10Z."
        " Refused by the receiver. Gone."
    )
    assert not notices.is_due(1e9)
