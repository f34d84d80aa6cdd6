"""Where one drain's replay jumps over what is older than `max_lag_seconds`."""

from __future__ import annotations

from events.kafka.records import Offsets, TopicPartition

AGAIN_RECORDS = 10_000
"""So many go by between two look-ups in a partition: old and young may take turns."""


class LookUps:
    """Where one drain's replay is to ask Kafka for the first record that is young enough.

    That is behind a record that was too old: everything between it and the first young stamp
    is too old as well. Elsewhere a look-up could skip records that only have odd stamps.
    """

    def __init__(self) -> None:
        self.due: Offsets = {}
        self._not_before: Offsets = {}

    def too_old_before(self, partition: TopicPartition, offset: int) -> None:
        if offset >= self._not_before.get(partition, 0):
            self.due[partition] = offset

    def wanted(self, gaps: Offsets) -> Offsets:
        """Look-ups that these gaps have got to. A gap that stepped back has again before it
        what may be young."""
        return {
            partition: at for partition, at in self.due.items() if gaps.get(partition, -1) >= at
        }

    def answered(self, partition: TopicPartition, offset: int) -> None:
        """The replay goes on from here."""
        self.due.pop(partition, None)
        self._not_before[partition] = offset + AGAIN_RECORDS

    def forget(self, partition: TopicPartition) -> None:
        self.due.pop(partition, None)
        self._not_before.pop(partition, None)
