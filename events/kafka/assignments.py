"""What a member of the group tells of partitions, and asks of whoever works on them."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any, Protocol

from events.kafka.records import Offsets, TopicPartition


class Assignments(Protocol):
    """Who is told, in the event loop, which partitions come and go."""

    hand_over_seconds: float
    """How long partitions that go may wait for what is under way."""

    def assigned(self, partitions: Sequence[TopicPartition], generation: int) -> None:
        """Nothing of these is read before `begin` is called for them."""

    def revoked(
        self, partitions: Sequence[TopicPartition], until: float
    ) -> Coroutine[Any, Any, Offsets]:
        """Partitions go at this time (monotonic seconds). Returns what is to be committed."""

    def lost(self, partitions: Sequence[TopicPartition]) -> None:
        """Partitions are already somebody else's: neither commit nor store."""

    def metadata(self, topic: str) -> str:
        """Of a topic's offsets, committed with them: which log they are of, and whose."""
