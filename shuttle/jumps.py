"""Feeds that are not replayed from where they stand: `on_lag: skip`, and `max_lag_seconds`."""

from __future__ import annotations

from collections.abc import Callable

from shuttle.beginnings import Beginnings
from shuttle.feed import Feed
from shuttle.ledger import Positions
from shuttle.notices import SKIPPED, TOO_OLD


class Jumps:
    """`live`: where the live pass is. `wall_clock`: epoch seconds."""

    def __init__(
        self, lookups: Beginnings, live: Positions, wall_clock: Callable[[], float]
    ) -> None:
        self._lookups = lookups
        self._live = live
        self._wall_clock = wall_clock

    def is_due(self, feed: Feed) -> bool:
        return feed.skips_lag or feed.is_too_old(self._wall_clock())

    async def jump(self, feed: Feed) -> None:
        """Before a replay. Without an answer of Kafka's it waits."""
        wall = self._wall_clock()
        if feed.skips_lag:
            feed.jump(self._live, self._live, SKIPPED)
        elif feed.is_too_old(wall):
            oldest_ms = int((wall - feed.route.options.max_lag_seconds) * 1000)
            young = await self._lookups.offsets_at(list(feed.gaps), oldest_ms, self._live)
            # Where nothing is young enough, all that is left of it is what comes next.
            targets = {s: min(young.get(s, live), live) for s, live in self._live.items()}
            feed.jump(targets, self._live, TOO_OLD)
