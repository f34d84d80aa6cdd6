"""Which log a topic's name stands for: one that is deleted and made anew has another id.

Offsets of the old log mean nothing in the new one, and Kafka does not say so by itself: a reader
that stood at 500 goes on at 500.
"""

from __future__ import annotations

from collections.abc import Collection

from events.kafka.cluster import Cluster


class TopicIds:
    """Owns the ids that are compared with."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._known: dict[str, str] = {}

    def of(self, topic: str) -> str:
        """Empty where nobody has said it yet."""
        return self._known.get(topic, "")

    async def learn(self, topics: Collection[str]) -> None:
        """From now on these are the ids that are compared with. Raises KafkaException."""
        self._known.update(await self._cluster.ids(topics))

    def believe(self, topic: str, topic_id: str) -> None:
        """What is known of a topic until Kafka says what it is."""
        self._known.setdefault(topic, topic_id)

    async def changed(self, topics: Collection[str]) -> frozenset[str]:
        """The topics among these that are another log by now. Raises KafkaException."""
        present = await self._cluster.ids(topics)
        self._known.update({t: now for t, now in present.items() if not self.of(t)})
        return frozenset(t for t, now in present.items() if self.of(t) != now)
