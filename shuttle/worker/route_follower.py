"""Keeps feeds, router and subscription in step with the drains in the database."""

from __future__ import annotations

import asyncio

from drains.routes import RouteMark
from events.kafka.group_member import GroupMember
from events.kafka.records import Offsets
from shuttle.commit.store_thread import StoreThread
from shuttle.routing import Router
from shuttle.worker.feeds import Feeds
from shuttle.worker.rebalance import Rebalance
from shuttle.worker.shortage import warn_of_shortage
from shuttle.worker.starts import Starts
from shuttle.worker.topics import Topics

LET_GO_SECONDS = 60.0
"""How often feeds are looked at whose lines others may read by now."""


class RouteFollower:
    """Owns up to where the routes are followed. `live`: where the live pass is, kept up to
    date by its owner."""

    def __init__(
        self,
        store: StoreThread,
        feeds: Feeds,
        router: Router,
        starts: Starts,
        member: GroupMember,
        rebalance: Rebalance,
        live: Offsets,
    ) -> None:
        self.topics = Topics()
        self._store = store
        self._feeds = feeds
        self._router = router
        self._starts = starts
        self._member = member
        self._rebalance = rebalance
        self._live = live
        self._mark: RouteMark | None = None
        self._clock = asyncio.get_running_loop().time
        self._let_go_at = self._clock() + LET_GO_SECONDS

    async def follow(self) -> None:
        """See whether routes have changed; waits until the database answers."""
        known = self._mark
        if known != await self._store.read(lambda store: store.route_mark()):
            async with self._rebalance.meeting:
                changes = await self._store.read(lambda store: store.route_changes(known))
                if known is None:
                    warn_of_shortage(changes.routes)
                rows = await self._starts.of_drains(self._feeds.unmet(changes), self._live)
                self._mark = changes.mark
                self._router.forget(self._feeds.follow(changes, rows, self._live))
            self._starts.write(changes)
        topics = self.topics.change(self._feeds.routes.spaces, self._clock())
        if topics is not None:
            await self._member.subscribe(topics, self._rebalance)
        self._let_go()

    def _let_go(self) -> None:
        if self._clock() >= self._let_go_at:
            self._let_go_at = self._clock() + LET_GO_SECONDS
            ours = {partition.topic for partition in self._live}
            self._router.forget(self._feeds.let_go(ours))
