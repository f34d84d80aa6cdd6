"""Where in each partition a drain begins that was added while we were consuming."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Container, Iterable, Mapping

import confluent_kafka as kafka
from confluent_kafka.admin import AdminClient, OffsetSpec

from events.kafka import client_conf
from events.records import TopicPartition

logger = logging.getLogger(__name__)

REQUEST_SECONDS = 5.0
RETRY_SECONDS = 1.0
PROBE_SECONDS = 2.0


class Beginnings:
    """Asks Kafka on a client of its own, so that no pass waits for the answer."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._admin = AdminClient(client_conf(settings))

    async def offsets_at(
        self,
        sources: Iterable[TopicPartition],
        epoch_ms: int,
        ours: Container[TopicPartition],
    ) -> dict[TopicPartition, int]:
        """The first record of each partition that is this young; none: it is left out.

        Asks until Kafka has answered for each that is still among `ours`.
        """
        found: dict[TopicPartition, int] = {}
        wanted = set(sources)
        while wanted := {source for source in wanted if source in ours}:
            answers = await self._ask(wanted, epoch_ms)
            found.update({source: at for source, at in answers.items() if at >= 0})
            wanted -= answers.keys()
            if wanted:
                await asyncio.sleep(RETRY_SECONDS)
        return found

    async def topics_there(self) -> frozenset[str] | None:
        """The cluster's topics; None when no broker answers within `PROBE_SECONDS`."""
        try:
            answer = await asyncio.to_thread(self._admin.list_topics, timeout=PROBE_SECONDS)
        except kafka.KafkaException:
            return None
        return frozenset(answer.topics)

    async def _ask(self, wanted: set[TopicPartition], epoch_ms: int) -> dict[TopicPartition, int]:
        """Offsets, -1 for none that young. A partition that gave no answer is left out."""
        at = OffsetSpec.for_timestamp(max(epoch_ms, 0))
        asked = {kafka.TopicPartition(*source): at for source in wanted}
        found = {}
        for part, answer in self._admin.list_offsets(
            asked, request_timeout=REQUEST_SECONDS
        ).items():
            try:
                offset = (await asyncio.wrap_future(answer)).offset
            except kafka.KafkaException as error:
                logger.warning("Kafka: %s", error, extra={"action": "list_offsets_failed"})
            else:
                found[TopicPartition(part.topic, part.partition)] = offset
        return found
