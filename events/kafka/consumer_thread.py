"""One librdkafka consumer in a thread of its own, and batches of records from it.

librdkafka's calls block, and a `subscribe()` from another thread than the one that polls hung the
process: so every call of a consumer goes through its one-thread executor, in order. While a
batch is worked on, the next is already being fetched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import confluent_kafka as kafka
from confluent_kafka import KafkaError, KafkaException, Message

from events.kafka.batch_size import BatchSize
from events.kafka.lasting_client import LastingClient
from events.kafka.records import (
    Batch,
    Offsets,
    TopicPartition,
    by_partition,
    message_partition,
    offset_of,
    partition_of,
)
from events.kafka.refusals import say_refusal

POLL_SECONDS = 0.05
REQUEST_SECONDS = 10.0

_error_of = Message.error
_Answer = TypeVar("_Answer")


class ConsumerThread:
    """Owns the consumer, and which partitions of it stand where Kafka has nothing any more.
    `consumer` may be used in its thread only: in `call`, and in callbacks. It may be another one
    than before."""

    def __init__(
        self, conf: Mapping[str, Any], name: str, poll_seconds: float = POLL_SECONDS
    ) -> None:
        self._kafka = LastingClient(lambda: kafka.Consumer(dict(conf)))
        self.generation = 0
        """Stands in every batch: under which assignment its records were taken."""
        self.batch_size = BatchSize()
        self.poll_seconds = poll_seconds
        """So long may pass without a full batch."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._next: asyncio.Future[Batch] | None = None
        self.on_anew: Callable[[kafka.Consumer], None] = self._read_on
        """Makes the consumer go on where the one that it is given, and replaces, has stopped."""
        self._out_of_range: set[TopicPartition] = set()
        self._broken: Exception | None = None

    @property
    def consumer(self) -> kafka.Consumer:
        return self._kafka.client

    async def next_batch(self) -> Batch:
        """The next records, or an empty batch after `poll_seconds` without any."""
        if self._next is None:
            self._next = self._start(self._take)
        batch = await self._next
        self._next = self._start(self._take)
        return batch

    async def drop_fetched(self) -> None:
        """What was fetched ahead is not wanted any more."""
        if self._next is not None:
            await self._next
            self._next = None

    async def call(self, work: Callable[[], _Answer]) -> _Answer:
        """Run `work` in the consumer's thread, after what is already waiting there."""
        return await self._start(work)

    async def close(self) -> None:
        """Leave the group, if in one, and end the thread."""
        await self._start(lambda: self.consumer.close())  # whichever it is by then
        self._thread.shutdown(wait=False)

    # In the consumer's thread.

    def assign(self, starts: Offsets) -> None:
        """Have exactly these, and read them from these offsets on."""
        self._out_of_range.clear()
        self.consumer.assign(_assignment(starts))

    def assign_more(self, starts: Mapping[TopicPartition, int]) -> None:
        """Read these too, from these offsets on; nothing changes for the others."""
        self.consumer.incremental_assign(_assignment(starts))

    def unassign(self, partitions: Iterable[TopicPartition]) -> None:
        gone = list(partitions)
        self._out_of_range.difference_update(gone)
        self.consumer.incremental_unassign([kafka.TopicPartition(*one) for one in gone])

    def fail(self, error: Exception) -> None:
        """Raised by the next batch. What leaves a callback of librdkafka's takes the records with
        it that were just fetched."""
        self._broken = self._broken or error

    def _start(self, work: Callable[[], _Answer]) -> asyncio.Future[_Answer]:
        return asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _take(self) -> Batch:
        if self._broken is not None:
            raise self._broken
        messages = self.consumer.consume(self.batch_size.records, self.poll_seconds)
        if not messages:
            self._kafka.heal(self.on_anew)
        reset_to: Offsets = {}
        for partition in list(self._out_of_range):
            self._to_low_watermark(partition, reset_to)
        ends: Offsets = {}
        if any(map(_error_of, messages)):
            messages = self._without_events(messages, ends)
        parts = list(by_partition(messages)) if messages else []
        for records in parts:
            ends[records.partition] = max(records.end, ends.get(records.partition, 0))
        return Batch(parts, ends, self.generation, reset_to)

    def _read_on(self, left: kafka.Consumer) -> None:
        """By the same partitions, from the records on that nobody was given yet."""
        assigned = left.assignment()
        positions = zip(assigned, left.position(assigned), strict=True)
        self.consumer.assign([at if at.offset >= 0 else first for first, at in positions])

    def _without_events(self, messages: Sequence[Message], ends: Offsets) -> list[Message]:
        """The records among them; the others tell of an end or of a fault."""
        records = []
        for message in messages:
            error = message.error()
            if error is None:
                records.append(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                ends[message_partition(message)] = offset_of(message)
            elif error.code() == KafkaError._AUTO_OFFSET_RESET:
                self._out_of_range.add(message_partition(message))
            elif error.code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                say_refusal(error, "consume_failed")
        return records

    def _to_low_watermark(self, partition: TopicPartition, reset_to: Offsets) -> None:
        """What was to be read next has left Kafka: go on with the oldest that is there."""
        if partition not in map(partition_of, self.consumer.assignment()):
            self._out_of_range.discard(partition)
            return
        part = kafka.TopicPartition(*partition)
        try:
            low, _ = self.consumer.get_watermark_offsets(part, REQUEST_SECONDS)
            # A seek is refused: librdkafka has stopped fetching the partition.
            self.unassign([partition])
            self.assign_more({partition: low})
        except KafkaException as error:  # to be tried again
            say_refusal(error, "go_on_failed")
            self._out_of_range.add(partition)
            return
        reset_to[partition] = low


def _assignment(starts: Mapping[TopicPartition, int]) -> list[kafka.TopicPartition]:
    return [kafka.TopicPartition(*partition, offset) for partition, offset in starts.items()]
