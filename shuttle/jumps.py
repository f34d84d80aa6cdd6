"""Feeds that are not replayed from where they stand: `on_lag: skip`, and `max_lag_seconds`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection

from confluent_kafka import KafkaException

from events.cluster import Cluster
from events.records import TopicPartition
from shuttle.feed import Feed
from shuttle.ledger import Positions
from shuttle.notices import SKIPPED, TOO_OLD

logger = logging.getLogger(__name__)

LOOK_UPS = 20
"""At once: after a restart all that were behind may be looked up."""
LOOK_UP_SECONDS = 10.0


class Jumps:
    """`live`: where the live pass is. `wall_clock`: epoch seconds."""

    def __init__(self, cluster: Cluster, live: Positions, wall_clock: Callable[[], float]) -> None:
        self._cluster = cluster
        self._live = live
        self._wall_clock = wall_clock
        self._asking = asyncio.Semaphore(LOOK_UPS)

    async def jump(self, feed: Feed) -> None:
        """Before a replay; of one whose `jumps` is set."""
        if feed.skips_lag:
            feed.jump(self._live, self._live, SKIPPED)
            return
        oldest = self._wall_clock() - feed.route.options.max_lag_seconds
        asked = feed.look_ups.wanted(feed.gaps)
        found = await self._first_young(asked, oldest)
        still = feed.look_ups.wanted(feed.gaps)
        targets = {source: at for source, at in found.items() if source in still}
        feed.jump(targets, self._live, TOO_OLD, oldest)
        for source, at in asked.items():
            if source in feed.gaps:
                feed.look_ups.answered(source, max(at, feed.gaps[source]))

    async def _first_young(self, asked: Collection[TopicPartition], oldest: float) -> Positions:
        """Without an answer of Kafka's the replay goes on, and looks at each record by itself."""
        # Where nothing is young enough, that holds up to here: what comes meanwhile may be.
        live = {source: self._live[source] for source in asked if source in self._live}
        try:
            async with self._asking, asyncio.timeout(LOOK_UP_SECONDS):
                found = await self._cluster.at(live.keys(), int(oldest * 1000))
        except (TimeoutError, KafkaException) as error:
            logger.warning(
                "Kafka: %s", str(error) or "no answer", extra={"action": "look_up_failed"}
            )
            return {}
        return {s: min(at.offset, live[s]) if at else live[s] for s, at in found.items()}
