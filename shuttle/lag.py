"""How far a drain is behind: exact where the live pass has counted, in offsets before that."""

from __future__ import annotations

import math
from collections.abc import Iterable

from events.records import TopicPartition
from shuttle.marks import Mark
from shuttle.place import Rows


class Lag:
    def __init__(self) -> None:
        self._lines = 0
        """Counted, and not handed over since."""
        self._counted_from: Rows = {}
        """Offset from which on lines are counted; before it nobody has looked."""
        self._since: dict[TopicPartition, float] = {}
        """When the first of them came, as epoch seconds."""
        self._doubted = False
        """Some of them may have been delivered."""

    def missed(self, source: TopicPartition, offset: int, lines: int, wall: float) -> None:
        """Lines that the live pass has met. `wall`: epoch seconds of the first of them."""
        self._lines += lines
        self._counted_from.setdefault(source, offset)
        self._since.setdefault(source, wall)

    def again(self, marks: Iterable[Mark], gaps: Rows, wall: float, *, sent: bool) -> None:
        """Lines that were handed over and will be once more; `sent`: they may have arrived.

        `gaps`: as they were. One that has not got to what is counted goes back in offsets.
        """
        for mark in marks:
            self._doubted = self._doubted or sent
            counted = {s for s in mark.begins if s not in gaps or not self._uncounted(s, gaps[s])}
            if counted:
                self._lines += mark.lines
            for source, begin in mark.begins.items():
                if source in counted:
                    known = self._counted_from.get(source, begin)
                    self._counted_from[source] = min(begin, known)
                self._since[source] = min(wall, self._since.get(source, wall))

    def uncounted(self, source: TopicPartition, counted_from: int, wall: float) -> None:
        """A gap whose lines nobody has counted before this offset."""
        self._counted_from.setdefault(source, counted_from)
        self._since.setdefault(source, wall)

    def replayed(self, source: TopicPartition, begin: int, lines: int, wall: float) -> None:
        """`begin`: where they begin. `wall`: epoch seconds of the first of them."""
        if begin >= self._counted_from.get(source, begin):
            self._lines = max(self._lines - lines, 0)
        self._since[source] = wall

    def closed(self, source: TopicPartition, *, last: bool) -> None:
        """The gap of a partition is gone; `last`: it was the only one."""
        self._counted_from.pop(source, None)
        self._since.pop(source, None)
        if last:
            self._lines = 0
            self._doubted = False

    def skipped(self, source: TopicPartition, begin: int, end: int, oldest: float) -> None:
        """Lines between these offsets will not be replayed. `oldest`: when the rest may begin."""
        if oldest < math.inf:
            self._since[source] = max(oldest, self._since.get(source, oldest))
        counted = max(end - max(self._counted_from.get(source, end), begin), 0)
        self._lines = max(self._lines - counted, 0)

    def is_exact(self, gaps: Rows) -> bool:
        return not self._doubted and not any(
            self._uncounted(source, at) for source, at in gaps.items()
        )

    def lines(self, gaps: Rows) -> int:
        return self._lines + sum(self._uncounted(source, at) for source, at in gaps.items())

    def since(self, gaps: Rows) -> float | None:
        """Epoch seconds of the oldest line that is missing."""
        return min((self._since[s] for s in gaps if s in self._since), default=None)

    def _uncounted(self, source: TopicPartition, gap: int) -> int:
        return max(self._counted_from.get(source, gap) - gap, 0)
