"""Clients that librdkafka has left without any broker for good, on a real Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from uuid import uuid4

import pytest

from events.kafka import lasting_client
from events.kafka.client import consumer_conf
from events.kafka.cluster import Cluster
from events.kafka.group_member import GroupMember
from events.kafka.offset_consumer import OffsetConsumer
from events.kafka.producer import Producer
from events.kafka.records import TopicPartition
from tests.integration.test_group_member import Told
from tests.integration.test_offset_consumer import read
from tests.support.broker import Broker
from tests.support.forgetful_kafka import ForgetfulKafka
from tests.support.kafka import OwnKafka
from tests.support.ports import free_port


class Proxied(NamedTuple):
    proxy: ForgetfulKafka
    broker: Broker
    """Beside the proxy."""

    @property
    def settings(self) -> dict[str, str]:
        return {"bootstrap.servers": self.proxy.bootstrap}


@pytest.fixture
def kafka(own_kafka: OwnKafka, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxied]:
    """Clients that come through the proxy know of no other way."""
    monkeypatch.setattr(lasting_client, "LOOK_SECONDS", 0.2)
    monkeypatch.setattr(lasting_client, "KEPT_SECONDS", 0.0)
    with ForgetfulKafka() as proxy:
        proxy.broker_port = free_port()
        there = {"advertised.listeners": f"PLAINTEXT://{proxy.bootstrap}"}
        own_kafka(port=proxy.broker_port, properties=there)
        yield Proxied(proxy, Broker(proxy.bootstrap))


async def test_a_reader_goes_on_where_it_was(kafka: Proxied) -> None:
    kafka.broker.create("gs", 1)
    kafka.broker.produce("gs", [b"0", b"1", b"2"], partition=0)
    consumer = OffsetConsumer(consumer_conf(kafka.settings, "none"), "test")
    try:
        await consumer.assign({TopicPartition("gs", 0): 1})
        assert await read(consumer, 2) == [(0, b"1"), (0, b"2")]
        await strand(consumer, kafka.proxy)
        kafka.broker.produce("gs", [b"3", b"4"], partition=0)

        assert await read(consumer, 2) == [(0, b"3"), (0, b"4")]
    finally:
        await consumer.close()


async def test_a_member_of_the_group_joins_anew(kafka: Proxied) -> None:
    kafka.broker.create("gs", 1)
    told = Lost()
    member = GroupMember(consumer_conf(kafka.settings, f"group-{uuid4()}"))
    await member.subscribe(["gs"], told)
    await assigned(member, told, 1)
    await strand(member, kafka.proxy)

    await assigned(member, told, 2)
    await member.begin({TopicPartition("gs", 0): 0}, told.generation)
    kafka.broker.produce("gs", [b"0"], partition=0)
    async with asyncio.timeout(10):
        while not (parts := (await member.next_batch()).parts):
            pass
    await member.close()

    assert parts[0].values == [b"0"]
    assert told.partitions_lost == [TopicPartition("gs", 0)]


@pytest.mark.slow
async def test_a_producer_sends_what_its_lost_client_had(kafka: Proxied) -> None:
    kafka.broker.create("gs", 1)
    producer = Producer(kafka.settings, delivery_seconds=None)
    try:
        await producer.send("gs", b"0")
        await asyncio.to_thread(kafka.proxy.strand, producer._kafka)
        async with asyncio.timeout(20):
            await producer.send("gs", b"1")
    finally:
        await asyncio.to_thread(producer.close, 5)

    assert [record.value() for record in kafka.broker.consume("gs", 2)] == [b"0", b"1"]


@pytest.mark.slow
async def test_questions_are_answered_again(kafka: Proxied) -> None:
    kafka.broker.create("gs", 1)
    cluster = Cluster(kafka.settings)
    try:
        assert await cluster.answers()
        await asyncio.to_thread(kafka.proxy.strand, cluster._admin)
        async with asyncio.timeout(20):
            while not await cluster.answers():
                pass
        assert await cluster.partitions(["gs"])
    finally:
        await cluster.close()


class Lost(Told):
    generation = 0

    def __init__(self) -> None:
        super().__init__()
        self.partitions_lost: list[TopicPartition] = []

    def assigned(self, partitions: Sequence[TopicPartition], generation: int) -> None:
        self.assigned_times += 1
        self.generation = generation

    def lost(self, partitions: Sequence[TopicPartition]) -> None:
        self.partitions_lost += partitions


async def strand(consumer: OffsetConsumer | GroupMember, proxy: ForgetfulKafka) -> None:
    thread = consumer._thread
    await thread.call(lambda: proxy.strand(thread.consumer))


async def assigned(member: GroupMember, told: Told, times: int) -> None:
    async with asyncio.timeout(30):
        while told.assigned_times < times:
            await member.next_batch()
            await asyncio.sleep(0)
