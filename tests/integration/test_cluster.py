"""What a real Kafka says of topics and groups."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient

from events.kafka import cluster as module
from events.kafka.cluster import Cluster
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
