"""What the database knows of one drain's place, and what waits until it does.

Until a gap's row is stored, it holds back the group's offsets: a restart must not miss it.
"""

from __future__ import annotations

from collections.abc import Set
from typing import NamedTuple

from events.kafka.records import Offsets, TopicPartition

OUTDATED = -1
"""In place of an offset: the database has a row, and it is to be written anew or taken away."""


class StoredCursor(NamedTuple):
    """A row: from where a drain goes on in one partition."""

    offset: int
    topic_id: str
    """Of the log that this is an offset of; empty when that is unknown."""
    resend_from: int | None = None
    """A window that is to be sent again begins here."""

    @property
    def done_to(self) -> int | None:
        """All below has been delivered, or is not the drain's. None: that is the group's to say."""
        return None if self.offset == self.resend_from else self.offset

    @property
    def first(self) -> int:
        """The first offset that is to be sent."""
        return self.offset if self.resend_from is None else min(self.offset, self.resend_from)


class RowsSnapshot(NamedTuple):
    """Rows at one moment, on their way to the database, and what differs from those it has."""

    rows: Offsets
    changed: Offsets
    gone: list[TopicPartition]
    version: int
    holds: int


class StoredRows:
    """Owns what the database has, and the first batch that may not be committed before it has more.

    `version` grows with each change of what is to be stored, `holds` with each batch held: what
    was stored releases them only if nothing has come since.
    """

    def __init__(self) -> None:
        self.rows: Offsets = {}
        """What the database has."""
        self.version = 0
        self.held_from: int | None = None
        """No offset of this batch or a later one may be committed until the rows are stored."""
        self._holds = 0
        self._on_their_way: Offsets = {}

    def found(self, partition: TopicPartition, row: int) -> None:
        """The database turned out to have this one."""
        # What is on its way was taken before: it knows nothing of this row.
        self.rows[partition] = self._on_their_way[partition] = row

    def hold_from(self, batch: int) -> None:
        self.held_from = batch if self.held_from is None else min(batch, self.held_from)
        self._holds += 1

    def storing(self, rows: Offsets) -> RowsSnapshot:
        """Rows are on their way to the database."""
        self._on_their_way = rows
        changed = {at: offset for at, offset in rows.items() if self.rows.get(at) != offset}
        gone = [partition for partition in self.rows if partition not in rows]
        return RowsSnapshot(rows, changed, gone, self.version, self._holds)

    def were_stored(self, snapshot: RowsSnapshot) -> None:
        self.rows = snapshot.rows
        if self._holds == snapshot.holds:
            self.held_from = None

    def doubt(self, snapshot: RowsSnapshot) -> None:
        """Nobody knows whether the database has these rows."""
        for partition in snapshot.changed.keys() & self._on_their_way.keys():
            self.rows[partition] = OUTDATED
        self.version += 1

    @property
    def partitions(self) -> Set[TopicPartition]:
        """Those of which something is known here."""
        return self.rows.keys() | self._on_their_way.keys()

    def forget(self, partition: TopicPartition) -> None:
        self.rows.pop(partition, None)
        self._on_their_way.pop(partition, None)
