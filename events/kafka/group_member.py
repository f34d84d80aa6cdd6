"""A member of the worker's consumer group: partitions come and go, offsets are committed."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol, TypeVar

import confluent_kafka as kafka
from confluent_kafka import KafkaError, KafkaException

from events.kafka.consumer import REQUEST_SECONDS, Consumer, offsets_of
from events.kafka.records import TopicPartition
from events.kafka.topic_ids import TopicIds

logger = logging.getLogger(__name__)

HAND_OVER_SECONDS = 2.8
"""How long partitions that go may wait for what is under way: then what is settled is committed."""
ANSWER_SECONDS = 0.2
"""For the answer, after that: the event loop may be late."""
RETRY_SECONDS = 0.5
BOUNDS_SECONDS = 2.0
"""How long a partition may take to say where it begins: nothing is consumed meanwhile."""
MORE_BOUNDS_SECONDS = 0.5
"""The same, where another has not answered."""

_UNKNOWN = {
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._UNKNOWN_TOPIC,
    KafkaError._UNKNOWN_PARTITION,
}

_Answer = TypeVar("_Answer")


class Assigned(NamedTuple):
    """What Kafka knows of a partition when it is assigned."""

    committed: int | None
    """By the group, in the log that is there now."""
    low: int
    """The oldest record."""
    high: int
    """Where the next record goes."""


class Assignments(Protocol):
    """Who is told, in the event loop, which partitions come and go."""

    def assigned(self, found: Mapping[TopicPartition, Assigned], generation: int) -> None:
        """These are read from where `begin` is called for them."""

    def unanswered(self, partitions: Iterable[TopicPartition]) -> None:
        """Assigned, and Kafka says nothing of them: `assign_again` once they have a leader."""

    def revoked(
        self, partitions: Iterable[TopicPartition], until: float
    ) -> Coroutine[Any, Any, Mapping[TopicPartition, int]]:
        """These go, at this time (monotonic seconds): what is to be committed before."""

    def lost(self, partitions: Iterable[TopicPartition]) -> None:
        """These are already somebody else's: neither commit nor store."""


class GroupConsumer(Consumer):
    """A member of the worker's consumer group."""

    def __init__(
        self,
        conf: Mapping[str, Any],
        topic_ids: TopicIds,
    ) -> None:
        super().__init__({**conf, "on_commit": _log_commit}, "kafka-live")
        self._assignments: Assignments
        self._topic_ids = topic_ids
        self._loop = asyncio.get_running_loop()
        self._assigned_times = 0

    def _generation(self) -> int:
        return self._assigned_times

    def give_up_waiting(self) -> None:
        """The end is near: what Kafka does not answer is no longer asked again."""
        self._closing.set()

    async def subscribe(self, topics: Iterable[str], assignments: Assignments) -> None:
        """Consume exactly these topics; one that does not exist yet is joined when it appears."""
        self._assignments = assignments
        wanted = sorted(topics)
        if not wanted:
            await self.call(self._kafka.unsubscribe)
            return
        await self.call(
            lambda: self._kafka.subscribe(
                wanted, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
            )
        )

    async def ends(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Where each ends, as of the last fetch: asks nobody."""
        asked = list(partitions)

        def look() -> dict[TopicPartition, int]:
            found = {}
            for partition in asked:
                part = kafka.TopicPartition(*partition)
                _, high = self._kafka.get_watermark_offsets(part, cached=True)
                if high >= 0:
                    found[partition] = high
            return found

        return await self.call(look)

    async def begin(self, starts: Mapping[TopicPartition, int]) -> None:
        """Read partitions that were assigned, those that still are, from these offsets on."""

        def begin() -> None:
            here = starts.keys() & {_partition(part) for part in self._kafka.assignment()}
            parts = offsets_of({partition: starts[partition] for partition in here})
            self._paused -= here
            self._kafka.incremental_unassign(parts)
            self._kafka.incremental_assign(parts)
            self._kafka.resume(parts)

        await self.call(begin)

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Send these offsets; what the broker refuses is said in the log."""
        if offsets:
            parts = self._to_commit(offsets)
            await self.call(lambda: self._kafka.commit(offsets=parts, asynchronous=True))

    async def assign_again(self, partitions: Iterable[TopicPartition]) -> None:
        """As if they had been assigned just now, those that still are."""
        wanted = set(partitions)

        def again() -> None:
            parts = [part for part in self._kafka.assignment() if _partition(part) in wanted]
            if parts:
                self._kafka.incremental_unassign(parts)
                self._assign(parts)

        await self.call(again)

    def _to_commit(self, offsets: Mapping[TopicPartition, int]) -> list[kafka.TopicPartition]:
        """With the id of the log that they are offsets of."""
        ids = self._topic_ids
        return [
            kafka.TopicPartition(*partition, offset, metadata=ids.of(partition.topic))
            for partition, offset in offsets.items()
        ]

    # The callbacks below run in the consumer's thread, inside `consume` or `close`.

    def _on_assign(self, _: kafka.Consumer, parts: list[kafka.TopicPartition]) -> None:
        with self._no_exception():
            if self._closing.is_set():
                self._assign_unread(parts)
            else:
                self._assign(parts)

    def _assign_unread(self, parts: list[kafka.TopicPartition]) -> None:
        """They go at once: nobody is asked where they begin. Offsets they have all the same, or
        librdkafka asks, and may abort the process when they go before it has an answer."""
        assigned = offsets_of(dict.fromkeys(_partitions(parts), 0))
        self._kafka.incremental_assign(assigned)
        self._kafka.pause(assigned)

    def _assign(self, parts: list[kafka.TopicPartition]) -> None:
        self._assigned_times += 1
        self._out_of_range.difference_update(_partitions(parts))
        found = self._insist(lambda: self._found_of(parts))
        unanswered = [partition for partition in _partitions(parts) if partition not in found]
        lows = {partition: at.low for partition, at in found.items()}
        assigned = offsets_of(lows | dict.fromkeys(unanswered, kafka.OFFSET_END))
        self._kafka.incremental_assign(assigned)
        self._kafka.pause(assigned)
        self._paused.update(_partitions(parts))
        self._loop.call_soon_threadsafe(self._assignments.assigned, found, self._assigned_times)
        if unanswered:
            logger.warning("No leader: %s", unanswered, extra={"action": "leaderless"})
            self._loop.call_soon_threadsafe(self._assignments.unanswered, unanswered)

    def _on_revoke(self, _: kafka.Consumer, parts: list[kafka.TopicPartition]) -> None:
        with self._no_exception():
            self._revoke(parts)

    def _revoke(self, parts: list[kafka.TopicPartition]) -> None:
        self._out_of_range.difference_update(_partitions(parts))
        until = time.monotonic() + HAND_OVER_SECONDS
        handed_over = asyncio.run_coroutine_threadsafe(
            self._assignments.revoked(_partitions(parts), until), self._loop
        )
        try:
            offsets = handed_over.result(HAND_OVER_SECONDS + ANSWER_SECONDS)
            if offsets:
                # Not waited for: the broker has it before it hears that we have let go, and while
                # a member that has died is missed no answer comes for its session's 6 seconds.
                self._kafka.commit(offsets=self._to_commit(offsets), asynchronous=True)
        except (TimeoutError, KafkaException) as error:
            # Not committed means delivered again, never lost. A hand-over that comes too late
            # must not take away what is assigned next.
            handed_over.cancel()
            self._loop.call_soon_threadsafe(self._assignments.lost, _partitions(parts))
            logger.warning("Partitions go uncommitted: %r", error, extra={"action": "revoke"})
        finally:
            self._kafka.incremental_unassign(parts)

    def _on_lost(self, _: kafka.Consumer, parts: list[kafka.TopicPartition]) -> None:
        with self._no_exception():
            self._out_of_range.difference_update(_partitions(parts))
            self._loop.call_soon_threadsafe(self._assignments.lost, _partitions(parts))
            self._kafka.incremental_unassign(parts)

    @contextmanager
    def _no_exception(self) -> Iterator[None]:
        """One that left a callback would take the records with it that were just fetched.

        It is raised by the next `_take` instead, and ends the worker: a restart loses nothing.
        """
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised again
            self._broken = self._broken or error

    def _insist(self, ask: Callable[[], _Answer]) -> _Answer:
        """Ask until Kafka answers: there is nothing to read before."""
        while True:
            try:
                return ask()
            except KafkaException as error:
                if self._closing.wait(RETRY_SECONDS):
                    raise
                logger.warning("Kafka: %s", error, extra={"action": "assign_delayed"})

    def _found_of(self, parts: list[kafka.TopicPartition]) -> dict[TopicPartition, Assigned]:
        """Of those that answer. Raises KafkaException when none does."""
        committed = self._committed(parts)
        return {
            partition: Assigned(committed[partition], *bounds)
            for partition, bounds in self._all_bounds(committed).items()
        }

    def _committed(self, parts: list[kafka.TopicPartition]) -> dict[TopicPartition, int | None]:
        """None where there is none, or one of a log that is no more."""
        answers = self._kafka.committed(parts, timeout=REQUEST_SECONDS)
        self._learn_ids(answers)
        found: dict[TopicPartition, int | None] = {}
        for part in answers:
            if _has_failed(part):
                raise KafkaException(part.error)
            here = not part.metadata or part.metadata == self._topic_ids.of(part.topic)
            found[_partition(part)] = part.offset if here and part.offset >= 0 else None
        return found

    def _learn_ids(self, committed: Sequence[kafka.TopicPartition]) -> None:
        """A cluster between two controllers has its logs, and cannot say their ids."""
        try:
            self._topic_ids.learn({part.topic for part in committed})
        except KafkaException as error:
            logger.warning("Kafka: %s", error, extra={"action": "topic_ids_failed"})
            for part in committed:
                self._topic_ids.believe(part.topic, part.metadata or "")

    def _all_bounds(
        self, partitions: Iterable[TopicPartition]
    ) -> dict[TopicPartition, tuple[int, int]]:
        bounds, failure = {}, None
        for partition in partitions:
            seconds = BOUNDS_SECONDS if failure is None else MORE_BOUNDS_SECONDS
            try:
                bounds[partition] = self._bounds_of(partition, seconds)
            except KafkaException as error:
                failure = error
        if failure is not None and not bounds:
            raise failure
        return bounds

    def _bounds_of(self, partition: TopicPartition, seconds: float) -> tuple[int, int]:
        part = kafka.TopicPartition(*partition)
        try:
            bounds: tuple[int, int] = self._kafka.get_watermark_offsets(part, seconds)
        except KafkaException as error:
            if error.args[0].code() in _UNKNOWN:  # deleted since it was assigned
                return 0, 0
            raise
        return bounds


def _has_failed(part: kafka.TopicPartition) -> bool:
    return part.error is not None and part.error.code() not in _UNKNOWN


def _partitions(parts: Iterable[kafka.TopicPartition]) -> list[TopicPartition]:
    return list(map(_partition, parts))


def _partition(part: kafka.TopicPartition) -> TopicPartition:
    return TopicPartition(part.topic, part.partition)


def _log_commit(error: KafkaError | None, _: Sequence[kafka.TopicPartition]) -> None:
    if error is not None:
        logger.warning("Commit refused: %s", error.str(), extra={"action": "commit_failed"})
