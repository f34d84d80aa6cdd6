"""How datagrams are let go: at a pace, over a kernel that takes them or does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from drains.delivery.senders import udp
from drains.delivery.senders.udp import BURST_DATAGRAMS, BURST_SECONDS, UdpSender
from tests.support.sender_bench import NamedWrite


class Loop:
    """A clock, and what is to be called when."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.timers: list[Timer] = []

    def time(self) -> float:
        return self.now

    def call_at(self, at: float, call: Callable[[], None]) -> Timer:
        self.timers.append(Timer(self, at, call))
        return self.timers[-1]

    def next(self) -> None:
        (timer,) = self.timers
        timer.cancel()
        self.now = timer.at
        timer.call()


class Timer:
    def __init__(self, loop: Loop, at: float, call: Callable[[], None]) -> None:
        self._loop, self.at, self.call = loop, at, call

    def cancel(self) -> None:
        if self in self._loop.timers:
            self._loop.timers.remove(self)


class Transport:
    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self.takes = True
        """Else it holds what it is sent: the kernel is full."""
        self.held = 0
        self.sent: list[tuple[float, bytes]] = []
        self.is_closed = False

    def sendto(self, data: bytes) -> None:
        self.sent.append((self._loop.now, data))
        self.held += 0 if self.takes else len(data)

    def get_write_buffer_size(self) -> int:
        return self.held

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed, self.held = True, 0

    abort = close


class Bench:
    def __init__(self) -> None:
        self.loop = Loop()
        self.transport = Transport(self.loop)
        self.sender: UdpSender[Any] = UdpSender(lambda _: None)
        self.sender._loop = self.loop  # type: ignore[assignment]
        self.sender.connection_made(self.transport)  # type: ignore[arg-type]

    def send(self, *records: str, name: str = "write") -> None:
        data = "".join(f"{record}\n" for record in records).encode()
        self.sender.send((data,), NamedWrite(name))

    def confirmed(self) -> list[str]:
        return [write.name for write in self.sender.confirm(self.loop.now)]

    def until_idle(self) -> None:
        while self.loop.timers:
            self.loop.next()

    @property
    def most_at_once(self) -> int:
        """Datagrams in any 5 ms."""
        times = [at for at, _ in self.transport.sent]
        return max(sum(at <= t < at + BURST_SECONDS * 0.999 for t in times) for at in times)


@pytest.fixture
async def bench() -> Bench:
    return Bench()


async def test_a_few_go_at_once_and_nothing_is_waited_for(bench: Bench) -> None:
    bench.send("one", "two")
    assert [record for _, record in bench.transport.sent] == [b"one", b"two"]
    assert bench.loop.timers == []
    assert bench.confirmed() == ["write"]


async def test_many_go_in_bursts_and_in_order(bench: Bench) -> None:
    records = [str(number) for number in range(130)]
    bench.send(*records[:100])
    bench.loop.now += 0.001
    bench.send(*records[100:])
    assert len(bench.transport.sent) == BURST_DATAGRAMS
    bench.until_idle()

    assert [record.decode() for _, record in bench.transport.sent] == records
    assert bench.most_at_once == BURST_DATAGRAMS
    assert bench.loop.now - 1000 == pytest.approx(5 * BURST_SECONDS)


async def test_many_small_writes_keep_the_pace_as_well(bench: Bench) -> None:
    for number in range(200):
        bench.send(str(number))
        bench.loop.now += 0.0001
        for timer in [t for t in bench.loop.timers if t.at <= bench.loop.now]:
            timer.cancel()
            timer.call()
    bench.until_idle()
    assert len(bench.transport.sent) == 200
    assert bench.most_at_once <= BURST_DATAGRAMS


async def test_what_waits_is_not_confirmed_and_fills_the_sender(bench: Bench) -> None:
    bench.send(*["x" * 10] * BURST_DATAGRAMS, name="first")
    bench.send(*["x" * 1000] * 2000, name="second")
    assert bench.confirmed() == ["first"]
    assert bench.sender.buffered_bytes == 2_000_000 > bench.sender.capacity_bytes
    assert [write.name for write in bench.sender.unconfirmed] == ["second"]
    bench.until_idle()
    assert bench.confirmed() == ["second"]
    assert bench.sender.buffered_bytes == 0


async def test_what_the_kernel_has_not_taken_is_not_confirmed_and_waited_for(bench: Bench) -> None:
    bench.transport.takes = False
    bench.send("one", "two")
    assert (len(bench.transport.sent), bench.confirmed()) == (1, [])
    bench.loop.next()
    assert len(bench.transport.sent) == 1
    bench.transport.takes, bench.transport.held = True, 0
    bench.until_idle()
    assert bench.confirmed() == ["write"]


async def test_what_waited_when_it_was_aborted_is_not_confirmed(bench: Bench) -> None:
    bench.send(*"x" * (BURST_DATAGRAMS + 1))
    bench.sender.abort()
    assert (bench.confirmed(), bench.loop.timers) == ([], [])
    bench.send("more")
    assert (bench.confirmed(), bench.loop.timers) == ([], [])


async def test_what_waits_goes_out_before_it_is_closed(bench: Bench) -> None:
    bench.send(*"x" * 60)
    bench.sender.close()
    assert not bench.transport.is_closed
    bench.until_idle()
    assert (bench.transport.is_closed, len(bench.transport.sent)) == (True, 60)


async def test_a_kernel_that_takes_nothing_is_not_waited_for_without_end(bench: Bench) -> None:
    bench.transport.takes = False
    bench.send("one", "two")
    bench.sender.close()
    bench.until_idle()
    assert bench.transport.is_closed
    assert bench.loop.now - 1000 == pytest.approx(udp.CLOSE_SECONDS, abs=0.1)


async def test_a_socket_that_is_lost_is_waited_with_for_nothing(bench: Bench) -> None:
    bench.send(*"x" * 60)
    bench.transport.close()
    bench.sender.connection_lost(OSError())
    assert bench.loop.timers == []
