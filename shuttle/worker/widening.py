"""More connections for drains that one is too few for, and one again when they are quiet."""

from __future__ import annotations

from dataclasses import replace

from drains.transports import REQUEST_BYTES_MAX
from events.keys import Key
from shuttle.feed.context import FeedContext
from shuttle.feed.feed import Feed
from shuttle.routing import Router
from shuttle.worker.background import every
from shuttle.worker.feeds import Feeds, guarded

LOOK_SECONDS = 0.05
QUIET_SECONDS = 60.0
"""So long must one connection have been enough."""
BUSY_BYTES = REQUEST_BYTES_MAX // 2
"""Half a request under way whenever one looks: one connection would be busy half of its time."""


class Widening:
    """Owns who has more connections than one, and when each last needed them."""

    def __init__(self, feeds: Feeds, router: Router, context: FeedContext) -> None:
        self._feeds = feeds
        self._router = router
        self._filling = context.filling
        self._clock = context.clock
        self._needed_at: dict[Feed, float] = {}
        self._turned: set[Key] = set()
        """Whose lines go over another number of connections, since the router was told."""

    async def run(self) -> None:
        await every(LOOK_SECONDS, self.look)

    async def look(self) -> None:
        """Between two batches, as all that waits for nothing."""
        now, feeds, filling = self._clock(), self._feeds.by_id, self._filling.copy()
        self._filling.clear()
        for feed in [feeds[drain] for drain in filling if drain in feeds]:
            guarded(feed, lambda feed: self._widen(feed, now))
        for feed in list(self._needed_at):
            guarded(feed, lambda feed: self._narrow(feed, now))
        self._router.forget(self._turned)
        self._turned.clear()

    def _widen(self, feed: Feed, now: float) -> None:
        if may_have_more(feed, now):
            self._needed_at[feed] = now
            self._turn(feed, feed.route.widest)

    def _narrow(self, feed: Feed, now: float) -> None:
        if feed.is_closed or feed.route.width == 1:
            del self._needed_at[feed]
        elif needs_more(feed, now):
            self._needed_at[feed] = now
        elif now - self._needed_at[feed] > QUIET_SECONDS:
            del self._needed_at[feed]
            self._turn(feed, 1)

    def _turn(self, feed: Feed, width: int) -> None:
        self._turned.add(feed.route.key)
        feed.change_to(replace(feed.route, width=width))


def may_have_more(feed: Feed, now: float) -> bool:
    """Of a drain whose connection is filling: whether its receiver answers, and what it is sent has
    not to be the same as before."""
    route, delivery = feed.route, feed.outbound.delivery
    sender = delivery.link.sender
    return (
        route.width < route.widest
        and sender is not None
        and sender.confirmed_bytes > 0
        and feed.outbound.gets_on(now)
        and delivery.resend.portion is None
    )


def needs_more(feed: Feed, now: float) -> bool:
    """Whether one connection would not do for a drain that has several. One that fails needs none
    the more: several would only knock more often."""
    sender = feed.outbound.delivery.link.sender
    if sender is None or not feed.outbound.gets_on(now):
        return False
    return feed.is_behind or sender.buffered_bytes > BUSY_BYTES
