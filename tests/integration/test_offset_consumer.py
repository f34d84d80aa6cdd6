"""A consumer in no group, whose partitions come and go while it reads."""

from __future__ import annotations

import asyncio
import time

from events.kafka.client import consumer_conf
from events.kafka.offset_consumer import OffsetConsumer
from events.kafka.records import TopicPartition
from tests.support.broker import Broker
from tests.support.kafka import TopicNames

LONG_POLL_SECONDS = 0.3
"""What librdkafka would wait for is 0.5."""


async def read(consumer: OffsetConsumer, count: int) -> list[tuple[int, bytes | None]]:
    """The next records: partition and value."""
    found: list[tuple[int, bytes | None]] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            for records in (await consumer.next_batch()).parts:
                found += [(records.partition.number, value) for value in records.values]
    return found


async def test_partitions_are_taken_up_and_let_go_while_others_are_read(
    kafka: Broker, topic: TopicNames
) -> None:
    name = kafka.create(topic(), partitions=2)
    first, second = TopicPartition(name, 0), TopicPartition(name, 1)
    for partition in (0, 1):
        kafka.produce(name, [b"0", b"1", b"2"], partition=partition)
    groups = kafka.groups()
    conf = consumer_conf({"bootstrap.servers": kafka.bootstrap}, "never-seen")
    consumer = OffsetConsumer(conf, "test")
    try:
        await consumer.meet([first, second])
        await consumer.take_up({first: 1})
        assert await read(consumer, 2) == [(0, b"1"), (0, b"2")]
        await consumer.take_up({second: 2})
        assert await read(consumer, 1) == [(1, b"2")]

        await consumer.let_go([first])
        await consumer.next_batch()  # this one may have records of it yet
        kafka.produce(name, [b"3"], partition=0)
        kafka.produce(name, [b"3"], partition=1)
        assert await read(consumer, 1) == [(1, b"3")]
    finally:
        await consumer.close()
    assert kafka.groups() == groups


async def test_a_topic_that_is_not_there_is_not_made(kafka: Broker, topic: TopicNames) -> None:
    conf = consumer_conf({"bootstrap.servers": kafka.bootstrap}, "never-seen")
    consumer, name = OffsetConsumer(conf, "test"), topic()
    await consumer.meet([TopicPartition(name, 0)])
    await consumer.close()
    assert not kafka.partitions(name)


async def test_each_assignment_below_the_oldest_record_goes_on_there(
    kafka: Broker, topic: TopicNames
) -> None:
    name = kafka.create(topic(), partitions=1)
    first = TopicPartition(name, 0)
    kafka.produce(name, [b"0", b"1", b"2"], partition=0)
    kafka.delete_records(name, {0: 2})
    conf = consumer_conf({"bootstrap.servers": kafka.bootstrap}, "never-seen")
    consumer = OffsetConsumer(conf, "test")
    try:
        for _ in range(2):
            await consumer.assign({first: 0})
            reset_to: dict[TopicPartition, int] = {}
            async with asyncio.timeout(10):
                while not reset_to:
                    reset_to.update((await consumer.next_batch()).reset_to)
            assert reset_to == {first: 2}
            assert await read(consumer, 1) == [(0, b"2")]
    finally:
        await consumer.close()


async def test_who_is_told_to_read_elsewhere_waits_for_no_long_poll(
    kafka: Broker, topic: TopicNames
) -> None:
    """A receiver that is sent portions of what is in doubt would wait for each."""
    name = kafka.create(topic(), partitions=1)
    first = TopicPartition(name, 0)
    kafka.produce(name, [b"0"], partition=0)
    consumer = OffsetConsumer(
        consumer_conf({"bootstrap.servers": kafka.bootstrap}, "never-seen"), "test"
    )
    waits = []
    try:
        for _ in range(5):
            await consumer.assign({first: 1})
            while (await consumer.next_batch()).ends.get(first) != 1:
                pass  # Kafka has not said yet that this is the end
            began = time.monotonic()
            await consumer.assign({first: 0})
            await read(consumer, 1)
            waits.append(time.monotonic() - began)
    finally:
        await consumer.close()
    assert min(waits) < LONG_POLL_SECONDS, waits
