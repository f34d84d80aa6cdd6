"""How old records are, for `max_lag_seconds`: what is older is left out of a replay, and counted.

Stamps do not grow with offsets, and not each is one: a record whose own cannot be a time of now
(records.is_credible) is as old as the last one before it that has a credible one.
"""

from __future__ import annotations

import math

from events.records import Run, TopicPartition, is_credible, offset_of, timestamp_ms
from shuttle.place import Rows

AGAIN_RECORDS = 10_000
"""So many go by between two look-ups in a partition: old and young may take turns."""


class Ages:
    """Of what one replay pass reads. Most of it is young, and costs no more than a look."""

    def __init__(self) -> None:
        self._last_ms: dict[TopicPartition, int] = {}
        """The last credible stamp of each partition, where the next record may inherit it."""

    def of(self, run: Run, young_ms: float, now_ms: float) -> dict[int, float] | None:
        """Offset → epoch ms, `inf` for what nobody knows; None where none is known to be older than
        `young_ms`. To be asked run by run, in order."""
        if run.earliest_ms >= young_ms and run.source not in self._last_ms:
            return None
        last = self._last_ms.get(run.source)
        found: dict[int, float] = {}
        for message in run.messages:
            stamp = timestamp_ms(message)
            if is_credible(stamp, now_ms):
                last = stamp
            found[offset_of(message)] = math.inf if last is None else last
        if last is not None and last < young_ms:
            self._last_ms[run.source] = last
        else:
            self._last_ms.pop(run.source, None)
        return found if any(age < young_ms for age in found.values()) else None


class LookUps:
    """Where one drain's replay is to ask Kafka for the first record that is young enough.

    That is behind a record that was too old: everything between it and the first young stamp
    is too old as well. Elsewhere a look-up could skip records that only have odd stamps.
    """

    def __init__(self) -> None:
        self.due: Rows = {}
        self._not_before: Rows = {}

    def too_old_before(self, source: TopicPartition, offset: int) -> None:
        if offset >= self._not_before.get(source, 0):
            self.due[source] = offset

    def wanted(self, gaps: Rows) -> Rows:
        """Those of them that these gaps have got to. One that stepped back has again before it
        what may be young."""
        return {source: at for source, at in self.due.items() if gaps.get(source, -1) >= at}

    def answered(self, source: TopicPartition, offset: int) -> None:
        """The replay goes on from here."""
        self.due.pop(source, None)
        self._not_before[source] = offset + AGAIN_RECORDS

    def forget(self, source: TopicPartition) -> None:
        self.due.pop(source, None)
        self._not_before.pop(source, None)
