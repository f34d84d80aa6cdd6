"""More connections where one is too few, and one again after a quiet minute."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from drains.option_values import DrainOptions
from shuttle.worker.widening import BUSY_BYTES, QUIET_SECONDS
from tests.support.fake_sender import FakeReceiver, FakeSender
from tests.support.widening_bench import WideningBench

LONG = "x" * 50_000


class Bench(WideningBench):
    def __init__(self, url: str = "https://h/", **options: object) -> None:
        self.receiver = FakeReceiver()
        super().__init__(self.receiver.connect, url, **options)

    @property
    def sender(self) -> FakeSender:
        return self.receiver.senders[-1]

    async def connected(self, count: int = 1) -> None:
        async with asyncio.timeout(5):
            while len(self.receiver.senders) < count:
                await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def fill(self) -> None:
        """More than half of what may be under way, behind something that is confirmed."""
        self.batch([("1", "first")])
        await self.connected()
        self.sender.read_all()
        await self.tick()
        self.sender.reads = False
        self.batch([("1", LONG)] * 25)

    async def widened(self) -> None:
        await self.fill()
        await self.tick()
        self.sender.read_all()
        await self.tick()
        self.batch([("1", "more")])
        await self.connected(2)
        self.sender.read_all()
        await self.tick()

    async def passes(self, seconds: float) -> None:
        self.ahead += seconds
        await self.tick()


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with Bench() as made:
        yield made


async def test_a_full_drain_gets_four_once_nothing_is_unconfirmed(bench: Bench) -> None:
    await bench.fill()
    await bench.tick()
    first = bench.sender
    bench.batch([("1", "a"), ("2", "b"), ("1", "c")])
    assert (len(first.sent), bench.receiver.dials) == (2, 1)

    first.read_all()
    await bench.tick()
    await bench.connected(2)
    assert (first.closed, bench.receiver.routes[-1].connections) == (True, 4)
    (pieces,) = bench.sender.pieces
    assert [piece.count(b"\n") for piece in pieces if piece] in ([3], [1, 2], [2, 1])
    assert not bench.feed.is_behind


async def test_a_receiver_that_has_answered_nothing_gets_no_more(bench: Bench) -> None:
    bench.batch([("1", LONG)])
    await bench.connected()
    bench.sender.reads = False
    bench.batch([("1", LONG)] * 25)
    await bench.tick()
    assert bench.feed.route.connections == 1


@pytest.mark.parametrize(
    ("url", "options", "most"),
    [
        ("https://h/", {"connections": 1}, 1024),
        ("syslog://h:514", {}, 1024),
        ("https://h/", {}, 1),
    ],
    ids=["its owner wants one", "syslog", "no drain may have more"],
)
async def test_who_gets_no_more(url: str, options: dict[str, int], most: int) -> None:
    async with Bench(url, **options) as bench:
        bench.follow(replace(bench.route, connections_max=most))
        await bench.fill()
        await bench.tick()
        assert bench.feed.route.connections == 1


async def test_it_has_one_again_after_a_quiet_minute(bench: Bench) -> None:
    await bench.widened()
    await bench.passes(QUIET_SECONDS - 1)
    assert bench.feed.route.connections == 4

    wide = bench.sender
    await bench.passes(2)
    assert (bench.feed.route.connections, wide.closed) == (1, True)
    bench.batch([("1", "a"), ("2", "b")])
    await bench.connected(3)
    assert [len(pieces) for pieces in bench.sender.pieces] == [1]


async def test_a_minute_is_not_quiet_in_which_more_than_half_a_request_was_under_way(
    bench: Bench,
) -> None:
    await bench.widened()
    bench.sender.reads = False
    bench.batch([("1", "x" * 45_000)] * (BUSY_BYTES // 45_000 + 1))
    bench.sender.confirmed_bytes += 1
    await bench.passes(QUIET_SECONDS - 1)
    bench.sender.read_all()
    bench.sender.buffered_bytes = 0
    await bench.passes(QUIET_SECONDS - 1)
    assert bench.feed.route.connections == 4
    await bench.passes(2)
    assert bench.feed.route.connections == 1


async def test_one_that_fails_is_tried_with_one_after_a_minute(bench: Bench) -> None:
    await bench.widened()
    bench.receiver.refuses = True
    bench.sender.ended(ConnectionResetError())
    await bench.passes(QUIET_SECONDS + 1)
    assert bench.feed.route.connections == 1


async def test_a_dial_that_was_under_way_then_is_not_kept(bench: Bench) -> None:
    """It is of four connections, and what comes has one piece."""
    await bench.widened()
    bench.receiver.answers.clear()
    bench.sender.ended(ConnectionResetError())
    bench.feed.outbound.delivery.link.try_now()
    async with asyncio.timeout(5):
        while bench.receiver.dials < 3:
            await asyncio.sleep(0)
    await bench.passes(QUIET_SECONDS + 1)
    assert bench.receiver.routes[-1].connections == 4
    assert bench.feed.route.connections == 1

    bench.receiver.answers.set()
    await bench.connected(3)
    bench.batch([("1", "a"), ("2", "b")])
    await bench.connected(4)
    assert bench.receiver.senders[2].closed
    assert bench.receiver.senders[2].sent == []
    assert bench.receiver.routes[-1].connections == 1
    assert [len(pieces) for pieces in bench.sender.pieces] == [1]


async def test_a_fault_in_one_drain_is_its_own(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(route: object) -> None:
        raise RuntimeError

    await bench.fill()
    monkeypatch.setattr(bench.feed.outbound, "change_to", broken)
    await bench.tick()
    assert bench.sender.closed


async def test_what_its_owner_changes_leaves_it_as_wide_as_it_is(bench: Bench) -> None:
    await bench.widened()
    wide = bench.sender
    bench.follow(replace(bench.route, tries=1))
    assert (bench.feed.route.connections, wide.closed) == (4, False)

    bench.follow(replace(bench.route, options=DrainOptions(connections=2)))
    assert bench.feed.route.connections == 2
    bench.follow(bench.route)
    assert bench.feed.route.connections == 1


async def test_one_that_stalls_meanwhile_can_be_replayed_afterwards(bench: Bench) -> None:
    await bench.fill()
    await bench.tick()
    bench.batch([("1", "dropped")])
    bench.feed.outbound.leave_live("full")
    assert (bench.feed.is_behind, bench.feed.outbound.has_room()) == (True, False)

    bench.sender.read_all()
    await bench.tick()
    await bench.connected(2)
    assert (bench.feed.takes_replay, bench.feed.outbound.has_room()) == (True, True)


async def test_a_notice_waits_while_its_connections_are_changed(bench: Bench) -> None:
    """It would go with lines that hold offsets back."""
    await bench.fill()
    await bench.tick()
    bench.feed.outbound.delivery.tell()
    bench.batch([("1", "live")])
    (write,) = [w for w in bench.feed.outbound.delivery.unconfirmed() if w.batch == 3]
    assert not write.has_cursor
