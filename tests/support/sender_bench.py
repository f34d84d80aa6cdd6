"""Real senders on real connections, without Kafka: what each does with what it is given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

import pytest

from drains.delivery.build import Connector
from drains.delivery.network.dialing import Dialer
from drains.delivery.network.egress import EgressPolicy
from drains.delivery.network.errors import explain
from drains.delivery.network.heard import Heard
from drains.delivery.sender import Sender
from drains.delivery.wire.rfc5424 import framed, wire_format_of
from drains.destination import Destination
from drains.option_values import DrainOptions
from drains.routes import Route
from events.keys import AppKey

DRAIN_ID = "7d0ff6b5-4f0c-4e4b-8f7b-0a6a3f1e9a11"
LOOPBACK = EgressPolicy(allowed=(ip_network("127.0.0.0/8"), ip_network("::1/128")))


@dataclass(frozen=True)
class NamedWrite:
    name: str
    unanswered: int = 0

    def joined(self, behind: NamedWrite) -> NamedWrite:
        return NamedWrite(f"{self.name} to {behind.name}")


def route_to(url: str, **options: Any) -> Route:
    destination = Destination.parse(url)
    return Route(DRAIN_ID, AppKey("gold", "gs"), destination, options=DrainOptions(**options))


def record(text: str) -> str:
    return f"<14>1 2016-08-24T17:03:20Z gold-gs web.1 - - - {text}"


class SenderBench:
    """One sender, kept asked how far it has got, as a worker does."""

    def __init__(self, route: Route, policy: EgressPolicy = LOOPBACK) -> None:
        self.route = route
        self.connect: Callable[..., Awaitable[Sender[Any]]] = Connector(Dialer(policy))
        self.heard = Heard(route.key)
        self._number = 0
        self.sender: Sender[NamedWrite]
        self.confirmed: list[str] = []
        self.ended: list[str | None] = []
        self.last_error: Any = None

    async def open(self, *, patient: bool = False) -> None:
        """Raises DialError."""
        self.sender = await self.connect(self.route, self._on_end, self.heard, patient=patient)

    def send(self, *texts: str, **write: Any) -> None:
        """One write on the first connection. `write`: its fields, if need be."""
        self.send_pieces([texts], **write)

    def send_pieces(self, pieces: list[Any], **write: Any) -> None:
        self._number += 1
        wire = wire_format_of(self.route)
        data = [framed(list(map(record, texts)), wire).data if texts else b"" for texts in pieces]
        self.sender.send(data, NamedWrite(**{"name": f"write {self._number}"} | write))

    async def until(
        self, condition: Callable[[], bool], limit_seconds: float = 10.0, *, asks: bool = True
    ) -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(limit_seconds):
            while not condition():
                if asks:
                    self.confirmed += [write.name for write in self.sender.confirm(loop.time())]
                await asyncio.sleep(0.01)

    async def until_confirmed(self, count: int = 1) -> None:
        await self.until(lambda: len(self.confirmed) >= count)

    async def until_ended(self, limit_seconds: float = 10.0, *, asks: bool = True) -> str | None:
        await self.until(lambda: bool(self.ended), limit_seconds, asks=asks)
        return self.ended[-1]

    def close(self) -> None:
        if hasattr(self, "sender"):
            self.sender.close()

    def _on_end(self, error: Exception | None) -> None:
        self.last_error = error
        self.ended.append(explain(error) if error else None)


Senders = Callable[..., SenderBench]


@pytest.fixture
async def sending() -> AsyncIterator[Senders]:
    """Makes senders: `sending("syslog+tls://…", tls=TlsOptions(…))`; ends them."""
    made: list[SenderBench] = []

    def make(url: str, policy: EgressPolicy = LOOPBACK, **options: Any) -> SenderBench:
        made.append(SenderBench(route_to(url, **options), policy))
        return made[-1]

    yield make
    for bench in made:
        bench.close()
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    if rest:
        await asyncio.wait(rest, timeout=5)
