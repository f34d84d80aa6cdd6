"""Which partitions are this worker's, of how many; how long Kafka keeps what it reads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import NamedTuple

from confluent_kafka import KafkaException

from events.kafka.cluster import Cluster
from events.kafka.partition_ranges import ranges_of
from events.kafka.records import Offsets, TopicPartition
from shuttle.worker.background import every

LOOK_SECONDS = 5.0
RETENTION_SECONDS = 600.0
"""Who changes how long Kafka keeps a topic waits so long at most to see it."""
PARTITIONS_SECONDS = 30.0
"""Likewise who gives a topic more partitions."""


class Held(NamedTuple):
    """At one moment."""

    partitions: Mapping[str, tuple[str, int]]
    """By topic that it reads: those that are its own (partition_ranges), of how many."""
    since: float
    """Epoch seconds."""


class Assignment:
    """Owns since when the partitions are those that they are, and what Kafka said last.

    `positions`: partitions that have been taken over, kept up to date by their owner; so is
    `subscribed`, topics. `clock`: monotonic seconds; `wall_clock`: epoch seconds.
    """

    def __init__(
        self,
        cluster: Cluster,
        positions: Offsets,
        subscribed: Callable[[], Collection[str]],
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
    ) -> None:
        self.subscribed = subscribed
        self.retention_ms: Mapping[str, int | None] = {}
        """By topic (models.Worker)."""
        self._cluster = cluster
        self._positions = positions
        self._clock = clock
        self._wall_clock = wall_clock
        self._counts: dict[str, int] = {}
        self._held: frozenset[TopicPartition] = frozenset()
        self._told = Held({}, wall_clock())
        self._retention_again_at = self._counts_again_at = 0.0

    async def run(self) -> None:
        await every(LOOK_SECONDS, self.look)

    async def look(self) -> None:
        """Asks Kafka: when other topics are read, and now and then."""
        now = self._clock()
        topics = {partition.topic for partition in self._positions}
        if topics != self.retention_ms.keys() or now >= self._retention_again_at:
            with suppress(KafkaException):
                self.retention_ms = await self._cluster.retention_ms(topics)
                self._retention_again_at = now + RETENTION_SECONDS
        if now >= self._counts_again_at or not topics <= self._counts.keys():
            with suppress(KafkaException):
                logs = await self._cluster.partitions(self.subscribed())
                self._counts = {topic: len(parts) for topic, parts in logs.items()}
                self._counts_again_at = now + PARTITIONS_SECONDS
                self._told = self._told._replace(partitions=self._by_topic())

    def held(self) -> Held:
        held = frozenset(self._positions)
        if held != self._held:
            self._held = held
            self._told = Held(self._by_topic(), self._wall_clock())
        return self._told

    def _by_topic(self) -> dict[str, tuple[str, int]]:
        """What is its own is there, whatever Kafka has said before."""
        numbers: dict[str, list[int]] = {topic: [] for topic in self._counts}
        for topic, number in self._held:
            numbers.setdefault(topic, []).append(number)
        return {
            topic: (ranges_of(of), max(self._counts.get(topic, 0), max(of, default=-1) + 1))
            for topic, of in numbers.items()
        }
