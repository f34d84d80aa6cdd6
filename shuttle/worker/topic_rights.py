"""Topics that Kafka does not let us read: their drains get nothing of them, and say why."""

from __future__ import annotations

import logging

from confluent_kafka import KafkaException

from events.kafka.cluster import Cluster
from events.kafka.records import Offsets
from events.kafka.topic_descriptions import refusal_of
from events.topics import SOURCE_TOPICS
from shuttle.feed.context import FeedContext
from shuttle.worker.background import every
from shuttle.worker.feeds import Feeds
from shuttle.worker.topics import Topics

logger = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
LOOK_SHARE = 0.02
"""Of the time: to tell of thousands of topics takes Kafka a second."""


class TopicRights:
    """Keeps the context's `refused_topics` up to date. `positions`: of the partitions that are
    ours."""

    def __init__(
        self,
        cluster: Cluster,
        topics: Topics,
        positions: Offsets,
        context: FeedContext,
        feeds: Feeds,
    ) -> None:
        self._cluster = cluster
        self._topics = topics
        self._positions = positions
        self._context = context
        self._feeds = feeds

    async def run(self) -> None:
        await every(LOOK_SECONDS, self.look, lambda: LOOK_SHARE)

    async def look(self) -> None:
        # A source's topic that we are not let to see is mostly one that nobody has made.
        seen = {partition.topic for partition in self._positions}
        try:
            now = await self._cluster.unreadable(seen | self._topics.subscribed - SOURCE_TOPICS)
        except KafkaException:
            return  # Kafka is away, which others say; what we may read stays what it was
        refused = self._context.refused_topics
        for topic in refused.keys() - now:
            del refused[topic]
        for topic in now - refused.keys():
            refused[topic] = self._context.wall_clock()
            logger.error("%s", refusal_of([topic]), extra={"action": "topic_refused"})
            self._feeds.make_all(topic)  # of which no line comes
