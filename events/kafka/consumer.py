"""Batches of records from Kafka, each consumer in a thread of its own.

librdkafka's calls block, and a `subscribe()` from another thread than the one that polls hung the
process: so every call of a consumer goes through its one-thread executor, in order. While a
batch is worked on, the next is already being fetched.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import confluent_kafka as kafka
from confluent_kafka import KafkaError, KafkaException, Message

from events.kafka.batch_size import BatchSize
from events.kafka.records import Batch, TopicPartition, by_partition, offset_of, partition_of

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.05
REQUEST_SECONDS = 10.0

_error_of = Message.error
_Answer = TypeVar("_Answer")


class Consumer:
    """What the live pass and a replay pass have in common: a thread, and batches from it."""

    def __init__(self, conf: Mapping[str, Any], name: str) -> None:
        self._kafka = kafka.Consumer(dict(conf))
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._next: asyncio.Future[Batch] | None = None
        self._closing = threading.Event()
        self._out_of_range: set[TopicPartition] = set()
        self._paused: set[TopicPartition] = set()
        self._broken: Exception | None = None
        self.poll_seconds = POLL_SECONDS
        self.batch_size = BatchSize()

    async def next_batch(self) -> Batch:
        """The next records, or an empty batch after `poll_seconds` without any."""
        if self._next is None:
            self._next = self._start(self._take)
        batch = await self._next
        self._next = self._start(self._take)
        return batch

    async def call(self, work: Callable[[], _Answer]) -> _Answer:
        """Run `work` in the consumer's thread, after what is already waiting there."""
        return await self._start(work)

    async def close(self) -> None:
        """Leave the group, if in one, and end the thread."""
        self._closing.set()
        await self._start(self._kafka.close)
        self._thread.shutdown(wait=False)

    def _start(self, work: Callable[[], _Answer]) -> asyncio.Future[_Answer]:
        return asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _take(self) -> Batch:
        if self._broken is not None:
            raise self._broken
        messages = self._kafka.consume(self.batch_size.records, self.poll_seconds)
        reset_to: dict[TopicPartition, int] = {}
        for partition in self._out_of_range - self._paused:
            self._to_low_watermark(partition, reset_to)
        ends: dict[TopicPartition, int] = {}
        if any(map(_error_of, messages)):
            messages = self._without_events(messages, ends)
        parts = list(by_partition(messages)) if messages else []
        for records in parts:
            ends[records.partition] = max(records.end, ends.get(records.partition, 0))
        return Batch(parts, ends, self._generation(), reset_to)

    def _generation(self) -> int:
        return 0

    def _without_events(
        self, messages: Sequence[Message], ends: dict[TopicPartition, int]
    ) -> list[Message]:
        """The records among them; the others tell of an end or of a fault."""
        records = []
        for message in messages:
            error = message.error()
            if error is None:
                records.append(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                ends[partition_of(message)] = offset_of(message)
            elif error.code() == KafkaError._AUTO_OFFSET_RESET:
                self._out_of_range.add(partition_of(message))
            elif error.code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                logger.warning("Kafka: %s", error.str(), extra={"action": "consume_failed"})
        return records

    def _to_low_watermark(
        self, partition: TopicPartition, reset_to: dict[TopicPartition, int]
    ) -> None:
        """What was to be read next has left Kafka: go on with the oldest that is there."""
        part = kafka.TopicPartition(*partition)
        try:
            low, _ = self._kafka.get_watermark_offsets(part, REQUEST_SECONDS)
            # A seek is refused: librdkafka has stopped fetching the partition.
            self._kafka.incremental_unassign([part])
            self._kafka.incremental_assign([kafka.TopicPartition(*partition, low)])
        except KafkaException as error:  # no longer ours, or to be tried again
            logger.warning("Kafka: %s", error, extra={"action": "go_on_failed"})
            return
        self._out_of_range.discard(partition)
        reset_to[partition] = low


class OffsetConsumer(Consumer):
    """Reads the partitions that it is told, from the offsets that it is told. In no group."""

    def __init__(self, conf: Mapping[str, Any], name: str) -> None:
        super().__init__(conf, name)
        self._met: set[str] = set()

    async def assign(self, starts: Mapping[TopicPartition, int]) -> None:
        """Read these, from the next batch on; what was fetched of others before is dropped."""
        if self._next is not None:
            await self._next
            self._next = None
        self._out_of_range.clear()
        await self.call(lambda: self._kafka.assign(offsets_of(starts)))

    async def meet(self, topics: Iterable[str]) -> None:
        """Learn who leads topics that are new to this consumer. Assigned unknown ones, librdkafka
        may look for their leaders only a second later. Raises KafkaException."""
        new = set(topics) - self._met

        def ask() -> None:
            for topic in new:
                self._kafka.list_topics(topic, timeout=REQUEST_SECONDS)

        if new:
            await self.call(ask)
            self._met |= new

    async def take_up(self, starts: Mapping[TopicPartition, int]) -> None:
        """Read these too; nothing changes for the others."""
        await self.call(lambda: self._kafka.incremental_assign(offsets_of(starts)))

    async def let_go(self, partitions: Collection[TopicPartition]) -> None:
        """Read these no more. The next batch may have records of them yet."""

        def unassign() -> None:
            self._out_of_range.difference_update(partitions)
            self._kafka.incremental_unassign([kafka.TopicPartition(*s) for s in partitions])

        await self.call(unassign)


def offsets_of(offsets: Mapping[TopicPartition, int]) -> list[kafka.TopicPartition]:
    """As librdkafka takes them."""
    return [kafka.TopicPartition(*partition, offset) for partition, offset in offsets.items()]
