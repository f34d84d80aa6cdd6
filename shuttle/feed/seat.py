"""A feed's place in one replay pass: what a pass may do with a feed that is behind."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

from events.kafka.records import Offsets, PartitionRecords, TopicPartition
from shuttle.feed.feed import Feed
from shuttle.feed.loss_notices import EXPIRED, TOO_OLD
from shuttle.feed.portion import Portion

NO_TIMES: Mapping[TopicPartition, float] = MappingProxyType({})


class Seat:
    """Void as soon as a gap of the feed opens or moves back: the pass may be beyond it."""

    __slots__ = ("_gap_version", "_gaps", "feed", "key", "places")

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self._gaps = feed.gaps
        self._gap_version = feed.gaps.gap_version
        self.key = feed.route.key
        self.places = set(feed.gaps.offsets)
        """Partitions that are read for it."""

    @property
    def is_void(self) -> bool:
        return self._gaps.gap_version != self._gap_version

    @property
    def gaps(self) -> Offsets:
        return self._gaps.offsets

    @property
    def portion(self) -> Portion | None:
        """What is to be handed over before anything else."""
        return self.feed.outbound.delivery.resend.portion

    def may_be_served(self, at_most: float = math.inf) -> bool:
        """`at_most`: as in `Delivery.has_room`."""
        return self.may_wait and self.feed.outbound.has_room(at_most)

    @property
    def may_wait(self) -> bool:
        """Whether it is only full: no other seat loses by waiting for it."""
        feed = self.feed
        return feed.takes_replay and not self.is_void and bool(self.gaps) and not feed.skips_first

    @property
    def may_be_asked(self) -> bool:
        """Whether enough is left of its owner's share to ask its filter."""
        return self.feed.context.filter_shares.lets_replay(self.feed.route)

    def young_ms(self, wall: float) -> float:
        """Epoch milliseconds: replayed records have to be as young as this, of a drain that lags.

        One that has only just begun, or that is sent a window again, does not. `wall`: now.
        """
        if not self._gaps.lagging:
            return -math.inf
        return (wall - self.feed.route.max_lag_seconds) * 1000

    def lacks(self, records: PartitionRecords) -> bool:
        gap = self.gaps.get(records.partition)
        return gap is not None and records.end > gap

    def part_of(self, records: PartitionRecords) -> PartitionRecords | None:
        """What it lacks of these."""
        gap, portion = self.gaps[records.partition], self.portion
        begin = gap if portion is None else max(gap, portion.begin_of(records.partition))
        return records.part(begin, self._limit_of(records))

    def leave_out(
        self, records: PartitionRecords, lines: int, wall: float, *, to_the_end: bool
    ) -> None:
        """So many lines of these are older than the drain's limit. `wall`: epoch seconds, now."""
        if to_the_end:
            self._gaps.look_ups.too_old_before(records.partition, records.end)
        self._gaps.replayed(records, lines, wall)
        if lines:
            self.feed.lose(lines, TOO_OLD)

    def handed_over(self, records: PartitionRecords) -> None:
        """All that it lacked of these is on its way, or is not for it."""
        position = min(records.end, self._limit_of(records))
        self._gaps.replayed_to(records.partition, position)

    def expired(self, partition: TopicPartition, low: int) -> None:
        """Records below this offset left Kafka before they were replayed."""
        gap = self.gaps.get(partition, low)
        if gap < low and not self.is_void:
            self.feed.lose(low - gap, EXPIRED, exact=False)
            self._gaps.expired(partition, low)

    def has_handed_over(self, positions: Offsets, live: Offsets) -> bool:
        """Whether all of the portion has been handed over, with the pass at these positions.

        What is behind its end is for another pass: this one may be beyond it.
        """
        portion = self.portion
        if portion is None or self.is_void:
            return False
        for partition, limit in list(portion.ends.items()):
            position = positions.get(partition, 0)
            if live.get(partition, math.inf) <= position < limit:
                portion.end_here(partition)  # or the log is another, and shorter
            elif position < limit and self.gaps.get(partition, limit) < limit:
                return False
        self._replayed_to(positions)
        return portion.is_complete(self.gaps)

    def met_live(self, partition: TopicPartition, position: int, live_position: int) -> None:
        """The pass, now at `position`, is where the live pass is: it goes on from there."""
        gap = self.gaps.get(partition)
        if gap is not None:
            self._gaps.caught_up(partition, max(gap, position), live_position)

    def leave(self, positions: Offsets, times: Mapping[TopicPartition, float] = NO_TIMES) -> None:
        """The pass goes on without it, from where records are of these times (epoch seconds)."""
        if not self.is_void:  # else its gaps have moved back behind the pass
            self._replayed_to(positions, times)

    def _replayed_to(
        self, positions: Offsets, times: Mapping[TopicPartition, float] = NO_TIMES
    ) -> None:
        """No further than a portion, though the pass may be."""
        portion = self.portion
        for partition in list(self.gaps):
            limit = math.inf if portion is None else portion.limit_of(partition)
            position = int(min(positions.get(partition, 0), limit))
            self._gaps.replayed_to(partition, position, times.get(partition, 0.0))

    def _limit_of(self, records: PartitionRecords) -> int:
        portion = self.portion
        return records.end if portion is None else portion.limit_of(records.partition)
