"""Asks Kafka which partitions topics have, and where these begin and end."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

import confluent_kafka as kafka
from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient, OffsetSpec

from events.kafka import client_conf
from events.records import TopicPartition

REQUEST_SECONDS = 3.0

# A partition that was made a moment ago, or whose broker is down.
_NO_LEADER = frozenset(
    {
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
    }
)


class Survey:
    """On a client of its own, so that no reading waits for an answer. Nothing is ever created."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._admin = AdminClient(client_conf(settings))

    async def partitions(self, topics: Collection[str]) -> dict[str, dict[TopicPartition, str]]:
        """Topic → its partitions, each with the topic's id; topics that are not there are left
        out. Raises KafkaException."""
        if not topics:
            return {}
        asked = self._admin.describe_topics(
            TopicCollection(sorted(topics)), request_timeout=REQUEST_SECONDS
        )
        found = {}
        for topic, answer in asked.items():
            try:
                about = await asyncio.wrap_future(answer)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise
            else:
                log = str(about.topic_id)
                found[topic] = {TopicPartition(topic, part.id): log for part in about.partitions}
        return found

    async def ends(self, sources: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Where the next record of each goes, of those with a leader. Raises KafkaException."""
        return await self._offsets(sources, OffsetSpec.latest())  # type: ignore[no-untyped-call]

    async def lows(self, sources: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """The oldest record of each that is still there; as `ends`."""
        return await self._offsets(sources, OffsetSpec.earliest())  # type: ignore[no-untyped-call]

    async def close(self) -> None:
        """Ends the client, which takes a moment: in a thread that ends with it."""
        held = [self._admin]
        del self._admin
        thread = ThreadPoolExecutor(1)
        await asyncio.get_running_loop().run_in_executor(thread, held.clear)
        thread.shutdown(wait=False)

    async def _offsets(
        self, sources: Iterable[TopicPartition], which: OffsetSpec
    ) -> dict[TopicPartition, int]:
        # For a topic that is gone, and for a client's first question, list_offsets looks for
        # leaders until its time has passed: so it is asked only for what has been seen.
        wanted = set(sources)
        there = await self.partitions({source.topic for source in wanted})
        present = wanted & {source for parts in there.values() for source in parts}
        if not present:
            return {}
        answers = self._admin.list_offsets(
            {kafka.TopicPartition(*source): which for source in present},
            request_timeout=REQUEST_SECONDS,
        )
        found = {}
        for part, answer in answers.items():
            try:
                offset = (await asyncio.wrap_future(answer)).offset
            except KafkaException as error:
                if error.args[0].code() not in _NO_LEADER:
                    raise
            else:
                found[TopicPartition(part.topic, part.partition)] = offset
        return found
