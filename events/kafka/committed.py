"""What stands with an offset of the group: of which log it is one, and who committed it."""

from __future__ import annotations

from typing import NamedTuple

import confluent_kafka as kafka


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
