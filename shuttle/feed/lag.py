"""How far a drain is behind: exact where the live pass has counted, in offsets before that."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from events.kafka.records import Offsets, TopicPartition
from shuttle.feed.writes import Write


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

    def missed(self, partition: TopicPartition, offset: int, lines: int, wall: float) -> None:
        """Lines that the live pass has met. `wall`: epoch seconds of the first of them."""
        self._lines[partition] += lines
        self._counted_from.setdefault(partition, offset)
        self._since.setdefault(partition, wall)

    def again(self, writes: Iterable[Write], gaps: Offsets, wall: float, *, sent: bool) -> None:
        """Lines that were handed over and will be once more; `sent`: they may have arrived.

        `gaps`: as they were. One that has not got to what is counted goes back in offsets. A write
        does not say which partitions its lines are of: they count for the first.
        """
        for write in writes:
            self._doubted = self._doubted or sent
            counted = [p for p in write.begins if p not in gaps or not self._uncounted(p, gaps[p])]
            if counted:
                self._lines[counted[0]] += write.lines
            for partition, begin in write.begins.items():
                if partition in counted:
                    known = self._counted_from.get(partition, begin)
                    self._counted_from[partition] = min(begin, known)
                self._since[partition] = min(wall, self._since.get(partition, wall))

    def uncounted(self, partition: TopicPartition, counted_from: int, wall: float) -> None:
        """A gap whose lines nobody has counted before this offset."""
        self._counted_from.setdefault(partition, counted_from)
        self._since.setdefault(partition, wall)

    def replayed(self, partition: TopicPartition, begin: int, lines: int, wall: float) -> None:
        """`begin`: where they begin. `wall`: epoch seconds of the first of them."""
        if begin >= self._counted_from.get(partition, begin):
            self._lines[partition] = max(self._lines[partition] - lines, 0)
        self._since[partition] = wall

    def closed(self, partition: TopicPartition, *, last: bool) -> None:
        """The gap of a partition is gone; `last`: it was the only one."""
        self._lines.pop(partition, None)
        self._counted_from.pop(partition, None)
        self._since.pop(partition, None)
        if last:
            self._doubted = False

    def skipped(self, partition: TopicPartition, begin: int, end: int, oldest: float) -> None:
        """Lines between these offsets will not be replayed. `oldest`: when the rest may begin."""
        if oldest < math.inf:
            self._since[partition] = max(oldest, self._since.get(partition, oldest))
        counted = max(end - max(self._counted_from.get(partition, end), begin), 0)
        self._lines[partition] = max(self._lines[partition] - counted, 0)

    def is_exact(self, gaps: Offsets) -> bool:
        return not self._doubted and self.is_counted(gaps)

    def is_counted(self, gaps: Offsets) -> bool:
        """Whether all that is missing has been seen, though some of it may have arrived."""
        return not any(self._uncounted(partition, at) for partition, at in gaps.items())

    def counted(self, gaps: Offsets) -> int:
        """Lines that somebody has seen: at most as many as are missing."""
        return sum(self._lines[partition] for partition in gaps)

    def lines(self, gaps: Offsets) -> int:
        """Those, and offsets where nobody has: other apps' records too."""
        offsets = sum(self._uncounted(partition, at) for partition, at in gaps.items())
        return self.counted(gaps) + offsets

    def since(self, gaps: Offsets) -> float | None:
        """Epoch seconds of the oldest line that is missing."""
        return min((self._since[p] for p in gaps if p in self._since), default=None)

    def _uncounted(self, partition: TopicPartition, gap: int) -> int:
        return max(self._counted_from.get(partition, gap) - gap, 0)
