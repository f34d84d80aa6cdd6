"""What a real Kafka says of topics and groups."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient

from events.kafka import cluster as module
from events.kafka.cluster import Bounds, Cluster
from events.kafka.records import TopicPartition
from tests.support.broker import Broker
from tests.support.kafka import TopicNames
from tests.support.waiting import wait_until


@pytest.fixture
async def cluster(kafka: Broker) -> AsyncIterator[Cluster]:
    made = Cluster({"bootstrap.servers": kafka.bootstrap})
    yield made
    await made.close()


async def test_how_long_records_are_kept_is_told_where_age_decides(
    cluster: Cluster, kafka: Broker, topic: TopicNames
) -> None:
    aged = kafka.create(topic(), 1, retention_ms="3600000")
    forever = kafka.create(topic(), 1, retention_ms="-1", retention_bytes="1000000")
    compacted = kafka.create(topic(), 1, cleanup_policy="compact", retention_ms="1000")
    gone = topic()

    assert await cluster.retention_ms([aged, forever, compacted, gone]) == {
        aged: 3_600_000,
        forever: None,
        compacted: None,
        gone: None,
    }
    assert await cluster.retention_ms([]) == {}


async def test_who_is_in_a_group_is_counted(
    cluster: Cluster, kafka: Broker, topic: TopicNames
) -> None:
    name, group = kafka.create(topic(), 1), topic()
    assert await cluster.members(group) == 0

    member = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": group})
    member.subscribe([name])
    wait_until(lambda: member.poll(0.1) or member.assignment(), 20, "it is given partitions")
    assert await cluster.members(group) == 1
    member.close()
    assert await cluster.members(group) == 0


async def test_bounds_of_many_partitions_are_three_questions(
    cluster: Cluster, kafka: Broker, topic: TopicNames, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int]] = []

    def count(name: str) -> None:
        ask = getattr(AdminClient, name)

        def counted(admin: AdminClient, what: Any, **options: Any) -> Any:
            asked.append((name, len(what) if isinstance(what, dict) else 0))
            return ask(admin, what, **options)

        monkeypatch.setattr(AdminClient, name, counted)

    names = [kafka.create(topic(), 100) for _ in range(4)]
    wanted = {TopicPartition(name, number) for name in names for number in range(100)}
    for name in ("describe_topics", "list_offsets"):
        count(name)

    assert await cluster.bounds(wanted) == dict.fromkeys(wanted, Bounds(0, 0))
    assert sum(of for name, of in asked if name == "list_offsets") == 2 * len(wanted)
    assert [name for name, _ in asked] == ["describe_topics", "list_offsets", "list_offsets"]


async def test_that_it_answers_is_asked_without_naming_or_making_a_topic(
    cluster: Cluster, kafka: Broker, topic: TopicNames
) -> None:
    """This broker makes each topic that it is asked for by whoever may write to it."""
    kafka.create(topic(), 1)
    there = set(AdminClient({"bootstrap.servers": kafka.bootstrap}).list_topics(timeout=10).topics)
    assert await cluster.answers()
    after = set(AdminClient({"bootstrap.servers": kafka.bootstrap}).list_topics(timeout=10).topics)
    assert after == there


async def test_no_broker_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROBE_SECONDS", 0.2)
    nowhere = Cluster({"bootstrap.servers": "127.0.0.1:1"})
    assert not await nowhere.answers()
    await nowhere.close()
