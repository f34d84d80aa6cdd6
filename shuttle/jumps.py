"""Feeds that are not replayed from where they stand: `on_lag: skip`, and `max_lag_seconds`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from shuttle.beginnings import Beginnings
from shuttle.feed import Feed
from shuttle.ledger import Positions
from shuttle.notices import SKIPPED, TOO_OLD

LOOK_UPS = 20
"""At once: after a restart all that were behind are looked up."""
LOOK_UP_SECONDS = 10.0
WAIT_SECONDS = 30.0
"""How long a feed may then wait for a pass, and its lines grow older, before it is due again."""


class Jumps:
    """`live`: where the live pass is. `wall_clock`: epoch seconds."""

    def __init__(
        self, lookups: Beginnings, live: Positions, wall_clock: Callable[[], float]
    ) -> None:
        self._lookups = lookups
        self._live = live
        self._wall_clock = wall_clock
        self._asking = asyncio.Semaphore(LOOK_UPS)

    def is_due(self, feed: Feed) -> bool:
        return feed.skips_lag or feed.is_too_old(self._wall_clock())

    async def jump(self, feed: Feed) -> None:
        """Before a replay. Without an answer of Kafka's all is replayed whose age is not known."""
        wall = self._wall_clock()
        if feed.skips_lag:
            feed.jump(self._live, self._live, SKIPPED)
        elif feed.is_too_old(wall):
            oldest = wall - feed.route.options.max_lag_seconds
            try:
                async with self._asking, asyncio.timeout(LOOK_UP_SECONDS):
                    young = await self._lookups.offsets_at(
                        list(feed.gaps), int(oldest * 1000), self._live
                    )
            except TimeoutError:  # a partition without a leader: the others need not wait for it
                feed.give_up_age()
                return
            # Where nothing is young enough, all that is left of it is what comes next.
            targets = {s: min(young.get(s, live), live) for s, live in self._live.items()}
            feed.jump(targets, self._live, TOO_OLD, min(oldest + WAIT_SECONDS, wall))
