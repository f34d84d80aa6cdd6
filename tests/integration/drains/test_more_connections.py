"""A receiver over HTTP that answers slower than lines come, and then does not."""

from __future__ import annotations

import asyncio
from itertools import chain

from drains.delivery.build import Connector
from drains.delivery.network.dialing import Dialer
from drains.option_values import TlsOptions
from shuttle.worker.widening import QUIET_SECONDS
from tests.support.certificates import Authority
from tests.support.http_receiver import Answer, HttpReceiver, Script
from tests.support.logplex import parse_request
from tests.support.receiver_program import Tls
from tests.support.receiving import HttpReceivers
from tests.support.sender_bench import LOOPBACK
from tests.support.widening_bench import WideningBench

PODS = [str(number) for number in range(8)]
FILLING = "x" * 20_000


def said(receiver: HttpReceiver) -> dict[str, list[int]]:
    """By tag, the numbers of its lines in the order in which they were confirmed."""
    found: dict[str, list[int]] = {}
    for request in receiver.accepted():
        for message in parse_request(request.headers, request.body):
            fields = message.decode().split(" ")
            found.setdefault(fields[3], []).append(int(fields[7]))
    return found


async def until(bench: WideningBench, receiver: HttpReceiver, lines: int) -> None:
    """All are there, and the sender has heard so: its clock is about to jump."""
    async with asyncio.timeout(20):
        while sum(map(len, said(receiver).values())) < lines or bench.has_unconfirmed:
            await bench.tick()
            await asyncio.sleep(0.02)
    await bench.tick()


async def test_a_slow_one_gets_four_connections_and_every_tag_its_lines_in_order(
    http_receiver: HttpReceivers, authority: Authority
) -> None:
    r = http_receiver(Script(then=Answer(delay_seconds=0.02)), tls=Tls(authority.server()))
    connect = Connector(Dialer(LOOPBACK))
    async with WideningBench(connect, r.url, tls=TlsOptions(ca=authority.pem)) as bench:
        for begin in range(0, 300, 5):
            bench.batch([(PODS[n % 8], f"{n} {FILLING}") for n in range(begin, begin + 5)])
            await bench.tick()
            await asyncio.sleep(0.005)
        await until(bench, r, 300)
        assert (bench.feed.route.connections, r.connections()) == (4, 1 + 4)

        bench.ahead += QUIET_SECONDS + 1
        await bench.tick()
        assert bench.feed.route.connections == 1
        bench.batch([(PODS[n % 8], f"{n}") for n in range(300, 308)])
        await until(bench, r, 308)
        assert r.connections() == 1 + 4 + 1

    lines = said(r)
    assert all(numbers == sorted(numbers) for numbers in lines.values())
    assert sorted(chain.from_iterable(lines.values())) == list(range(308))
