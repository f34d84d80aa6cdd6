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

    def topic_id(self, topic: str) -> str:
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
