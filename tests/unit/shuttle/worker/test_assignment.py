"""Which partitions a worker says are its own, since when, and of how many."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, cast

import pytest
from confluent_kafka import KafkaException

from events.kafka.cluster import Cluster
from events.kafka.records import TopicPartition
from shuttle.worker.assignment import PARTITIONS_SECONDS, RETENTION_SECONDS, Assignment


class Kafka:
    """Has topics with so many partitions; counts what it is asked."""

    def __init__(self) -> None:
        self.topics = {"gs": 4, "router": 2}
        self.is_away = False
        self.asked: list[str] = []

    def _answers(self, what: str) -> None:
        self.asked.append(what)
        if self.is_away:
            raise KafkaException("away")

    async def retention_ms(self, topics: Collection[str]) -> dict[str, int | None]:
        self._answers("retention")
        return dict.fromkeys(topics, 5)

    async def partitions(self, topics: Collection[str]) -> dict[str, Any]:
        self._answers("partitions")
        there = self.topics.keys() & topics
        return {
            name: {TopicPartition(name, n): "" for n in range(self.topics[name])} for name in there
        }


class Bench:
    def __init__(self) -> None:
        self.now, self.wall = 100.0, 5000.0
        self.kafka = Kafka()
        self.positions: dict[TopicPartition, int] = {}
        self.assignment = Assignment(
            cast(Cluster, self.kafka),
            self.positions,
            lambda: {"gs", "router", "not-there"},
            lambda: self.now,
            lambda: self.wall,
        )

    def holds(self, *numbers: int) -> None:
        self.positions.clear()
        self.positions.update({TopicPartition("gs", number): 0 for number in numbers})


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_all_topics_that_it_reads_are_told_of_with_what_is_its_own(bench: Bench) -> None:
    bench.holds(0, 1, 3)
    await bench.assignment.look()
    assert bench.assignment.held().partitions == {"gs": ("0-1,3", 4), "router": ("", 2)}
    assert bench.assignment.retention_ms == {"gs": 5}


async def test_since_when_is_told_however_often_it_is_asked(bench: Bench) -> None:
    assert bench.assignment.held() == ({}, 5000)
    bench.wall = 5005
    bench.holds(1, 2)
    assert bench.assignment.held() == ({"gs": ("1-2", 3)}, 5005)
    bench.wall = 5010
    await bench.assignment.look()
    assert bench.assignment.held() == ({"gs": ("1-2", 4), "router": ("", 2)}, 5005)
    bench.holds(1)
    assert bench.assignment.held().since == 5010
    bench.holds()
    bench.wall = 5015
    assert bench.assignment.held() == ({"gs": ("", 4), "router": ("", 2)}, 5015)


async def test_kafka_is_asked_now_and_then(bench: Bench) -> None:
    bench.holds(0)
    for _ in range(3):
        await bench.assignment.look()
    assert bench.kafka.asked == ["retention", "partitions"]
    bench.kafka.topics["gs"] = 5
    bench.now += PARTITIONS_SECONDS
    await bench.assignment.look()
    assert bench.assignment.held().partitions["gs"] == ("0", 5)
    bench.now += RETENTION_SECONDS
    await bench.assignment.look()
    assert bench.kafka.asked.count("retention") == 2


async def test_while_kafka_is_away_what_it_said_stands(bench: Bench) -> None:
    bench.holds(0)
    await bench.assignment.look()
    bench.kafka.is_away = True
    bench.now += RETENTION_SECONDS
    await bench.assignment.look()
    assert bench.assignment.held().partitions["gs"] == ("0", 4)
    assert bench.assignment.retention_ms == {"gs": 5}
    bench.kafka.is_away = False
    await bench.assignment.look()
    assert bench.kafka.asked.count("partitions") == 3, "it is asked again at once"
