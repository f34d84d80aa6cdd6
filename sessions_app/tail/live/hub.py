"""One reader of Kafka for all tails of a process: in no group, and only there while needed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping
from types import MappingProxyType

from confluent_kafka import KafkaException

from events.kafka.client import reader_conf
from events.kafka.cluster import Cluster
from events.kafka.offset_consumer import OffsetConsumer
from events.kafka.reasons import is_away
from events.kafka.records import Batch, TopicPartition
from events.kafka.refusals import say_refusal
from events.keys import Key
from sessions_app.tail.live.assignment import Assignment
from sessions_app.tail.live.fan_out import FanOut
from sessions_app.tail.live.gathering import Gathering
from sessions_app.tail.live.mailbox import Mailbox, StreamNotice
from sessions_app.tail.live.topic_demand import LINGER_SECONDS, TopicDemand, topics_for
from sessions_app.tail.tokens import base_of, topics_in_order

logger = logging.getLogger(__name__)

NO_GROUP = "logshuttle-tail"
"""librdkafka wants a name; the broker never hears it."""
SURVEY_SECONDS = 1.0
RETRY_SECONDS = 1.0
_LOOK_SECONDS = 0.02
NOWHERE: Mapping[TopicPartition, int] = MappingProxyType({})

AWAY = StreamNotice("Kafka is away: lines come when it is back")
EXPIRED = StreamNotice("lines have left Kafka before they were read")
BROKEN = StreamNotice("the reader of Kafka was started anew: lines may be missing")


class Hub:
    """`join` and `leave` are all that viewers need; the rest goes by itself."""

    def __init__(
        self, settings: Mapping[str, str], *, linger_seconds: float = LINGER_SECONDS
    ) -> None:
        self._settings = settings
        self.fan_out = FanOut()
        self.away = False
        """Whether Kafka did not answer when last asked."""
        self._needs = TopicDemand(linger_seconds)
        self._assignment = Assignment(self._needs)
        self._changed = asyncio.Event()
        self._asked = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def partitions(self) -> int:
        """That it reads now."""
        return len(self._assignment.positions)

    @property
    def batches(self) -> int:
        """That it has read so far."""
        return self._assignment.batches

    async def join(
        self, mailbox: Mailbox, not_before: Mapping[TopicPartition, int] = NOWHERE
    ) -> dict[TopicPartition, int]:
        """From now on it gets its lines. Returns where: nothing before these offsets, and
        everything from there on. Waits while Kafka is away, and until we are at `not_before`."""
        topics, positions = topics_for(mailbox.selection), self._assignment.positions
        self._needs.add(topics)
        try:
            if self._task is None:
                self._task = asyncio.create_task(self._run())
            while not self._assignment.has(topics):
                self._asked.set()
                await self._changed.wait()
            while any(positions.get(partition, at) < at for partition, at in not_before.items()):
                await asyncio.sleep(_LOOK_SECONDS)
        except BaseException:
            self._needs.release(topics)
            raise
        self.fan_out.add(mailbox)
        return positions.of(topics)

    def leave(self, mailbox: Mailbox) -> None:
        """Undoes `join`."""
        self.fan_out.discard(mailbox)
        self._needs.release(topics_for(mailbox.selection))

    def base(self, key: Key) -> str:
        """Of the token of one who has seen all that was handed out."""
        topics = topics_in_order(key)
        return base_of(topics, self._assignment.positions.of(topics))

    async def close(self) -> None:
        """At once, whoever still reads."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        try:
            while self._needs.topics():
                try:
                    await self._read_while_needed()
                except Exception:
                    logger.exception("The tails' reader failed", extra={"action": "tail_failed"})
                    self.fan_out.tell(BROKEN)
                    await asyncio.sleep(RETRY_SECONDS)
        finally:
            self._task = None

    async def _read_while_needed(self) -> None:
        consumer = OffsetConsumer(reader_conf(self._settings, NO_GROUP), "tail")
        cluster = Cluster(self._settings)
        looking = asyncio.create_task(self._keep_looking(consumer, cluster))
        gathering = Gathering(time.monotonic(), time.thread_time())
        try:
            while self._needs.topics():
                batch = await consumer.next_batch()
                began = time.monotonic()
                self._hand_out(batch)
                consumer.batch_size.worked_on(len(batch), time.monotonic() - began)
                gathering.look(began, time.thread_time())
                consumer.gather(gathering.seconds)
                if looking.done():
                    looking.result()
        finally:
            self._assignment.clear()  # at once: who joins now waits for the next one
            looking.cancel()
            await asyncio.wait({looking})
            await asyncio.shield(asyncio.gather(consumer.close(), cluster.close()))

    def _hand_out(self, batch: Batch) -> None:
        self._assignment.batches += 1
        positions = self._assignment.positions
        for records in batch.parts:
            at = positions.get(records.partition)
            part = None if at is None else records.part(at)
            if part is not None:
                self.fan_out.hand_out(part, positions)
                positions[records.partition] = part.end
        for partition, end in batch.ends.items():
            if positions.get(partition, end) < end:
                positions[partition] = end
        for partition, low in batch.reset_to.items():
            if partition in positions:
                positions[partition] = low
                self.fan_out.tell(EXPIRED, [partition.topic])

    async def _keep_looking(self, consumer: OffsetConsumer, cluster: Cluster) -> None:
        while True:
            self._asked.clear()
            try:
                await self._assignment.look(consumer, cluster)
            except KafkaException as error:
                say_refusal(error, "tail_survey_failed")
                if is_away(error) and not self.away:
                    self.fan_out.tell(AWAY)
                self.away = is_away(error)
            else:
                self.away = False
                self._changed.set()
                self._changed = asyncio.Event()
            await asyncio.sleep(_LOOK_SECONDS)
            if not self._assignment.is_unfinished:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._asked.wait(), SURVEY_SECONDS)
