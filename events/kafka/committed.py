"""What stands with an offset of the group: of which log it is one, and who committed it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import confluent_kafka as kafka
from confluent_kafka import KafkaError, KafkaException

from events.kafka.records import TopicPartition, partition_of

_UNKNOWN = {
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._UNKNOWN_TOPIC,
    KafkaError._UNKNOWN_PARTITION,
}


class Committed(NamedTuple):
    """What the group has committed for a partition."""

    offset: int
    topic_id: str
    """Of the log that this is an offset of; empty when that was unknown."""
    installation: str
    """Whose it is; empty: nobody's, as before offsets said so."""

    @property
    def metadata(self) -> str:
        return metadata_of(self.topic_id, self.installation)


def metadata_of(topic_id: str, installation: str) -> str:
    """What Kafka keeps beside an offset."""
    return f"{topic_id} {installation}".rstrip()


def committed_of(part: kafka.TopicPartition) -> Committed:
    topic_id, _, installation = (part.metadata or "").partition(" ")
    return Committed(part.offset, topic_id, installation)


def committed_among(
    answers: Iterable[kafka.TopicPartition],
) -> dict[TopicPartition, Committed]:
    """Kafka's answers, where there is anything. Raises KafkaException for one that is none."""
    found = {}
    for part in answers:
        if part.error is not None and part.error.code() not in _UNKNOWN:
            raise KafkaException(part.error)
        if part.error is None and part.offset >= 0:
            found[partition_of(part)] = committed_of(part)
    return found
