"""Feeds that are not replayed from where they stand: `on_lag: skip`, and `max_lag_seconds`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection

from confluent_kafka import KafkaException

from events.kafka.cluster import Cluster
from events.kafka.records import Offsets, TopicPartition
from shuttle.feed.feed import Feed
from shuttle.feed.loss_notices import SKIPPED, TOO_OLD

logger = logging.getLogger(__name__)

LOOK_UPS = 20
"""At once: after a restart all that were behind may be looked up."""
LOOK_UP_SECONDS = 10.0


class LagSkips:
    """`live`: where the live pass is. `wall_clock`: epoch seconds."""

    def __init__(self, cluster: Cluster, live: Offsets, wall_clock: Callable[[], float]) -> None:
        self._cluster = cluster
        self._live = live
        self._wall_clock = wall_clock
        self._asking = asyncio.Semaphore(LOOK_UPS)

    async def skip(self, feed: Feed) -> None:
        """Before a replay; of one that `skips_first`."""
        if feed.skips_lag:
            feed.skip(self._live, self._live, SKIPPED)
            return
        oldest = self._wall_clock() - feed.route.max_lag_seconds
        asked = feed.gaps.look_ups_due
        found = await self._first_young(asked, oldest)
        still = feed.gaps.look_ups_due
        targets = {partition: at for partition, at in found.items() if partition in still}
        feed.skip(targets, self._live, TOO_OLD, oldest)
        feed.gaps.looked_up(asked)

    async def _first_young(self, asked: Collection[TopicPartition], oldest: float) -> Offsets:
        """Without an answer of Kafka's the replay goes on, and looks at each record by itself."""
        # Where nothing is young enough, that holds up to here: what comes meanwhile may be.
        live = {partition: self._live[partition] for partition in asked if partition in self._live}
        try:
            async with self._asking, asyncio.timeout(LOOK_UP_SECONDS):
                found = await self._cluster.at(live.keys(), int(oldest * 1000))
        except (TimeoutError, KafkaException) as error:
            logger.warning(
                "Kafka: %s", str(error) or "no answer", extra={"action": "look_up_failed"}
            )
            return {}
        return {p: min(at.offset, live[p]) if at else live[p] for p, at in found.items()}
