"""A member of the group that is told to end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import uuid4

from events.kafka.client import consumer_conf
from events.kafka.group_member import GroupMember
from events.kafka.records import Offsets, TopicPartition
from tests.support.broker import Broker
from tests.support.kafka import TopicNames
from tests.support.waiting import until


class Told:
    """What a member is told of its partitions; it holds nothing back from whoever is next."""

    hand_over_seconds = 2.8

    def __init__(self) -> None:
        self.assigned_times = 0

    def assigned(self, partitions: Sequence[TopicPartition], generation: int) -> None:
        self.assigned_times += 1

    async def revoked(self, partitions: Sequence[TopicPartition], until: float) -> Offsets:
        return dict.fromkeys(partitions, 7)

    def lost(self, partitions: Sequence[TopicPartition]) -> None: ...

    def metadata(self, topic: str) -> str:
        return ""


async def test_what_it_is_given_at_its_end_it_lets_go_without_a_question(
    kafka: Broker, topic: TopicNames
) -> None:
    """A group that is left answers none: the question took its whole time limit."""
    name, group, told = kafka.create(topic()), f"group-{uuid4()}", Told()
    settings = {"bootstrap.servers": kafka.bootstrap}
    consumer = GroupMember(consumer_conf(settings, group))
    await consumer.subscribe([name], told)
    await until(lambda: kafka.has_settled(group), 10, "it is given partitions")

    async with asyncio.timeout(5):
        await consumer.close()

    assert told.assigned_times == 0


async def test_what_is_handed_over_at_its_end_is_committed(
    kafka: Broker, topic: TopicNames
) -> None:
    name, group, told = kafka.create(topic(), 2), f"group-{uuid4()}", Told()
    settings = {"bootstrap.servers": kafka.bootstrap}
    consumer = GroupMember(consumer_conf(settings, group))
    await consumer.subscribe([name], told)
    async with asyncio.timeout(10):
        while not told.assigned_times:
            await consumer.next_batch()
            await asyncio.sleep(0)

    await consumer.close()

    assert kafka.committed(group, name) == {0: 7, 1: 7}


async def test_a_partition_is_read_only_from_where_its_own_assignment_begins(
    kafka: Broker, topic: TopicNames
) -> None:
    """It may have gone and come back while somebody looked up where it begins."""
    name, group, told = kafka.create(topic(), 1), f"group-{uuid4()}", Told()
    kafka.produce(name, [b"0", b"1"], partition=0)
    consumer = GroupMember(consumer_conf({"bootstrap.servers": kafka.bootstrap}, group))
    await consumer.subscribe([name], told)
    values: list[bytes | None] = []
    async with asyncio.timeout(10):
        while not told.assigned_times:
            await consumer.next_batch()
        partition = TopicPartition(name, 0)
        await consumer.begin({partition: 0}, generation=0)
        await consumer.begin({partition: 1}, generation=1)
        while not values:
            for records in (await consumer.next_batch()).parts:
                values += records.values
    await consumer.close()

    assert values == [b"1"]
