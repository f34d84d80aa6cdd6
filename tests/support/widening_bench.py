"""A drain over HTTP, who gives it connections, and a clock that the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Self

from drains.destination import Destination
from drains.option_values import DrainOptions
from drains.routes import Route, RouteChanges, RouteMark
from events.formats.decode import Decoder
from events.keys import AppKey
from shuttle.feed.context import FeedContext, WorkLists
from shuttle.feed.feed import Feed
from shuttle.feed.link import Connect
from shuttle.routing import Router
from shuttle.worker.feeds import Feeds
from shuttle.worker.widening import Widening
from tests.support.records import kubernetes_event, records_of
from tests.support.sender_bench import DRAIN_ID

GOLD = AppKey("gold", "gs")


class WideningBench:
    """With `async with` its feed is closed in the end, and what that ends has ended."""

    def __init__(self, connect: Connect, url: str = "https://h/", **options: Any) -> None:
        self.ahead = 0.0
        """Seconds that the worker's clock is ahead of the loop's."""
        loop = asyncio.get_running_loop()
        self.context = FeedContext(connect, lambda: loop.time() + self.ahead)
        self.lists: WorkLists[Feed] = WorkLists()
        self.feeds = Feeds(self.context, self.lists)
        self.router = Router(self.feeds.of_key)
        self.widening = Widening(self.feeds, self.router, self.context)
        self.route = Route(DRAIN_ID, GOLD, Destination.parse(url), options=DrainOptions(**options))
        self._decoder, self._batch = Decoder(), 0
        self.follow(self.route)

    def follow(self, *routes: Route) -> None:
        changes = RouteChanges(RouteMark(1), routes, is_whole=True)
        self.router.forget(self.feeds.follow(changes, {}, {}))

    @property
    def feed(self) -> Feed:
        return self.feeds.of_drain(DRAIN_ID)

    @property
    def has_unconfirmed(self) -> bool:
        sender = self.feed.outbound.delivery.link.sender
        return sender is not None and any(True for _ in sender.unconfirmed)

    def batch(self, lines: Iterable[tuple[str, str]]) -> None:
        """`lines`: of which pod, and what it says."""
        events = [kubernetes_event(text, pod=f"gold-{pod}") for pod, text in lines]
        self._batch += 1
        records = records_of(events, begin=self._batch * 10_000)
        wanted = self._decoder.wanted_lines_of(records, self.router.wants)
        for parcel in self.router.parcels_for(records, wanted):
            self.feed.take(self._batch, records, parcel.data, parcel.lines)
        self.feed.flush()

    async def tick(self) -> None:
        self.feed.confirm(self.context.clock())
        await self.widening.look()
        await asyncio.sleep(0)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        sender = self.feed.outbound.delivery.link.sender
        self.feed.close()
        await asyncio.sleep(0)
        if sender is not None:
            await sender.wait_closed()
