"""How far a drain is behind: exact where the live pass has counted, in offsets before that."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from events.kafka.records import Offsets, PartitionRecords, TopicPartition, time_of
from shuttle.feed.writes import Part, Write


class Skipped(NamedTuple):
    """Lines that will not be replayed."""

    lines: int
    exact: bool
    """False: some may have arrived before, or only offsets are known."""


class Lag:
    """Owns the counts of missed lines, and since when they are missing."""

    def __init__(self) -> None:
        self._lines: Counter[TopicPartition] = Counter()
        """Counted, and not handed over since."""
        self._counted_from: Offsets = {}
        """Offset from which on lines are counted; before it nobody has looked."""
        self._since: dict[TopicPartition, float] = {}
        """When the first of them came, as epoch seconds."""
        self._doubted = False
        """Some of them may have been delivered."""
        self._began_at: Offsets = {}
        """Offset below which lines are of before this worker, or a window's that is sent again."""
        self._found: Counter[TopicPartition] = Counter()
        """Of `_lines`: those of writes that begin below that. Who was before may count them too."""
        self._unsure: frozenset[TopicPartition] = frozenset()
        """Where more may be missing than are counted."""
        self._at_most_to: Offsets = {}
        """Offset below which lines were counted that a filter may not let through."""

    def missed(
        self, records: PartitionRecords, gap: int, lines: int, wall: float, *, at_most: bool = False
    ) -> None:
        """Lines that the live pass has met, or `at_most` so many; `gap`: up to there a replay has
        been. `wall`: now."""
        partition = records.partition
        if records.begin >= gap:
            self._lines[partition] += lines
        if at_most or records.begin < gap < records.end:  # nobody knows how many lie behind it
            self._unsure |= {partition}
        if at_most:
            self._at_most_to[partition] = records.end
        self._counted_from.setdefault(partition, records.begin)
        self._since.setdefault(partition, records.time(wall))

    def again(self, writes: Sequence[Write], gaps: Offsets, wall: float, *, sent: bool) -> None:
        """Lines that were handed over and will be once more; `sent`: they may have arrived.

        `gaps`: as they were. One that has not got to what is counted goes back in offsets. `wall`:
        epoch seconds, now.
        """
        gaps = dict(gaps)
        self._doubted = self._doubted or (sent and bool(writes))
        for write in reversed(writes):
            for partition, part in write.parts.items():
                self._once_more(part, partition, gaps.get(partition))
                gaps[partition] = min(part.begin, gaps.get(partition, part.begin))
                since = time_of(part.first_ms, wall)
                self._since[partition] = min(since, self._since.get(partition, since))

    def went_back(self, partition: TopicPartition, gap: int) -> None:
        """A gap begins below where it was: nobody has counted what lies between, but for what is
        to be read once more."""
        self._counted_from[partition] = max(gap, self._counted_from.get(partition, gap))

    def uncounted(self, partition: TopicPartition, gap: int, wall: float) -> None:
        """So, of a gap that may be new."""
        self.went_back(partition, gap)
        self._began_at[partition] = max(gap, self._began_at.get(partition, gap))
        self._since.setdefault(partition, wall)

    def replayed(self, records: PartitionRecords, lines: int, wall: float) -> None:
        """So many lines of these are missing no more. `wall`: epoch seconds, now."""
        partition, time = records.partition, records.time(wall)
        self.done(partition, records.begin, records.end, lines)
        # One without a time of its own is as old as the one before it.
        self._since[partition] = time if time != wall else self._since.get(partition, wall)

    def passed(self, partition: TopicPartition, position: int, time: float) -> None:
        """A replay is there, where it has met records of this time (epoch seconds). What it left
        out on its way is missing no more: a record has a line."""
        if (end := self._at_most_to.get(partition)) is not None:
            left = max(end - position, 0)
            self._lines[partition] = min(self._lines[partition], left)
            self._found[partition] = min(self._found[partition], left)
        if partition in self._since:
            self._since[partition] = max(self._since[partition], time)

    def done(
        self, partition: TopicPartition, begin: int, end: int, lines: int, *, at_most: bool = False
    ) -> None:
        """So many lines between these offsets are missing no more, or `at_most` so many."""
        counted_from = self._counted_from.get(partition, begin)
        if lines and end > counted_from and self._lines[partition]:
            self._lines[partition] = max(self._lines[partition] - lines, 0)
            self._found[partition] = max(self._found[partition] - lines, 0)
            if at_most or begin < counted_from:
                self._unsure |= {partition}

    def closed(self, partition: TopicPartition, *, last: bool) -> None:
        """The gap of a partition is gone; `last`: it was the only one."""
        self._lines.pop(partition, None)
        self._counted_from.pop(partition, None)
        self._since.pop(partition, None)
        self._began_at.pop(partition, None)
        self._found.pop(partition, None)
        self._at_most_to.pop(partition, None)
        self._unsure -= {partition}
        if last:
            self._doubted = False

    def skipped(self, partition: TopicPartition, begin: int, end: int, oldest: float) -> None:
        """Lines between these offsets will not be replayed. `oldest`: when the rest may begin."""
        if oldest < math.inf:
            self._since[partition] = max(oldest, self._since.get(partition, oldest))
        begin = max(begin, self._counted_from.get(partition, end))
        self.done(partition, begin, end, max(end - begin, 0), at_most=True)

    def is_exact(self, gaps: Offsets) -> bool:
        return not self._doubted and self.is_counted(gaps)

    def is_counted(self, gaps: Offsets) -> bool:
        """Whether all that is missing has been seen, though some of it may have arrived."""
        return self._unsure.isdisjoint(gaps) and not any(
            self._uncounted(partition, at) for partition, at in gaps.items()
        )

    def counted(self, gaps: Offsets) -> int:
        """Lines that somebody has seen: at most as many as are missing."""
        return sum(self._lines[partition] for partition in gaps)

    def met(self, gaps: Offsets) -> int:
        """All of those if they are all; else those that no worker before this one has counted."""
        if self.is_counted(gaps):
            return self.counted(gaps)
        return sum(max(self._lines[p] - self._found[p], 0) for p in gaps)

    def lines(self, gaps: Offsets) -> int:
        """Those, and offsets where nobody has: other apps' records too."""
        offsets = sum(self._uncounted(partition, at) for partition, at in gaps.items())
        return self.counted(gaps) + offsets

    def since(self, gaps: Offsets) -> float | None:
        """Epoch seconds of the oldest line that is missing."""
        return min((self._since[p] for p in gaps if p in self._since), default=None)

    def _once_more(self, part: Part, partition: TopicPartition, gap: int | None) -> None:
        """Of a window that is sent again, lines may have been handed over twice."""
        begin = part.begin
        if gap is not None and part.end > gap:
            if begin < gap:
                self.went_back(partition, gap)
        elif gap is None or not self._uncounted(partition, gap):
            self._lines[partition] += part.lines
            if begin < self._began_at.get(partition, 0):
                self._found[partition] += part.lines
            self._counted_from[partition] = min(begin, self._counted_from.get(partition, begin))

    def _uncounted(self, partition: TopicPartition, gap: int) -> int:
        return max(self._counted_from.get(partition, gap) - gap, 0)
