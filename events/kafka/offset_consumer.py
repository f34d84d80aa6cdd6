"""A reader of chosen partitions, from chosen offsets, in no group."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import confluent_kafka as kafka
from confluent_kafka import KafkaException

from events.kafka.batch_size import BatchSize
from events.kafka.consumer_thread import POLL_SECONDS, ConsumerThread
from events.kafka.records import Batch, Offsets, TopicPartition

MEET_SECONDS = 1.0


class OffsetConsumer:
    """Reads the partitions that it is told, from the offsets that it is told."""

    def __init__(
        self, conf: Mapping[str, Any], name: str, poll_seconds: float = POLL_SECONDS
    ) -> None:
        """`poll_seconds`: so long may pass without a record, then a batch is empty."""
        self._thread = ConsumerThread(conf, name, poll_seconds)
        self._met: set[str] = set()

    @property
    def batch_size(self) -> BatchSize:
        return self._thread.batch_size

    def gather(self, seconds: float) -> None:
        """From the batch after the next on, so long may pass until it is full."""
        self._thread.poll_seconds = seconds

    async def next_batch(self) -> Batch:
        return await self._thread.next_batch()

    async def assign(self, starts: Offsets) -> None:
        """Read these, from the next batch on; what was fetched of others before is dropped."""
        await self._thread.drop_fetched()
        await self._thread.call(lambda: self._thread.assign(starts))

    async def meet(self, partitions: Iterable[TopicPartition]) -> None:
        """Learn who leads topics that are new to this consumer, of which one partition each is
        enough: in one question, as each would wait for a fetch that is under way. Assigned unknown
        ones, librdkafka may look for their leaders only a second later; so it does for those that
        nobody names within `MEET_SECONDS`."""
        new = {one.topic: one for one in partitions if one.topic not in self._met}
        wanted = [kafka.TopicPartition(*one, kafka.OFFSET_END) for one in new.values()]

        def ask() -> None:
            self._thread.consumer.offsets_for_times(wanted, timeout=MEET_SECONDS)

        if new:
            with contextlib.suppress(KafkaException):
                await self._thread.call(ask)
                self._met |= new.keys()

    async def take_up(self, starts: Mapping[TopicPartition, int]) -> int:
        """Read these too; nothing changes for the others. Returns the generation of the batches
        that have them from there: an older one may have what was read of them before."""

        def assign() -> int:
            self._thread.assign_more(starts)
            self._thread.generation += 1
            return self._thread.generation

        return await self._thread.call(assign)

    async def let_go(self, partitions: Collection[TopicPartition]) -> None:
        """Read these no more. The next batch may have records of them yet."""
        await self._thread.call(lambda: self._thread.unassign(partitions))

    async def close(self) -> None:
        await self._thread.close()
