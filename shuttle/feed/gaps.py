"""What one drain lacks, partition by partition, and by how much it is behind."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from itertools import chain

from events.kafka.records import Offsets, PartitionRecords, TopicPartition
from shuttle.feed.lag import Lag, Skipped
from shuttle.feed.look_ups import LookUps
from shuttle.feed.stored_rows import OUTDATED, RowsSnapshot, StoredCursor, StoredRows
from shuttle.feed.writes import Write

CursorRows = Mapping[TopicPartition, StoredCursor]


class Gaps:
    """Owns where one drain is behind, since when and by how much.

    `changed` is called when what is to be stored may be another than what is.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self.offsets: Offsets = {}
        """Partition → offset of the first line that is still to be replayed."""
        self.live_from: Offsets = {}
        """Partition → offset above the live position at which its live lines begin."""
        self.gap_version = 0
        """Changes when a gap opens or moves back: a seat in a replay pass is void then."""
        self.stored = StoredRows()
        self.lagging = False
        """Behind because of its receiver or its owner, not because it has only just begun."""
        self.look_ups = LookUps()
        self._changed = changed
        self._lag = Lag()

    # Where it begins.

    def begin(self, rows: CursorRows, live: Offsets, wall: float) -> None:
        """The database says that it goes on here: by a replay, or when live is there."""
        for partition, row in rows.items():
            self._found(partition, row.offset if row.resend_from is None else OUTDATED)
            if row.first < live[partition]:
                self._open_uncounted(partition, row.first, live[partition], wall)
            elif row.done_to is not None:
                self.live_from[partition] = row.done_to

    def rewind(self, rows: CursorRows, live: Offsets, wall: float) -> None:
        """Go on where a window begins that is to be sent again, if that is lower than here."""
        for partition, row in rows.items():
            if row.resend_from is not None:
                self._found(partition, OUTDATED)
                if row.resend_from < self.offsets.get(partition, live[partition]):
                    self._open_uncounted(partition, row.resend_from, live[partition], wall)

    # What it lacks from now on.

    def missed(
        self,
        batch: int,
        records: PartitionRecords,
        lines: int,
        wall: float,
        *,
        at_most: bool = False,
    ) -> None:
        """Lines that the live pass has met, or `at_most` so many. `wall`: epoch seconds, now."""
        partition, begin = records.partition, records.begin
        gap = self.offsets.get(partition, begin)
        self._lag.missed(records, gap, lines, wall, at_most=at_most)
        if partition not in self.offsets:
            self._open(partition, begin)
            self._hold_from(batch)

    def reopen(self, writes: Sequence[Write], wall: float, *, sent: bool) -> None:
        """Lines that were handed over and will be once more; `sent`: they may have arrived."""
        self._lag.again(writes, self.offsets, wall, sent=sent)
        for write in writes:
            for partition, part in write.parts.items():
                self._open(partition, part.begin)
                self._hold_from(write.batch)

    def go_back(self, begins: Offsets) -> None:
        """It is to go on from there where it is behind; cursors may be others by now."""
        self.touch()
        for partition, begin in begins.items():
            if begin < self.offsets.get(partition, begin):
                self._lag.went_back(partition, self.offsets[partition])
                self._open(partition, begin)

    def let_go_of_seats(self) -> None:
        """A pass that went on, beyond what it was to hand over, is not to go on with us."""
        self.gap_version += 1

    # What it lacks no more.

    def replayed(self, records: PartitionRecords, lines: int, wall: float) -> None:
        """So many lines of these are behind it. `wall`: epoch seconds, now."""
        self._lag.replayed(records, lines, wall)

    def replayed_to(self, partition: TopicPartition, position: int, time: float = 0.0) -> None:
        """A replay pass has handed over every line below this offset, where records are of this
        time (epoch seconds)."""
        if position > self.offsets.get(partition, position):
            self.offsets[partition] = position
            self._lag.passed(partition, position, time)
            self.touch()

    def caught_up(self, partition: TopicPartition, position: int, live_position: int) -> None:
        """The replay of a partition, now at `position`, has met the live pass."""
        del self.offsets[partition]
        if position > live_position:
            self.live_from[partition] = position
        self._close(partition)
        if not self.offsets:
            self.lagging = False
        self.touch()

    def skip(self, targets: Offsets, live: Offsets, oldest: float = math.inf) -> Skipped:
        """Go on from these offsets, at most the live ones; what lies before is lost.

        `oldest`: the time (epoch seconds) to take for what is left, until a line of it is met.
        """
        gaps = {p: at for p, at in self.offsets.items() if at < targets.get(p, at)}
        to_live = gaps == self.offsets and all(targets[p] >= live[p] for p in gaps)
        exact = to_live and self._lag.is_exact(gaps)
        lines = self._lag.lines(gaps) if to_live else sum(targets[p] - at for p, at in gaps.items())
        for partition, at in gaps.items():
            self._lag.skipped(partition, at, targets[partition], oldest)
            if targets[partition] >= live[partition]:
                self.caught_up(partition, targets[partition], live[partition])
            else:
                self.replayed_to(partition, targets[partition])
        return Skipped(lines, exact)

    def gave_up(self, ends: Offsets, lines: int) -> None:
        """So many lines before these offsets, in all, are handed over no more."""
        for partition in ends.keys() & self.offsets.keys():
            begin, end = self.offsets[partition], ends[partition]
            self._lag.done(partition, begin, end, lines, at_most=len(ends) > 1)
            self.replayed_to(partition, end)

    def expired(self, partition: TopicPartition, low: int) -> None:
        """What lies below this offset can be read no more."""
        self._lag.skipped(partition, self.offsets[partition], low, math.inf)
        self.replayed_to(partition, low)

    def forget(self, partitions: Set[TopicPartition]) -> None:
        """Partitions that are another worker's; their rows stay for that one."""
        known = self.offsets.keys() | self.live_from.keys() | self.stored.partitions
        for partition in known & partitions:
            self.offsets.pop(partition, None)
            self.live_from.pop(partition, None)
            self.stored.forget(partition)
            self._close(partition)

    # How far it is behind.

    @property
    def look_ups_due(self) -> Offsets:
        """Where Kafka is to be asked for the first record that is young enough."""
        return self.look_ups.wanted(self.offsets)

    def looked_up(self, asked: Offsets) -> None:
        for partition, at in asked.items():
            if partition in self.offsets:
                self.look_ups.answered(partition, max(at, self.offsets[partition]))

    @property
    def lag_lines(self) -> int:
        """Lines that are still to be replayed; while not all are counted, new ones (Lag.met)."""
        return self._lag.met(self.offsets)

    @property
    def lag_is_counted(self) -> bool:
        """Whether those are all."""
        return self._lag.is_counted(self.offsets)

    def lines_in(self, partitions: Iterable[TopicPartition]) -> int:
        """How many lines are missing in these partitions."""
        gaps = {p: self.offsets[p] for p in partitions if p in self.offsets}
        return self._lag.lines(gaps) if gaps else 0

    @property
    def since(self) -> float | None:
        """Epoch seconds of the oldest line that is missing."""
        return self._lag.since(self.offsets)

    # The rows.

    def touch(self) -> None:
        """What is to be stored may be another by now."""
        self.stored.version += 1
        self._changed()

    def rows(
        self, writes: Iterable[Write], settled: Mapping[TopicPartition, int], *, takes_live: bool
    ) -> Offsets:
        """Where a replay has to begin, should this worker die now.

        `writes`: what is not confirmed. A feed that takes live lines has no rows for those: the
        group's offsets wait for them. `settled`: how far the group has got; a row that is above
        that stays, or the next worker would begin below it, with lines from before its drain.
        """
        rows = dict(self.offsets)
        for write in writes:
            for partition, part in write.parts.items():
                if write.has_cursor or not takes_live or partition in rows:
                    rows[partition] = min(rows.get(partition, part.begin), part.begin)
        for partition, row in chain(self.live_from.items(), self.stored.rows.items()):
            if partition not in rows and settled.get(partition, -1) < row:
                rows[partition] = row
        return rows

    def were_stored(self, snapshot: RowsSnapshot, settled: Mapping[TopicPartition, int]) -> None:
        """The database has these rows now. `settled`: as in `rows`."""
        self.stored.were_stored(snapshot)
        self.live_from = {p: at for p, at in self.live_from.items() if settled.get(p, -1) < at}

    def is_stored(self, snapshot: RowsSnapshot, rows: Offsets) -> bool:
        """Whether nothing is left to be stored, and nothing will be by the group's getting on."""
        waits = bool(self.live_from) or not self.stored.rows.keys() <= self.offsets.keys()
        return self.stored.version == snapshot.version and rows == snapshot.rows and not waits

    # Inside.

    def _found(self, partition: TopicPartition, row: int) -> None:
        self.stored.found(partition, row)
        self.touch()

    def _open_uncounted(self, partition: TopicPartition, at: int, live: int, wall: float) -> None:
        self._lag.uncounted(partition, self.offsets.get(partition, live), wall)
        self._open(partition, at)

    def _open(self, partition: TopicPartition, offset: int) -> None:
        if partition not in self.offsets or offset < self.offsets[partition]:
            self.gap_version += 1
        if offset < self.live_from.get(partition, offset):
            del self.live_from[partition]  # what has been handed over up to there is not all there
        self.offsets[partition] = min(self.offsets.get(partition, offset), offset)
        self.touch()

    def _hold_from(self, batch: int) -> None:
        self.stored.hold_from(batch)
        self.touch()

    def _close(self, partition: TopicPartition) -> None:
        self.look_ups.forget(partition)
        self._lag.closed(partition, last=not self.offsets)
