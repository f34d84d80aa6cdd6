"""Batches of records from Kafka, each consumer in a thread of its own.

librdkafka's calls block, and a `subscribe()` from another thread than the one that polls hung the
process: so every call of a consumer goes through its one-thread executor, in order. While a
batch is worked on, the next is already being fetched.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

import confluent_kafka as kafka
from confluent_kafka import KafkaError, KafkaException, Message

from events.records import Batch, TopicPartition, offset_of, runs_of, source_of

logger = logging.getLogger(__name__)

BATCH_RECORDS = 1000
POLL_SECONDS = 0.05
REQUEST_SECONDS = 10.0
RETRY_SECONDS = 0.5
HAND_OVER_SECONDS = 3.0

_error_of = Message.error
_Answer = TypeVar("_Answer")


class Consumer:
    """What the live pass and a replay pass have in common: a thread, and batches from it."""

    def __init__(self, conf: Mapping[str, Any], name: str) -> None:
        self._kafka = kafka.Consumer(dict(conf))
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._next: asyncio.Future[Batch] | None = None
        self._closing = threading.Event()

    async def next_batch(self) -> Batch:
        """The next records, or an empty batch after `POLL_SECONDS` without any."""
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
        try:
            messages = self._kafka.consume(BATCH_RECORDS, POLL_SECONDS)
        except KafkaException as error:
            logger.warning("Kafka: %s", error, extra={"action": "consume_failed"})
            messages = []
        ends: dict[TopicPartition, int] = {}
        if any(map(_error_of, messages)):
            messages = self._without_events(messages, ends)
        runs = list(runs_of(messages)) if messages else []
        for run in runs:
            ends[run.source] = max(run.end, ends.get(run.source, 0))
        return Batch(runs, ends, self._generation())

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
                ends[source_of(message)] = offset_of(message)
            elif error.code() == KafkaError._AUTO_OFFSET_RESET:
                self._to_low_watermark(source_of(message))
            elif error.code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                logger.warning("Kafka: %s", error.str(), extra={"action": "consume_failed"})
        return records

    def _to_low_watermark(self, source: TopicPartition) -> None:
        """What was to be read next has left Kafka: go on with the oldest that is there."""
        low, _ = self._kafka.get_watermark_offsets(kafka.TopicPartition(*source), REQUEST_SECONDS)
        logger.error(
            "Records of %s [%d] left Kafka unread; going on at offset %d",
            *source,
            low,
            extra={"action": "offset_out_of_range"},
        )
        self._kafka.seek(kafka.TopicPartition(*source, low))


class OffsetConsumer(Consumer):
    """Reads the partitions that it is told, from the offsets that it is told. In no group."""

    async def assign(self, starts: Mapping[TopicPartition, int]) -> None:
        """Read these, from the next batch on; what was fetched of others before is dropped."""
        if self._next is not None:
            await self._next
            self._next = None
        await self.call(lambda: self._kafka.assign(_offsets(starts)))


class Assignments(Protocol):
    """Who is told, in the event loop, which partitions come and go."""

    def assigned(self, starts: Mapping[TopicPartition, int], generation: int) -> None:
        """These begin at these offsets, paused until `resume` is called for them."""

    def revoked(
        self, partitions: Iterable[TopicPartition]
    ) -> Coroutine[Any, Any, Mapping[TopicPartition, int]]:
        """These go, within `HAND_OVER_SECONDS`: what is to be committed before."""

    def lost(self, partitions: Iterable[TopicPartition]) -> None:
        """These are already somebody else's: neither commit nor store."""


class GroupConsumer(Consumer):
    """A member of the worker's consumer group.

    `started_at(topic)` is the time (epoch ms) from which lines of a topic that has no committed
    offset matter, None for "from now on"; it is called in the consumer's thread.
    """

    def __init__(
        self,
        conf: Mapping[str, Any],
        assignments: Assignments,
        started_at: Callable[[str], int | None],
    ) -> None:
        super().__init__({**conf, "on_commit": _log_commit}, "kafka-live")
        self._assignments = assignments
        self._started_at = started_at
        self._loop = asyncio.get_running_loop()
        self._assigned_times = 0

    def _generation(self) -> int:
        return self._assigned_times

    async def subscribe(self, topics: Iterable[str]) -> None:
        """Consume exactly these topics; one that does not exist yet is joined when it appears."""
        wanted = sorted(topics)
        if not wanted:
            await self.call(self._kafka.unsubscribe)
            return
        await self.call(
            lambda: self._kafka.subscribe(
                wanted, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
            )
        )

    async def resume(self, partitions: Iterable[TopicPartition]) -> None:
        parts = [kafka.TopicPartition(*source) for source in partitions]
        await self.call(lambda: self._kafka.resume(parts))

    async def commit(self, offsets: Mapping[TopicPartition, int], *, wait: bool = False) -> None:
        """Commit these offsets; with `wait`, until the broker has taken them."""
        if offsets:
            parts = _offsets(offsets)
            if wait:
                await self.call(lambda: self._kafka.commit(offsets=parts, asynchronous=False))
            else:
                await self.call(lambda: self._kafka.commit(offsets=parts, asynchronous=True))

    # The callbacks below run in the consumer's thread, inside `consume` or `close`.

    def _on_assign(self, _: kafka.Consumer, parts: list[kafka.TopicPartition]) -> None:
        self._assigned_times += 1
        starts = self._insist(lambda: self._starts_of(parts))
        offsets = _offsets(starts)
        self._kafka.incremental_assign(offsets)
        self._kafka.pause(offsets)
        self._loop.call_soon_threadsafe(self._assignments.assigned, starts, self._assigned_times)

    def _on_revoke(self, _: kafka.Consumer, parts: list[kafka.TopicPartition]) -> None:
        handed_over = asyncio.run_coroutine_threadsafe(
            self._assignments.revoked(_sources(parts)),
            self._loop,
        )
        try:
            offsets = handed_over.result(HAND_OVER_SECONDS)
            if offsets:
                self._kafka.commit(offsets=_offsets(offsets), asynchronous=False)
        except (TimeoutError, KafkaException) as error:
            # Not committed means delivered again, never lost.
            logger.warning("Partitions go uncommitted: %r", error, extra={"action": "revoke"})
        finally:
            self._kafka.incremental_unassign(parts)

    def _on_lost(self, _: kafka.Consumer, parts: list[kafka.TopicPartition]) -> None:
        self._loop.call_soon_threadsafe(self._assignments.lost, _sources(parts))
        self._kafka.incremental_unassign(parts)

    def _insist(self, ask: Callable[[], _Answer]) -> _Answer:
        """Ask until Kafka answers: there is nothing to read before."""
        while True:
            try:
                return ask()
            except KafkaException as error:
                if self._closing.wait(RETRY_SECONDS):
                    raise
                logger.warning("Kafka: %s", error, extra={"action": "assign_delayed"})

    def _starts_of(self, parts: list[kafka.TopicPartition]) -> dict[TopicPartition, int]:
        """The committed offset, or where the topic's oldest drain began if that is later."""
        committed = _positions(self._kafka.committed(parts, timeout=REQUEST_SECONDS))
        begins = self._begins_of(list(committed))
        return {source: max(at, begins[source]) for source, at in committed.items()}

    def _begins_of(self, sources: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """Where lines begin that may matter.

        The ends are asked for first: what is written between the two questions is younger than
        any drain, so where nothing young enough was found, it begins at that end.
        """
        begins = {source: self._end_of(source) for source in sources}
        asked = []
        for source in sources:
            since = self._started_at(source.topic)
            if since is not None:
                asked.append(kafka.TopicPartition(*source, max(since, 0)))
        found = self._kafka.offsets_for_times(asked, timeout=REQUEST_SECONDS) if asked else []
        begins.update({source: at for source, at in _positions(found).items() if at >= 0})
        return begins

    def _end_of(self, source: TopicPartition) -> int:
        part = kafka.TopicPartition(*source)
        high: int = self._kafka.get_watermark_offsets(part, REQUEST_SECONDS)[1]
        return high


def _offsets(offsets: Mapping[TopicPartition, int]) -> list[kafka.TopicPartition]:
    return [kafka.TopicPartition(*source, offset) for source, offset in offsets.items()]


def _positions(parts: Iterable[kafka.TopicPartition]) -> dict[TopicPartition, int]:
    return {TopicPartition(part.topic, part.partition): part.offset for part in parts}


def _sources(parts: Iterable[kafka.TopicPartition]) -> list[TopicPartition]:
    return [TopicPartition(part.topic, part.partition) for part in parts]


def _log_commit(error: KafkaError | None, _: Sequence[kafka.TopicPartition]) -> None:
    if error is not None:
        logger.warning("Commit refused: %s", error.str(), extra={"action": "commit_failed"})
