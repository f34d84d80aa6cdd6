"""Where one drain stands in each partition: what is to be replayed, and the rows that say so.

Until a gap's cursor is stored, it holds back the group's offsets: a restart must not miss it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import chain

from events.kafka.records import Offsets, TopicPartition
from shuttle.feed.stored_cursor import StoredCursor
from shuttle.feed.writes import Write

OUTDATED = -1
"""In place of an offset: the database has a row, and it is to be written anew or taken away."""


class Place:
    """`changed` is called when what is to be stored may be another than what is."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.gaps: Offsets = {}
        """Partition → offset of the first line that is still to be replayed."""
        self.floors: Offsets = {}
        """Partition → offset above the live position at which its live lines begin."""
        self.stored: Offsets = {}
        """What the database has."""
        self.epoch = 0
        """Changes when a gap opens or moves back: a replay pass then lets go of the feed."""
        self.held_from: int | None = None
        """No offset of this batch or a later one may be committed until the rows are stored."""
        self.version = 0
        self.holds = 0
        self._changed = changed
        self._being_stored: Offsets = {}

    def touch(self) -> None:
        self.version += 1
        self._changed()

    def begin(self, partition: TopicPartition, row: StoredCursor, live_position: int) -> None:
        """The database says that it has to go on here: by a replay, or when live is there."""
        self._found(partition, row.offset if row.resend_from is None else OUTDATED)
        if row.first < live_position:
            self.open_gap(partition, row.first)
        elif row.place is not None:
            self.floors[partition] = row.place

    def resend(self, partition: TopicPartition, offset: int, live_position: int) -> None:
        """Go on from here, if that is lower than where we are; the database has it."""
        self._found(partition, OUTDATED)
        if offset < self.gaps.get(partition, live_position):
            self.open_gap(partition, offset)

    def open_gap(self, partition: TopicPartition, offset: int) -> None:
        if partition not in self.gaps or offset < self.gaps[partition]:
            self.epoch += 1
        if offset < self.floors.get(partition, offset):
            del self.floors[partition]  # what has been handed over up to there is not all there
        self.gaps[partition] = min(self.gaps.get(partition, offset), offset)
        self.touch()

    def replayed_to(self, partition: TopicPartition, position: int) -> None:
        if position > self.gaps.get(partition, position):
            self.gaps[partition] = position
            self.touch()

    def close_gap(self, partition: TopicPartition, position: int, live_position: int) -> None:
        """The replay of a partition, now at `position`, has met the live pass."""
        del self.gaps[partition]
        if position > live_position:
            self.floors[partition] = position
        self.touch()

    def hold_from(self, batch: int) -> None:
        self.held_from = batch if self.held_from is None else min(batch, self.held_from)
        self.holds += 1
        self.touch()

    def _found(self, partition: TopicPartition, row: int) -> None:
        # What is being stored was taken before: it knows nothing of this row.
        self.stored[partition] = self._being_stored[partition] = row
        self.touch()

    def forget(self, partition: TopicPartition) -> None:
        for known in (self.gaps, self.floors, self.stored, self._being_stored):
            known.pop(partition, None)

    def rows(
        self, writes: Iterable[Write], settled: Mapping[TopicPartition, int], *, accepting: bool
    ) -> Offsets:
        """Where a replay has to begin, should this worker die now.

        `writes`: what is not confirmed. A feed that takes live lines has no rows for those: the
        group's offsets wait for them. `settled`: how far the group has got; a row that is above
        that stays, or the next worker would begin below it, with lines from before its drain.
        """
        rows = dict(self.gaps)
        for write in writes:
            for partition, begin in write.begins.items():
                if write.has_cursor or not accepting or partition in rows:
                    rows[partition] = min(rows.get(partition, begin), begin)
        for partition, row in chain(self.floors.items(), self.stored.items()):
            if partition not in rows and settled.get(partition, -1) < row:
                rows[partition] = row
        return rows

    @property
    def waits(self) -> bool:
        """Whether what is stored changes when the group gets on, without anything of ours."""
        return bool(self.floors) or not self.stored.keys() <= self.gaps.keys()

    def storing(self, rows: Offsets) -> None:
        self._being_stored = rows

    def kept(self, rows: Offsets, holds: int, settled: Mapping[TopicPartition, int]) -> None:
        """The database has these rows now, taken when there were so many holds."""
        self.stored = rows
        self.floors = {s: at for s, at in self.floors.items() if settled.get(s, -1) < at}
        if self.holds == holds:
            self.held_from = None
