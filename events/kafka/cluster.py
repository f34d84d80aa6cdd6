"""What Kafka says of topics without reading them: their partitions, and offsets in those."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import NamedTuple

import confluent_kafka as kafka
from confluent_kafka import IsolationLevel, KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, OffsetSpec, TopicDescription

from events.kafka.answers import REQUEST_SECONDS, StampedOffset, offsets_of, outcomes, seconds_for
from events.kafka.client import any_broker_answers, client_conf
from events.kafka.lasting_client import LastingClient, heal_unpolled
from events.kafka.records import YEAR_2000_MS, Offsets, TopicPartition
from events.kafka.topic_descriptions import describe, may_be_read, retention_ms

PROBE_SECONDS = 2.0
IDS_SECONDS = 1.0
"""So long the controller may take to tell the ids of topics; then others are asked."""
IDS_AGAIN_SECONDS = 30.0

# What it believes about leaders: nobody tells an admin client that one has moved.
_SOON_DOUBTED = {"metadata.max.age.ms": 15_000}

Logs = dict[str, dict[TopicPartition, str]]
"""Topic → its partitions, each with the id of the log that it is a part of."""


class Bounds(NamedTuple):
    """Where the records of a partition begin and end."""

    low: int
    """The oldest record."""
    high: int
    """Where the next record goes."""


class Span(NamedTuple):
    """A part of a partition: offsets from `begin` to just before `end`."""

    partition: TopicPartition
    topic_id: str
    """Of the log that these are offsets of."""
    begin: int
    end: int


class Cluster:
    """On a client of its own, so that no reading waits for an answer. Nothing is ever created.

    Every question but `answers` may raise KafkaException. Partitions without a leader are left out.
    """

    def __init__(self, settings: Mapping[str, str]) -> None:
        conf = _SOON_DOUBTED | client_conf(settings)
        self._kafka = LastingClient(lambda: AdminClient(conf))
        self._ids_again_at = 0.0

    @property
    def _admin(self) -> AdminClient:
        return self._kafka.client

    async def answers(self) -> bool:
        """Whether any broker does, within `PROBE_SECONDS`."""
        found = await any_broker_answers(self._admin, PROBE_SECONDS)
        if not found:
            await asyncio.to_thread(heal_unpolled, self._kafka)
        return found

    async def partitions(self, topics: Collection[str]) -> Logs:
        """Topics that are not there are left out. Ids are empty while no controller tells them."""
        if not topics:
            return {}
        if time.monotonic() >= self._ids_again_at:
            try:
                async with asyncio.timeout(IDS_SECONDS):
                    return await self._described(topics)
            except (TimeoutError, KafkaException):
                self._ids_again_at = time.monotonic() + IDS_AGAIN_SECONDS
        return await self._listed(topics)

    async def ids(self, topics: Collection[str]) -> dict[str, str]:
        """Which log each topic's name stands for. Topics that are not there are left out."""
        logs = await self._described(topics) if topics else {}
        return {topic: next(iter(parts.values())) for topic, parts in logs.items() if parts}

    async def unreadable(self, topics: Collection[str]) -> frozenset[str]:
        """The topics among these that Kafka does not let us read; one that it does not let us see
        may not be there at all."""
        found = await self._describe(topics, rights=True) if topics else {}
        return frozenset(topic for topic, about in found.items() if not may_be_read(about))

    async def _describe(
        self, topics: Collection[str], *, rights: bool = False
    ) -> dict[str, TopicDescription | KafkaError]:
        async with self._healed():
            return await describe(self._admin, topics, rights=rights)

    @asynccontextmanager
    async def _healed(self) -> AsyncIterator[None]:
        """Where there is no answer the client may have lost its brokers for good."""
        try:
            yield
        except KafkaException:
            await asyncio.to_thread(heal_unpolled, self._kafka)
            raise

    async def _described(self, topics: Collection[str]) -> Logs:
        found: Logs = {}
        for topic, about in (await self._describe(topics)).items():
            if isinstance(about, TopicDescription):
                log = str(about.topic_id)
                found[topic] = {TopicPartition(topic, part.id): log for part in about.partitions}
        return found

    async def _listed(self, topics: Collection[str]) -> Logs:
        """From what every broker knows: between two controllers the logs are there all the same."""
        async with self._healed():
            found = await asyncio.to_thread(self._admin.list_topics, timeout=PROBE_SECONDS)
        return {
            topic: {TopicPartition(topic, number): "" for number in found.topics[topic].partitions}
            for topic in topics
            if topic in found.topics and found.topics[topic].error is None
        }

    async def ends(self, partitions: Iterable[TopicPartition]) -> Offsets:
        """Where reading ends: at the high watermark, or at the first record of a transaction that
        is still open, behind which no consumer of ours is given anything."""
        present = await self._present(partitions)
        return _offsets_of(await self._offsets(present, _LATEST, IsolationLevel.READ_COMMITTED))

    async def bounds(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, Bounds]:
        """Where partitions begin and end; without those that do not answer. Raises KafkaException
        when none does."""
        present = await self._present(partitions)
        lows, highs = await asyncio.gather(
            self._offsets(present, _EARLIEST, some=True),
            self._offsets(present, _LATEST, some=True),
        )
        both = lows.keys() & highs.keys()
        return {p: Bounds(lows[p].offset, highs[p].offset) for p in both}

    async def lows(self, partitions: Iterable[TopicPartition]) -> Offsets:
        """The oldest record of each that is still there."""
        return _offsets_of(await self._offsets(await self._present(partitions), _EARLIEST))

    async def at(
        self, partitions: Iterable[TopicPartition], epoch_ms: int
    ) -> dict[TopicPartition, StampedOffset | None]:
        """The first record of each that is stamped at this time or later; None: there is none."""
        return await self._at(await self._present(partitions), epoch_ms)

    async def spans(
        self, topics: Collection[str], since_ms: int | None = None, *, whole: bool = False
    ) -> list[Span]:
        """Each partition of these topics, from the first record stamped at `since_ms` or later to
        its high watermark; from there on for None, or where nothing is stamped so.

        `whole`: a partition without a leader raises KafkaException too.
        """
        logs = await self.partitions(topics)
        ids = {partition: log for parts in logs.values() for partition, log in parts.items()}
        # The ends first: what comes between the two questions is behind them, not left out.
        ends = _offsets_of(await self._offsets(ids, _LATEST))
        if whole and len(ends) < len(ids):
            raise KafkaException(KafkaError(KafkaError.LEADER_NOT_AVAILABLE))
        found = {} if since_ms is None else await self._at(ends, since_ms)
        return [
            Span(
                partition,
                ids[partition],
                min(at.offset, end) if (at := found.get(partition)) else end,
                end,
            )
            for partition, end in ends.items()
        ]

    async def retention_ms(self, topics: Collection[str]) -> dict[str, int | None]:
        """How long each keeps its records by their age; None: that nobody can say."""
        return await retention_ms(self._admin, topics) if topics else {}

    async def members(self, group: str) -> int:
        """How many consumers are in a group right now."""
        answers = self._admin.describe_consumer_groups([group], request_timeout=REQUEST_SECONDS)
        about = await asyncio.wrap_future(answers[group])
        return len(about.members)

    async def oldest_ms(self, topics: Collection[str]) -> int | None:
        """The time of the oldest record that has a credible one; None: there is no such record."""
        logs = await self.partitions(topics)
        found = await self._at([p for parts in logs.values() for p in parts], YEAR_2000_MS)
        return min((at.timestamp_ms for at in found.values() if at is not None), default=None)

    async def close(self) -> None:
        """Ends the client, which takes a moment: in a thread that ends with it."""
        held = [self._kafka]
        del self._kafka
        thread = ThreadPoolExecutor(1)
        await asyncio.get_running_loop().run_in_executor(thread, held.clear)
        thread.shutdown(wait=False)

    async def _present(self, partitions: Iterable[TopicPartition]) -> set[TopicPartition]:
        """The partitions among these that are there. For a topic that is gone, and for a client's
        first question, list_offsets looks for leaders until its time has passed: so it is asked
        for these alone."""
        wanted = set(partitions)
        there = await self.partitions({partition.topic for partition in wanted})
        return wanted & {partition for parts in there.values() for partition in parts}

    async def _at(
        self, present: Collection[TopicPartition], epoch_ms: int
    ) -> dict[TopicPartition, StampedOffset | None]:
        wanted: OffsetSpec = OffsetSpec.for_timestamp(max(epoch_ms, 0))
        found = await self._offsets(present, wanted)
        return {partition: at if at.offset >= 0 else None for partition, at in found.items()}

    async def _offsets(
        self,
        present: Collection[TopicPartition],
        which: OffsetSpec,
        isolation: IsolationLevel = IsolationLevel.READ_UNCOMMITTED,
        *,
        some: bool = False,
    ) -> dict[TopicPartition, StampedOffset]:
        """`some`: what one partition answers is worth having, whatever becomes of the others."""
        if not present:
            return {}
        answers = self._admin.list_offsets(
            {kafka.TopicPartition(*partition): which for partition in present},
            isolation_level=isolation,
            request_timeout=seconds_for(len(present)),
        )
        found, fault = offsets_of(await outcomes(answers))
        if fault is not None and not (some and found):
            raise fault
        return found


_LATEST: OffsetSpec = OffsetSpec.latest()  # type: ignore[no-untyped-call]
_EARLIEST: OffsetSpec = OffsetSpec.earliest()  # type: ignore[no-untyped-call]


def _offsets_of(found: Mapping[TopicPartition, StampedOffset]) -> Offsets:
    return {partition: at.offset for partition, at in found.items()}
