"""Where drains begin, and the live pass: where cursors and the group's offsets say.

A drain comes with cursors at the ends of its partitions, and is met like any drain that is behind.
What has no cursor begins where the group stands, and where nobody has read yet at the beginning.
Clocks have a say in two cases: a drain that was made while Kafka was away, and one that was made
before there were such cursors, in a partition that nobody has read yet.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import NamedTuple

from confluent_kafka import KafkaException

from drains.routes import Route, RouteChanges
from events.kafka.cluster import Cluster
from events.kafka.records import Offsets, TopicPartition
from events.kafka.refusals import say_refusal
from events.kafka.topic_ids import TopicIds
from events.topics import topics_of
from shuttle.commit.store import Cursors, TakenOver
from shuttle.commit.store_thread import StoreThread
from shuttle.feed.stored_rows import StoredCursor
from shuttle.worker.background import BackgroundTasks
from shuttle.worker.feeds import Feeds
from shuttle.worker.ownership import Ownership

logger = logging.getLogger(__name__)

YOUNG_SECONDS = 60.0
"""A drain may have been made before a partition was there, and be met so much later than that."""
RETRY_SECONDS = 1.0
ASKED_AT_ONCE = 20
BEGINNING = 0
"""Not the low watermark: what has left Kafka before anybody read it is lost, and counted."""


class PartitionState(NamedTuple):
    """What Kafka knows of a partition when it is taken over."""

    committed: int | None
    """By the group, in the log that is there now."""
    low: int
    """The oldest record."""
    high: int
    """Where the next record goes."""


class Starts:
    """Owns which partitions nobody had read before, and which drains still wait for their start."""

    def __init__(
        self,
        cluster: Cluster,
        ownership: Ownership,
        store: StoreThread,
        feeds: Feeds,
        topic_ids: TopicIds,
        tasks: BackgroundTasks,
        another_log: asyncio.Event,
        clock: Callable[[], float],
    ) -> None:
        """`another_log` is set when a cursor is one of another log than the one that is read.
        `clock`: monotonic seconds."""
        self._cluster = cluster
        self._ownership = ownership
        self._store = store
        self._feeds = feeds
        self._topic_ids = topic_ids
        self._tasks = tasks
        self._clock = clock
        self._another_log = another_log
        self._young: dict[str, dict[TopicPartition, float]] = {}
        """By topic: partitions that nobody had read before, and when they were assigned."""
        self._pending: dict[str, Route] = {}

    async def states(
        self, still_ours: Callable[[], Collection[TopicPartition]]
    ) -> dict[TopicPartition, PartitionState]:
        """What Kafka knows of partitions, as soon as it answers; without those that have no leader.

        `still_ours`: those of them that have not gone meanwhile. Raises ForeignGroupError.
        """
        while wanted := still_ours():
            try:
                committed = await self._committed(wanted)
                bounds = await self._cluster.bounds(wanted)
                return {p: PartitionState(committed.get(p), *at) for p, at in bounds.items()}
            except KafkaException as error:
                say_refusal(error, "assign_delayed")
                await asyncio.sleep(RETRY_SECONDS)
        return {}

    async def _committed(self, partitions: Collection[TopicPartition]) -> Offsets:
        """By the group; what it committed of logs that are no more does not count."""
        try:
            await self._topic_ids.learn({partition.topic for partition in partitions})
        except KafkaException as error:  # between two controllers nobody can say the ids of logs
            say_refusal(error, "topic_ids_failed")
        found = await self._ownership.committed(partitions)
        for partition, at in found.items():
            self._topic_ids.believe(partition.topic, at.topic_id)
        ids = self._topic_ids
        return {
            partition: at.offset
            for partition, at in found.items()
            if not at.topic_id or at.topic_id == ids.of(partition.topic)
        }

    async def of_drains(self, routes: Iterable[Route], here: Collection[TopicPartition]) -> Cursors:
        """Where drains go on in these partitions that are new, or whose cursors others wrote."""
        unmet = {route.drain_id: route for route in routes}
        stored: Cursors = {}
        if unmet and here:
            stored = await self._store.read(lambda store: store.cursors_of(unmet.keys()))
        found: Cursors = {}
        for drain_id, route in unmet.items():
            rows = self._late(route, here)
            for partition, row in stored.get(drain_id, {}).items():
                if partition in here and self._is_of_this_log(partition, row.topic_id):
                    late = rows.get(partition)
                    rows[partition] = late if late and row.done_to is None else row
            if rows:
                found[drain_id] = rows
        return found

    async def of_partitions(
        self, found: Mapping[TopicPartition, PartitionState], taken: TakenOver
    ) -> Offsets:
        """The first offset of each partition that anybody lacks, as far as is known."""
        rows = self._begun(taken.cursors)
        oldest = self._clock() - YOUNG_SECONDS
        self._young = {t: of for t, of in self._young.items() if max(of.values()) > oldest}
        starts = {}
        for partition, at in found.items():
            begun = rows.get(partition, {})
            # Both are safe; Kafka may have forgotten its own, ours may be some seconds old.
            known = max(_or(at.committed, -1), taken.offsets.get(partition, -1))
            if known < 0:
                self._young.setdefault(partition.topic, {})[partition] = self._clock()
            lacking = self._lacking(partition.topic, begun)
            if (first := next(lacking, None)) is None:
                starts[partition] = max(known, min(begun.values(), default=at.high))
            elif known < 0:
                starts[partition] = await self._unread(partition, at, chain([first], lacking))
            else:
                starts[partition] = known
        return starts

    def write(self, changes: RouteChanges) -> None:
        """See to the cursors of drains that were made while Kafka was away."""
        idle = not self._pending
        for drain_id in self._pending.keys() - self._feeds.routes.by_id.keys():
            del self._pending[drain_id]
        for route in changes.routes:
            if route.start_pending:
                self._pending[route.drain_id] = route
            else:
                self._pending.pop(route.drain_id, None)
        if self._pending and idle:
            self._tasks.spawn("starts of drains", self._write_all())

    async def _write_all(self) -> None:
        """All workers do: who is first with a drain has done it for all."""
        while self._pending:
            some = islice(self._pending.values(), ASKED_AT_ONCE)
            faults = await asyncio.gather(*map(self._write, some))
            if fault := next(filter(None, faults), None):
                say_refusal(fault, "start_delayed")
                await asyncio.sleep(RETRY_SECONDS)

    async def _write(self, route: Route) -> KafkaException | None:
        try:
            begin = await self._cluster.spans(topics_of(route.key), route.since_ms)
        except KafkaException as error:
            return error
        await self._store.insist(lambda store: store.write_start(route.drain_id, begin))
        self._pending.pop(route.drain_id, None)
        return None

    def _begun(self, cursors: Cursors) -> dict[TopicPartition, dict[str, int]]:
        """Where drains go on that may have lines there, by partition and drain."""
        begun: dict[TopicPartition, dict[str, int]] = {}
        for drain_id, rows in cursors.items():
            route = self._feeds.routes.by_id.get(drain_id)
            if route is None or route.start_pending:
                continue
            topics = topics_of(route.key)
            for partition, row in rows.items():
                if partition.topic in topics and row.done_to is not None:
                    begun.setdefault(partition, {})[drain_id] = row.first
        return begun

    def _lacking(self, topic: str, begun: Collection[str]) -> Iterator[Route]:
        """Of drains that may have lines in a topic, and are not among these."""
        return (
            route
            for route in self._feeds.routes.wanting(topic)
            if not route.start_pending and route.drain_id not in begun
        )

    async def _unread(
        self, partition: TopicPartition, at: PartitionState, routes: Iterable[Route]
    ) -> int:
        """Where these drains begin, which have no cursor in a partition that nobody has read."""
        since: list[int] = []
        for route in routes:
            if route.since_ms is None:
                return BEGINNING
            since.append(route.since_ms)
        while True:
            try:
                found = await self._cluster.at([partition], min(since))
                if partition in found or not await self._cluster.partitions([partition.topic]):
                    first = found.get(partition)
                    return at.high if first is None else first.offset
            except KafkaException as error:
                say_refusal(error, "start_delayed")
            await asyncio.sleep(RETRY_SECONDS)  # or it has no leader at the moment

    def _late(
        self, route: Route, here: Collection[TopicPartition]
    ) -> dict[TopicPartition, StoredCursor]:
        """Partitions that were not there when a new drain was made, and have been read since."""
        oldest = self._clock() - YOUNG_SECONDS
        known = self._feeds.routes.by_id.get(route.drain_id)
        begun = known is not None and not known.start_pending
        if begun or route.start_pending or route.since_ms is not None:
            return {}
        return {
            partition: StoredCursor(BEGINNING, "")
            for topic in topics_of(route.key) & self._young.keys()
            for partition, at in self._young[topic].items()
            if at > oldest and partition in here
        }

    def _is_of_this_log(self, partition: TopicPartition, topic_id: str) -> bool:
        known = self._topic_ids.of(partition.topic)
        if topic_id and known and topic_id != known:
            self._another_log.set()
            return False
        return True


def _or(offset: int | None, otherwise: int) -> int:
    return otherwise if offset is None else offset
