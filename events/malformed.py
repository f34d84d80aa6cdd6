"""Records that are no log line: counted by reason and sampled, never raised."""

from __future__ import annotations

from collections import Counter, deque
from typing import NamedTuple

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

    def add(
        self, topic: str, partition: int, offset: int, reason: str, value: bytes | None
    ) -> None:
        self.counts[reason] += 1
        begins = (value or b"")[:SAMPLE_BYTES]
        self.samples.append(Sample(topic, partition, offset, reason, begins))
