"""What the hub reads, and where it is in each partition.

A topic is read from its end on when it is first needed. What appears later, a partition or the
topic itself, is read from its beginning: all of that is new.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from events.kafka.cluster import Cluster
from events.kafka.offset_consumer import OffsetConsumer
from events.kafka.records import TopicPartition
from sessions_app.tail.live.positions import Positions
from sessions_app.tail.live.topic_demand import TopicDemand

LEADER_SECONDS = 2.0
"""A partition without a leader holds up nobody for longer."""

Logs = Mapping[str, Mapping[TopicPartition, str]]
"""Topic → its partitions, each with the id of the log."""


class Assignment:
    """Owns which partitions are read, and where each has got to."""

    def __init__(self, needs: TopicDemand) -> None:
        self._needs = needs
        self.positions = Positions()
        self.batches = 0
        """How many have been handed out."""
        self._logs: dict[str, str] = {}
        """Topic → the id of its log, "" where it has none. These are read, as far as they exist."""
        self._let_go_at: dict[TopicPartition, int] = {}
        self._unsettled_since: dict[str, float] = {}
        self._leaderless: set[TopicPartition] = set()
        """Not new: when they have a leader they are read from their ends on, as all are."""
        self.is_unfinished = False
        """Whether the next look should not be long in coming."""

    def has(self, topics: frozenset[str]) -> bool:
        return topics <= self._logs.keys()

    def clear(self) -> None:
        self.positions.clear()
        for state in (self._logs, self._leaderless, self._let_go_at):
            state.clear()

    async def look(self, consumer: OffsetConsumer, cluster: Cluster) -> None:
        """Read what is needed, from the right place on, and nothing else. Raises
        KafkaException."""
        self.is_unfinished = False
        topics = self._needs.topics()
        there = await cluster.partitions(topics)
        if gone := self._gone(topics, there):
            await consumer.let_go(gone)
        new = {
            partition for parts in there.values() for partition in parts if self._is_new(partition)
        }
        late = {partition for partition in new - self._leaderless if partition.topic in self._logs}
        starts = await cluster.ends(new - late) | await cluster.lows(late)
        if starts:
            await consumer.meet(starts)
            self.positions.update(starts)
            self._leaderless -= starts.keys()
            await consumer.take_up(starts)
        self._settle(topics, there)

    def _gone(self, topics: frozenset[str], there: Logs) -> set[TopicPartition]:
        """What nobody needs, and logs that are no more, even if another has their name."""
        for topic in [topic for topic in self._logs if not self._needs.of(topic)]:
            del self._logs[topic]
        gone = {
            partition
            for partition in self.positions
            if not self._needs.of(partition.topic)  # as it is now: Kafka took its time to answer
            or (partition.topic in topics and self._is_another(partition, there))
        }
        for partition in gone:
            del self.positions[partition]
            self._let_go_at[partition] = self.batches
        return gone

    def _is_another(self, partition: TopicPartition, there: Logs) -> bool:
        log, known = there.get(partition.topic, {}).get(partition), self._logs.get(partition.topic)
        # Between two controllers nobody can tell an id.
        return log is None or (log != known and bool(log and known))

    def _is_new(self, partition: TopicPartition) -> bool:
        """One that was let go a moment ago may have records in the next batch, or one on its way
        there: they would be taken for those of the new place."""
        if partition in self.positions:
            return False
        if self.batches - self._let_go_at.get(partition, -3) <= 2:
            self.is_unfinished = True
            return False
        self._let_go_at.pop(partition, None)
        return True

    def _settle(self, topics: frozenset[str], there: Logs) -> None:
        """Who waits for these may go on, unless a partition has no leader yet."""
        now = time.monotonic()
        for topic in topics:
            parts = there.get(topic, {})
            missing = {partition for partition in parts if partition not in self.positions}
            since = self._unsettled_since.setdefault(topic, now)
            if missing and topic not in self._logs and now - since < LEADER_SECONDS:
                self.is_unfinished = True
                continue
            if topic not in self._logs:
                self._leaderless |= missing
            self._logs[topic] = next(iter(parts.values()), "") or self._logs.get(topic, "")
            del self._unsettled_since[topic]
