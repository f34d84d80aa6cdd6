"""A member of the workers' consumer group: partitions come and go, offsets are committed."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import confluent_kafka as kafka
from confluent_kafka import KafkaError, KafkaException

from events.kafka.assignments import Assignments
from events.kafka.batch_size import BatchSize
from events.kafka.committed import Committed, committed_among
from events.kafka.consumer_thread import ConsumerThread
from events.kafka.records import Batch, Offsets, TopicPartition, partition_of
from events.kafka.refusals import say_refusal

logger = logging.getLogger(__name__)

COMMITTED_SECONDS = 3.0
"""Nothing is read while the group's coordinator is asked: then it is asked again."""
ANSWER_SECONDS = 0.2
"""For the answer when the time of a hand-over is up: the event loop may be late."""
ASKED_AT_ONCE = 1_000
"""Partitions: records are taken between two questions, and none takes long."""


class GroupMember:
    """Owns which partitions are the member's, and which of these are read. librdkafka is told of
    one when it is begun: one that was assigned, paused, and at once assigned elsewhere, was now
    and then not read at all. All calls of librdkafka are in one thread."""

    def __init__(self, conf: Mapping[str, Any]) -> None:
        self._thread = ConsumerThread({**conf, "on_commit": _log_commit}, "kafka-live")
        self._thread.on_anew = self._join_anew
        self._assignments: Assignments
        self._topics: list[str] = []
        self._loop = asyncio.get_running_loop()
        self._leaving = False
        self._ours: dict[TopicPartition, int] = {}
        """Each with the assignment under which it came."""
        self._read: set[TopicPartition] = set()

    @property
    def _kafka(self) -> kafka.Consumer:
        return self._thread.consumer

    @property
    def batch_size(self) -> BatchSize:
        return self._thread.batch_size

    async def next_batch(self) -> Batch:
        return await self._thread.next_batch()

    async def close(self) -> None:
        """Leave the group; what is handed over meanwhile is committed."""
        self._leaving = True
        await self._thread.close()

    async def subscribe(self, topics: Iterable[str], assignments: Assignments) -> None:
        """Consume exactly these topics; one that does not exist yet is joined when it appears."""
        self._assignments = assignments
        self._topics = sorted(topics)
        await self._thread.call(self._subscribe)

    async def committed(
        self, partitions: Collection[TopicPartition]
    ) -> dict[TopicPartition, Committed]:
        """What the group has committed, where it has. Raises KafkaException."""
        asked = [kafka.TopicPartition(*partition) for partition in partitions]
        found: dict[TopicPartition, Committed] = {}
        for start in range(0, len(asked), ASKED_AT_ONCE):
            some = asked[start : start + ASKED_AT_ONCE]
            found |= committed_among(await self._thread.call(partial(self._ask_committed, some)))
        return found

    async def committed_anywhere(self) -> dict[TopicPartition, Committed]:
        """The same of all topics there are. Nothing is read meanwhile. Raises KafkaException.

        Each is asked for by its name: Kafka's question for all of a group ends librdkafka with
        SIGSEGV where the group has no coordinator yet.
        """
        known = await self._thread.call(lambda: self._kafka.list_topics(timeout=COMMITTED_SECONDS))
        there = [
            TopicPartition(topic, number)
            for topic, about in known.topics.items()
            for number in about.partitions
        ]
        return await self.committed(there)

    async def ends(self, partitions: Iterable[TopicPartition]) -> Offsets:
        """Where each ends, as of the last fetch: asks nobody."""
        asked = list(partitions)

        def look() -> Offsets:
            found = {}
            for partition in asked:
                part = kafka.TopicPartition(*partition)
                _, high = self._kafka.get_watermark_offsets(part, cached=True)
                if high >= 0:
                    found[partition] = high
            return found

        return await self._thread.call(look)

    async def begin(self, starts: Offsets, generation: int) -> None:
        """Read partitions from these offsets on: those that came with this assignment and have not
        gone since."""

        def begin() -> None:
            new = {p: at for p, at in starts.items() if self._ours.get(p) == generation}
            self._thread.assign_more(new)
            self._read |= new.keys()

        await self._thread.call(begin)

    async def commit(self, offsets: Offsets) -> None:
        """Send offsets of partitions that are still ours; what the broker refuses is logged."""

        def commit() -> None:
            # It may have waited here behind a hand-over, which has committed more.
            parts = self._to_commit({p: at for p, at in offsets.items() if p in self._ours})
            if parts:
                self._kafka.commit(offsets=parts, asynchronous=True)

        if offsets:
            await self._thread.call(commit)

    async def mark(self, offsets: Mapping[TopicPartition, Committed]) -> None:
        """Send offsets as they stand here, whosever partitions they are."""
        parts = [
            kafka.TopicPartition(*partition, at.offset, metadata=at.metadata)
            for partition, at in offsets.items()
        ]
        await self._thread.call(lambda: self._kafka.commit(offsets=parts, asynchronous=True))

    async def assign_again(self, partitions: Iterable[TopicPartition]) -> None:
        """Have partitions, those that are still ours, taken over anew."""
        wanted = set(partitions)

        def again() -> None:
            here = wanted & self._ours.keys()
            if here:
                self._unassign(here)
                self._assign(here)

        await self._thread.call(again)

    def _subscribe(self) -> None:
        if not self._topics:
            self._kafka.unsubscribe()
            return
        self._kafka.subscribe(
            self._topics,
            on_assign=self._on_assign,
            on_revoke=self._on_revoke,
            on_lost=self._on_lost,
        )

    def _join_anew(self, _: kafka.Consumer) -> None:
        """As another member, for all that Kafka knows."""
        with self._no_exception():
            if self._ours:
                self._tell(self._assignments.lost, list(self._ours))
            self._ours.clear()
            self._read.clear()
            self._subscribe()

    def _ask_committed(self, some: list[kafka.TopicPartition]) -> list[kafka.TopicPartition]:
        return self._kafka.committed(some, timeout=COMMITTED_SECONDS)

    def _to_commit(self, offsets: Offsets) -> list[kafka.TopicPartition]:
        metadata = self._assignments.metadata
        return [
            kafka.TopicPartition(*partition, offset, metadata=metadata(partition.topic))
            for partition, offset in offsets.items()
        ]

    # The callbacks below run in the consumer's thread, inside `consume` or `close`.

    def _on_assign(self, _: kafka.Consumer, parts: list[kafka.TopicPartition]) -> None:
        with self._no_exception():
            self._assign(list(map(partition_of, parts)))

    def _assign(self, partitions: Collection[TopicPartition]) -> None:
        self._thread.generation += 1
        self._ours.update(dict.fromkeys(partitions, self._thread.generation))
        self._thread.assign_more({})  # else librdkafka would read them from where it finds
        if not self._leaving:  # else they go at once
            self._tell(self._assignments.assigned, list(partitions), self._thread.generation)

    def _unassign(self, partitions: Collection[TopicPartition]) -> None:
        for partition in partitions:
            self._ours.pop(partition, None)
        read = self._read.intersection(partitions)
        self._read -= read
        self._thread.unassign(read)

    def _on_revoke(self, _: kafka.Consumer, parts: list[kafka.TopicPartition]) -> None:
        with self._no_exception():
            partitions = list(map(partition_of, parts))
            try:
                self._hand_over(partitions)
            finally:
                self._unassign(partitions)

    def _hand_over(self, partitions: list[TopicPartition]) -> None:
        until = time.monotonic() + (seconds := self._assignments.hand_over_seconds)
        handed_over = asyncio.run_coroutine_threadsafe(
            self._assignments.revoked(partitions, until), self._loop
        )
        try:
            offsets = handed_over.result(seconds + ANSWER_SECONDS)
            if offsets:
                # Not waited for: the broker has it before it hears that we have let go, and while
                # a member that has died is missed no answer comes for its session's 6 seconds.
                self._kafka.commit(offsets=self._to_commit(offsets), asynchronous=True)
        except (TimeoutError, KafkaException) as error:
            # Not committed means delivered again, never lost. A hand-over that comes too late
            # must not take away what is assigned next.
            handed_over.cancel()
            self._tell(self._assignments.lost, partitions)
            logger.warning("Partitions go uncommitted: %r", error, extra={"action": "revoke"})

    def _on_lost(self, _: kafka.Consumer, parts: list[kafka.TopicPartition]) -> None:
        with self._no_exception():
            partitions = list(map(partition_of, parts))
            self._tell(self._assignments.lost, partitions)
            self._unassign(partitions)

    def _tell(self, told: Any, *what: Any) -> None:
        self._loop.call_soon_threadsafe(told, *what)

    @contextmanager
    def _no_exception(self) -> Iterator[None]:
        """An exception ends the worker with the next batch: a restart loses nothing."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised again
            self._thread.fail(error)


def _log_commit(error: KafkaError | None, _: Sequence[kafka.TopicPartition]) -> None:
    if error is not None:
        say_refusal(error, "commit_failed")
