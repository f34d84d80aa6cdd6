"""A feed's cursors as the database is to have them, and what waits until it has.

`settled`: how far the group has got. Below that all is delivered, or cursors say who lacks it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from events.kafka.records import Offsets, TopicPartition
from shuttle.feed.feed import Feed
from shuttle.feed.stored_rows import RowsSnapshot
from shuttle.feed.writes import Write

Settled = Mapping[TopicPartition, int]


class Snapshot(NamedTuple):
    """A feed's cursors at one moment, on their way to the database."""

    feed: Feed
    rows: RowsSnapshot
    covers: list[Write]
    """What no longer holds the offsets back once the rows are stored."""

    def were_stored(self, settled: Settled) -> bool:
        """The database has these cursors now. Whether that is all that there is to be stored."""
        feed, rows = self.feed, self.rows
        feed.outbound.delivery.have_cursors(self.covers)
        feed.gaps.were_stored(rows, settled)
        return feed.gaps.is_stored(rows, rows_of(feed, settled))


def snapshot_of(feed: Feed, settled: Settled) -> Snapshot:
    unconfirmed = [] if feed.takes_live else feed.outbound.delivery.unconfirmed()
    covers = [write for write in unconfirmed if not write.has_cursor]
    return Snapshot(feed, feed.gaps.stored.storing(rows_of(feed, settled)), covers)


def rows_of(feed: Feed, settled: Settled) -> Offsets:
    """Where a replay has to begin, should this worker die now."""
    delivery = feed.outbound.delivery
    rows = feed.gaps.rows(delivery.unconfirmed(), settled, takes_live=feed.takes_live)
    for partition, at in delivery.resend.places.items():
        if partition in feed.gaps.offsets:
            rows[partition] = min(rows.get(partition, at), at)
    return rows


def held_batch(feed: Feed) -> int | None:
    """No offset of this batch or a later one may be committed yet."""
    held = feed.gaps.stored.held_from
    for write in feed.outbound.delivery.unconfirmed():
        if not write.has_cursor:
            return write.batch if held is None else min(write.batch, held)
    return held
