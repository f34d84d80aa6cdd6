"""Records that are no log line: counted by reason and sampled, never raised. Half lines too."""

from __future__ import annotations

from collections import Counter, deque
from typing import NamedTuple

from confluent_kafka import Message

from events.kafka.records import TopicPartition, offset_of

SAMPLES_KEPT = 50
SAMPLE_BYTES = 200


class MalformedError(ValueError):
    """A record's value cannot be read as a line. `reason` is a metric label: one of a few."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Sample(NamedTuple):
    topic: str
    partition: int
    offset: int
    reason: str
    begins: bytes
    """The first `SAMPLE_BYTES` of the value."""


class Malformed:
    """What one process has met: exact counts, and the latest samples for operators."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.samples: deque[Sample] = deque(maxlen=SAMPLES_KEPT)
        self.partial = 0
        """Half lines of containers, which are lines all the same."""

    def add(self, partition: TopicPartition, message: Message, reason: str) -> None:
        """A record is no log line."""
        self.counts[reason] += 1
        begins = (message.value() or b"")[:SAMPLE_BYTES]
        self.samples.append(Sample(*partition, offset_of(message), reason, begins))
