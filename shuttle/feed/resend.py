"""A request that failed, to be cut exactly so once more: receivers drop doubles by its id."""

from __future__ import annotations

from collections.abc import Mapping

from events.kafka.records import TopicPartition
from shuttle.feed.writes import Write


class Resend:
    """Until it has been handed over again, a replay goes to its ends and no further."""

    def __init__(self, failed: Write) -> None:
        self._ends = dict(failed.ends)
        self.name = failed.name

    def limit_of(self, partition: TopicPartition) -> int:
        """The offset before which lines of a partition belong to it; 0: none of them do."""
        return self._ends.get(partition, 0)

    def is_complete(self, gaps: Mapping[TopicPartition, int]) -> bool:
        """Whether all its lines have been handed over, going by what is still missing."""
        return all(gaps.get(partition, end) >= end for partition, end in self._ends.items())

    def forget(self, partition: TopicPartition) -> None:
        self._ends.pop(partition, None)
