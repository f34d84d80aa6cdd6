"""Where one drain stands in each partition: what is to be replayed, and the rows that say so.

Until a gap's cursor is stored, it holds back the group's offsets: a restart must not miss it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import chain

from events.records import TopicPartition
from shuttle.marks import Mark
from shuttle.store import StoredCursor

Rows = dict[TopicPartition, int]

OUTDATED = -1
"""In place of an offset: the database has a row, and it is to be written anew or taken away."""


class Place:
    """`changed` is called when what is to be stored may be another than what is."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.gaps: Rows = {}
        """Partition → offset of the first line that is still to be replayed."""
        self.floors: Rows = {}
        """Partition → offset above the live position at which its live lines begin."""
        self.stored: Rows = {}
        """What the database has."""
        self.epoch = 0
        """Changes when a gap opens or moves back: a replay pass then lets go of the feed."""
        self.held_from: int | None = None
        """No offset of this batch or a later one may be committed until the rows are stored."""
        self.version = 0
        self.holds = 0
        self._changed = changed
        self._being_stored: Rows = {}

    def touch(self) -> None:
        self.version += 1
        self._changed()

    def begin(self, source: TopicPartition, row: StoredCursor, live_position: int) -> None:
        """The database says that it has to go on here: by a replay, or when live is there."""
        self._found(source, row.offset if row.resend_from is None else OUTDATED)
        if row.first < live_position:
            self.open_gap(source, row.first)
        elif row.place is not None:
            self.floors[source] = row.place

    def resend(self, source: TopicPartition, offset: int, live_position: int) -> None:
        """Go on from here, if that is lower than where we are; the database has it."""
        self._found(source, OUTDATED)
        if offset < self.gaps.get(source, live_position):
            self.open_gap(source, offset)

    def open_gap(self, source: TopicPartition, offset: int) -> None:
        if source not in self.gaps or offset < self.gaps[source]:
            self.epoch += 1
        if offset < self.floors.get(source, offset):
            del self.floors[source]  # what has been handed over up to there is not all there
        self.gaps[source] = min(self.gaps.get(source, offset), offset)
        self.touch()

    def replayed_to(self, source: TopicPartition, position: int) -> None:
        if position > self.gaps.get(source, position):
            self.gaps[source] = position
            self.touch()

    def close_gap(self, source: TopicPartition, position: int, live_position: int) -> None:
        """The replay of a partition, now at `position`, has met the live pass."""
        del self.gaps[source]
        if position > live_position:
            self.floors[source] = position
        self.touch()

    def hold_from(self, batch: int) -> None:
        self.held_from = batch if self.held_from is None else min(batch, self.held_from)
        self.holds += 1
        self.touch()

    def _found(self, source: TopicPartition, row: int) -> None:
        # What is being stored was taken before: it knows nothing of this row.
        self.stored[source] = self._being_stored[source] = row
        self.touch()

    def forget(self, source: TopicPartition) -> None:
        for known in (self.gaps, self.floors, self.stored, self._being_stored):
            known.pop(source, None)

    def rows(
        self, marks: Iterable[Mark], settled: Mapping[TopicPartition, int], *, accepting: bool
    ) -> Rows:
        """Where a replay has to begin, should this worker die now.

        `marks`: what is not confirmed. A feed that takes live lines has no rows for those: the
        group's offsets wait for them. `settled`: how far the group has got; a row that is above
        that stays, or the next worker would begin below it, with lines from before its drain.
        """
        rows = dict(self.gaps)
        for mark in marks:
            for source, begin in mark.begins.items():
                if mark.covered or not accepting or source in rows:
                    rows[source] = min(rows.get(source, begin), begin)
        for source, row in chain(self.floors.items(), self.stored.items()):
            if source not in rows and settled.get(source, -1) < row:
                rows[source] = row
        return rows

    @property
    def waits(self) -> bool:
        """Whether what is stored changes when the group gets on, without anything of ours."""
        return bool(self.floors) or not self.stored.keys() <= self.gaps.keys()

    def storing(self, rows: Rows) -> None:
        self._being_stored = rows

    def kept(self, rows: Rows, holds: int, settled: Mapping[TopicPartition, int]) -> None:
        """The database has these rows now, taken when there were so many holds."""
        self.stored = rows
        self.floors = {s: at for s, at in self.floors.items() if settled.get(s, -1) < at}
        if self.holds == holds:
            self.held_from = None
