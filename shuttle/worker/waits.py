"""What a worker waits for, as its probe tells it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import islice
from typing import Any

from events.kafka.partition_ranges import ranges_of
from events.kafka.records import TopicPartition
from shuttle.commit.store_thread import StoreThread

TOPICS_SHOWN = 100


class Waits:
    """`waiting`: partitions that wait for their cursors, kept up to date by their owner."""

    def __init__(self, store: StoreThread, waiting: Collection[TopicPartition]) -> None:
        self._store = store
        self._waiting = waiting

    def told(self) -> Mapping[str, Any]:
        """Empty while it waits for nothing. Without what the database said: that may name hosts
        and users."""
        waits: dict[str, Any] = {}
        if self._store.is_away:
            fault = self._store.fault
            waits["database"] = f"it {fault.value}" if fault else "it refuses what it is asked"
        if self._waiting:
            waits["cursors_of"] = _by_topic(self._waiting)
        return {"waits_for": waits} if waits else {}


def _by_topic(partitions: Collection[TopicPartition]) -> dict[str, str]:
    numbers: dict[str, list[int]] = {}
    for topic, number in sorted(partitions):
        numbers.setdefault(topic, []).append(number)
    return {topic: ranges_of(of) for topic, of in islice(numbers.items(), TOPICS_SHOWN)}
