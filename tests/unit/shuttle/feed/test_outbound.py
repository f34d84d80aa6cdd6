"""When a feed's connection is replaced, ended, believed in; requests that are sent again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from drains.delivery.network.errors import ConnectionEndedError
from drains.delivery.senders.http_answers import HttpError
from drains.filters import LineFilter
from drains.transports import TCP
from events.kafka.records import TopicPartition
from shuttle.feed.delivery import IDLE_SECONDS
from shuttle.feed.health import LATE_SECONDS, PROVEN_SECONDS
from tests.support.feed_bench import P0, P1, FeedBench, records, route_of

P2 = TopicPartition(P0.topic, 2)
Benches = Callable[..., FeedBench]


@pytest.fixture
async def benches() -> AsyncIterator[Benches]:
    made: list[FeedBench] = []

    def make(url: str = "syslog://127.0.0.1:514", **options: Any) -> FeedBench:
        made.append(FeedBench(route_of(url, **options)))
        return made[-1]

    yield make
    for bench in made:
        bench.feed.close()
    await asyncio.sleep(0)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(2):
        while not condition():
            await asyncio.sleep(0)


async def test_another_framing_waits_for_what_is_under_way(benches: Benches) -> None:
    bench = benches()
    await bench.sent(batch=1, begin=10)
    bench.feed.change_to(route_of(framing="octet"))

    assert not bench.feed.takes_live
    assert len(bench.receiver.senders) == 1
    bench.feed.miss(2, records(11), lines=1)
    bench.confirm()
    await until(lambda: len(bench.receiver.senders) == 2)
    assert bench.feed.takes_live
    assert bench.feed.gaps.offsets == {P0: 11}


async def test_another_framing_with_nothing_under_way_acts_at_once(benches: Benches) -> None:
    bench = benches()
    await bench.sent(batch=1, begin=10)
    bench.confirm()
    bench.feed.change_to(route_of(connections=2))

    assert bench.feed.takes_live
    assert bench.feed.gaps.offsets == {}
    bench.feed.take(2, records(11), (b"", b"x"), 1)
    bench.feed.flush()
    await until(lambda: len(bench.receiver.senders) == 2)
    assert bench.sender.pieces == [(b"", b"x")]


async def test_another_filter_changes_nothing_on_the_way(benches: Benches) -> None:
    bench = benches()
    await bench.sent(batch=1, begin=10)
    bench.feed.change_to(route_of(filter=LineFilter(include="x")))

    assert bench.feed.takes_live
    assert bench.feed.gaps.offsets == {}
    assert len(bench.receiver.senders) == 1


async def test_an_idle_connection_ends_and_that_is_no_failure(benches: Benches) -> None:
    bench = benches()
    await bench.sent(batch=1, begin=10)
    bench.confirm()
    bench.now += IDLE_SECONDS + 1
    bench.feed.tend(bench.now)

    assert bench.sender.closed
    assert (bench.feed.state, bench.feed.takes_live, bench.receiver.dials) == ("live", True, 1)
    bench.feed.take(2, records(11), (b"y",), 1)
    bench.feed.flush()
    await until(lambda: len(bench.receiver.senders) == 2)


async def old_connection(bench: FeedBench) -> None:
    """That has just been given a line."""
    await bench.sent(batch=1, begin=10)
    bench.confirm()
    bench.now += TCP.life_seconds + LATE_SECONDS + 1
    bench.feed.take(2, records(11), (b"y",), 1)
    bench.feed.flush()


async def test_an_old_connection_is_replaced_when_nothing_is_under_way(benches: Benches) -> None:
    bench = benches()
    await old_connection(bench)
    assert not bench.sender.closed

    bench.confirm()
    assert bench.sender.closed
    assert (bench.feed.state, bench.feed.gaps.offsets) == ("live", {})


async def test_an_old_connection_that_is_never_idle_is_emptied_first(benches: Benches) -> None:
    bench = benches()
    await old_connection(bench)
    bench.feed.tend(bench.now)

    assert not bench.feed.takes_live
    assert not bench.sender.closed
    bench.confirm()
    assert bench.sender.closed
    assert bench.feed.takes_live


async def test_a_drain_that_failed_shows_so_until_a_line_is_confirmed(benches: Benches) -> None:
    bench = benches()
    await bench.sent(batch=1, begin=10)
    bench.sender.ended(ConnectionEndedError("HTTP 503"))
    bench.store()
    bench.try_now()
    await until(lambda: len(bench.receiver.senders) == 2)

    assert bench.feed.takes_replay
    assert (bench.feed.state, bench.feed.outbound.health.error) == ("failing", "HTTP 503")
    await bench.sent(batch=2, begin=10, has_cursor=True)
    bench.confirm()
    assert (bench.feed.state, bench.feed.outbound.health.error) == ("replaying", None)


async def test_a_connection_that_stands_is_believed_in(benches: Benches) -> None:
    bench = benches()
    bench.receiver.refuses = True
    bench.feed.take(1, records(10), (b"a",), 1)
    bench.feed.flush()
    await until(lambda: bench.feed.outbound.health.error is not None)
    bench.feed.gaps.caught_up(P0, 11, live_position=11)
    bench.receiver.refuses = False
    bench.try_now()
    await until(lambda: bool(bench.receiver.senders))

    bench.feed.tend(bench.now + PROVEN_SECONDS + 1)
    assert (bench.feed.state, bench.feed.outbound.health.error) == ("live", None)


async def test_refused_lines_are_counted_and_not_as_delivered(benches: Benches) -> None:
    bench = benches("https://127.0.0.1/")
    bench.feed.take(1, records(10), (b"x",), 10)
    bench.feed.flush()
    await bench.connected()
    bench.sender.lines_refused = 3
    bench.confirm()

    assert (bench.feed.stats.lines_confirmed, bench.feed.stats.lines_lost.total()) == (7, 3)


async def test_trouble_without_an_end_is_shown(benches: Benches) -> None:
    bench = benches("syslog+udp://127.0.0.1:514")
    await bench.sent(batch=1, begin=10)
    bench.sender.trouble = "connection refused"
    bench.confirm()

    assert (bench.feed.state, bench.feed.outbound.health.error) == ("live", "connection refused")


async def failed_request(bench: FeedBench, error: Exception) -> None:
    """A request of offsets 10 to 11 of P0 and 3 of P1, and one more behind it."""
    bench.feed.take(1, records(10), (b"a",), 1)
    bench.feed.take(1, records(11), (b"b",), 1)
    bench.feed.take(1, records(3, P1), (b"c",), 1)
    bench.feed.flush()
    await bench.connected()
    bench.feed.take(2, records(12), (b"d",), 1)
    bench.feed.flush()
    bench.sender.ended(error)
    bench.try_now()
    await until(lambda: len(bench.receiver.senders) == 2)


async def test_a_failed_request_is_cut_exactly_so_again(benches: Benches) -> None:
    bench = benches("https://127.0.0.1/")
    await failed_request(bench, HttpError(503, {}))
    resend = bench.feed.outbound.delivery.resend

    assert resend is not None
    assert (resend.limit_of(P0), resend.limit_of(P1)) == (12, 4)
    assert bench.feed.takes_replay
    assert not bench.feed.takes_live
    bench.feed.take_replayed(3, records(10), (b"a",), 1)
    bench.feed.take_replayed(3, records(11), (b"b",), 1)
    bench.feed.gaps.replayed_to(P0, 12)
    bench.feed.flush()
    assert bench.sender.sent == []
    assert not resend.is_complete(bench.feed.gaps.offsets)

    bench.feed.take_replayed(3, records(3, P1), (b"c",), 1)
    bench.feed.gaps.replayed_to(P1, 4)
    assert resend.is_complete(bench.feed.gaps.offsets)
    bench.feed.resent()
    assert bench.sender.sent == [b"abc"]
    assert bench.sender.names == [bench.receiver.senders[0].names[0]]
    assert bench.feed.takes_live


async def test_a_refused_request_is_not_cut_so_again(benches: Benches) -> None:
    bench = benches("https://127.0.0.1/")
    await failed_request(bench, HttpError(400, {}))

    assert bench.feed.outbound.delivery.resend is None
    assert bench.feed.gaps.offsets == {P0: 10, P1: 3}


def lose_partitions(bench: FeedBench) -> None:
    bench.feed.forget([P0, P1])


def change_headers(bench: FeedBench) -> None:
    bench.feed.change_to(route_of("https://127.0.0.1/", headers={"X-A": "b"}))


@pytest.mark.parametrize("cease", [lose_partitions, change_headers])
async def test_a_pass_lets_go_when_there_is_no_request_to_be_cut_any_more(
    benches: Benches, cease: Callable[[FeedBench], None]
) -> None:
    """Of other partitions it has read on, without handing lines over."""
    bench = benches("https://127.0.0.1/")
    await failed_request(bench, HttpError(503, {}))
    bench.feed.miss(3, records(20, P2), 1)
    epoch = bench.feed.gaps.gap_version

    cease(bench)

    assert bench.feed.outbound.delivery.resend is None
    assert bench.feed.gaps.gap_version > epoch
    assert bench.feed.gaps.offsets[P2] == 20
