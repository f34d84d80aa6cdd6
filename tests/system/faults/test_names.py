"""F16: name servers that fail, hang or change their minds. No name is looked up for real."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from threading import Event
from typing import Any

import pytest

from drains.delivery.build import Connector
from drains.delivery.network.dialing import Dialer
from drains.delivery.network.egress import EgressPolicy
from drains.delivery.network.errors import DialError
from drains.destination import Destination
from shuttle.feed.dials import Dials
from shuttle.feed.link import Link
from shuttle.feed.writes import Write
from tests.support.feed_bench import route_of
from tests.support.full_backlog import FullBacklog
from tests.support.ports import free_port
from tests.support.waiting import until

LOOPBACK = EgressPolicy(allowed=(ip_network("127.0.0.0/8"),))
NAME = "logs.example"
Answers = list[Any]


class Names:
    """What the system says of names: addresses, or an error. `hang` keeps a name waiting."""

    def __init__(self) -> None:
        self.known: dict[str, list[str] | OSError] = {}
        self.hanging: set[str] = set()
        self.asked: list[str] = []
        self.released = Event()

    def getaddrinfo(self, host: str, port: int, *_: Any, **__: Any) -> Answers:
        self.asked.append(host)
        if host in self.hanging:
            self.released.wait(20)
        answer = self.known.get(host, socket.gaierror(socket.EAI_NONAME, "unknown"))
        if isinstance(answer, OSError):
            raise answer
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in answer]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    made = Names()
    monkeypatch.setattr(socket, "getaddrinfo", made.getaddrinfo)
    return made


@asynccontextmanager
async def listening(address: str, port: int = 0) -> AsyncIterator[tuple[int, list[str]]]:
    """A receiver's port, and the address of each connection that it got."""
    met: list[str] = []

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        met.append(writer.get_extra_info("sockname")[0])
        await reader.read()
        writer.close()

    async with await asyncio.start_server(meet, address, port) as server:
        yield server.sockets[0].getsockname()[1], met


def destination(port: int, name: str = NAME) -> Destination:
    return Destination.parse(f"syslog://{name}:{port}")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (socket.gaierror(socket.EAI_NONAME, "NXDOMAIN"), "no such host"),
        (socket.gaierror(socket.EAI_AGAIN, "SERVFAIL"), "name look-up failed"),
        (socket.gaierror(socket.EAI_FAIL, "broken"), "name look-up failed"),
    ],
)
async def test_a_failed_look_up_is_told(names: Names, error: OSError, said: str) -> None:
    names.known[NAME] = error
    with pytest.raises(DialError, match=f"^{said}$"):
        await Dialer(LOOPBACK).dial(destination(514))


async def test_a_hanging_name_server_holds_up_its_names_alone(names: Names) -> None:
    dialer, lags = Dialer(LOOPBACK), [0.0]

    async def watch_the_loop() -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            lags.append(time.monotonic() - before - 0.01)

    watching = asyncio.create_task(watch_the_loop())
    names.hanging.add("hangs.example")
    names.known[NAME] = ["127.0.0.1"]
    begun = time.monotonic()
    dials = [asyncio.create_task(dialer.dial(destination(514, "hangs.example"))) for _ in range(50)]
    async with listening("127.0.0.1") as (port, _):
        (await dialer.dial(destination(port))).close()
        quick = time.monotonic() - begun
    ends = await asyncio.gather(*dials, return_exceptions=True)
    took = time.monotonic() - begun
    names.released.set()
    watching.cancel()

    assert quick < 1
    assert {str(end) for end in ends} == {"timed out"}
    assert 3 < took < 5
    assert names.asked.count("hangs.example") == 1  # fifty drains, and one thread that waits
    assert sorted(lags)[int(len(lags) * 0.99)] < 0.1


async def test_a_new_address_is_used_at_the_next_dial(names: Names) -> None:
    dialer = Dialer(LOOPBACK)
    async with listening("127.0.0.2") as (port, old), listening("127.0.0.3", port) as (_, new):
        names.known[NAME] = ["127.0.0.2"]
        (await dialer.dial(destination(port))).close()
        names.known[NAME] = ["127.0.0.3"]
        (await dialer.dial(destination(port))).close()
        await until(lambda: bool(old and new), 5, "both are met")
    assert (old, new) == (["127.0.0.2"], ["127.0.0.3"])


@pytest.mark.parametrize("death", ["refusing", "silent"])
async def test_one_dead_address_of_two_is_passed_over(names: Names, death: str) -> None:
    async with listening("127.0.0.3") as (port, met):
        names.known[NAME] = ["127.0.0.2", "127.0.0.3"]
        begun = time.monotonic()
        if death == "silent":
            with FullBacklog("127.0.0.2", port):
                (await Dialer(LOOPBACK).dial(destination(port))).close()
        else:
            (await Dialer(LOOPBACK).dial(destination(port))).close()
        took = time.monotonic() - begun
        await until(lambda: bool(met), 5, "it is met")
    assert met == ["127.0.0.3"]
    assert took < 2


class Owner:
    """Of a link: remembers what becomes of it."""

    def __init__(self) -> None:
        self.opened = 0
        self.errors: list[str] = []

    def link_opened(self) -> None:
        self.opened += 1

    def link_ending(self, sender: object) -> None:
        pass

    def link_closed(self) -> None:
        pass

    def link_failed(self, error: Exception | None, again: list[Write]) -> None:
        self.errors.append(str(error))


async def test_a_name_that_heals_is_found_again(names: Names) -> None:
    port, owner, loop = free_port(), Owner(), asyncio.get_running_loop()
    route = route_of(f"syslog://{NAME}:{port}")
    names.known[NAME] = socket.gaierror(socket.EAI_AGAIN, "SERVFAIL")
    link = Link(route, Connector(Dialer(LOOPBACK)), Dials(), loop.time, owner)
    link.want()
    await until(lambda: bool(owner.errors), 5, "an error")
    async with listening("127.0.0.1", port):
        names.known[NAME] = ["127.0.0.1"]
        await until(lambda: bool(owner.opened), 10, "it is open")
        link.close()
    assert set(owner.errors) == {"name look-up failed"}
