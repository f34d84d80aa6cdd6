"""How old records are, for `max_lag_seconds`: what is older is left out of a replay, and counted.

Stamps do not grow with offsets, and not each is one: a record whose own cannot be a time of now
(records.is_credible) is as old as the last one before it that has a credible one.
"""

from __future__ import annotations

import math

from events.kafka.records import (
    PartitionRecords,
    TopicPartition,
    is_credible,
    offset_of,
    timestamp_ms,
)


class Ages:
    """Tells how old what one replay pass reads is. Most is young, and costs no more than a look."""

    def __init__(self) -> None:
        self._last: dict[TopicPartition, tuple[int, int]] = {}
        """The last credible stamp of each partition, where the next record may inherit it, and up
        to which offset that counts: a partition may be read again from before that."""
        self._times: dict[int, float] | None = None

    def begin(self, records: PartitionRecords, young_ms: float, now_ms: float) -> None:
        """What is asked from now on is about these. As `of`."""
        self._times = self.of(records, young_ms, now_ms)

    def too_old(self, records: PartitionRecords, young_ms: float) -> list[bool]:
        """Which of these are; empty: none."""
        if self._times is None:
            return []
        times = [self._times[offset_of(message)] for message in records.messages]
        return [time < young_ms for time in times] if min(times) < young_ms else []

    def of(
        self, records: PartitionRecords, young_ms: float, now_ms: float
    ) -> dict[int, float] | None:
        """Offset → epoch ms, `inf` for what nobody knows; None where none is known to be older than
        `young_ms`. To be asked in the order of the records."""
        if records.earliest_ms >= young_ms and records.partition not in self._last:
            return None
        end, stamp = self._last.get(records.partition, (0, 0))
        last = stamp if 0 < end <= records.begin else None
        found: dict[int, float] = {}
        for message in records.messages:
            stamp = timestamp_ms(message)
            if is_credible(stamp, now_ms):
                last = stamp
            found[offset_of(message)] = math.inf if last is None else last
        if last is not None and last < young_ms:
            self._last[records.partition] = records.end, last
        else:
            self._last.pop(records.partition, None)
        return found if any(age < young_ms for age in found.values()) else None
