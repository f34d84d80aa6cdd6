"""Replay passes: from the gaps of feeds that are behind, at their receivers' pace, back to live.

A pass is the live path with another start. It serves every feed behind whose gaps it crosses,
so a receiver that took a thousand drains down with it is read for once, not a thousand times.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable, Iterator, Set
from itertools import compress
from operator import not_
from typing import Protocol

from events.formats.decode import Decoder
from events.kafka.offset_consumer import OffsetConsumer
from events.kafka.records import Batch, Offsets, PartitionRecords, TopicPartition, offset_of
from events.keys import Key
from events.lines import Origin
from shuttle.feed.feed import Feed
from shuttle.feed.seat import Seat
from shuttle.pipeline import Pass
from shuttle.replay.ages import Ages
from shuttle.routing import Parcel, Router

TURN_SECONDS = 5.0
"""How long a pass goes on while others wait for one."""
NEAR_RECORDS = 20_000
"""Feeds whose gaps are this close together share a pass."""
SOON_SECONDS = 3.0
"""A pass that would be at a feed's gaps so soon takes it along."""
PACE_SECONDS = 1.0
"""A pass's pace is measured over this time."""
LOOK_SECONDS = 0.05


class OtherPasses(Protocol):
    """What a pass needs to know of the others."""

    def want(self, this: ReplayPass) -> bool:
        """Whether one of them can do its work, or someone whom it can't serve waits for a place."""

    def who_joins(self, this: ReplayPass) -> Iterable[Feed]:
        """Who waits, and would be crossed by this pass soon."""

    async def let_live_go_first(self, seconds: float) -> None:
        """After so much work."""


class OriginsOf(dict[Origin, bool]):
    """Whether an origin is of one of some keys; found out once."""

    def __init__(self) -> None:
        self._keys: Set[Key] = frozenset()

    def follow(self, keys: Set[Key]) -> None:
        if keys != self._keys:
            self._keys = keys
            self.clear()

    def __missing__(self, origin: Origin) -> bool:
        found = self[origin] = origin.key in self._keys
        return found


class ReplayPass(Pass):
    """Serves the feeds that have a seat. One that fails or is full is dropped; the last one met
    live. Owns the seats, and where it is in each partition."""

    reads_again = True

    def __init__(
        self,
        consumer: OffsetConsumer,
        decoder: Decoder,
        router: Router,
        numbers: Iterator[int],
        live: Offsets,
        wall_clock: Callable[[], float],
    ) -> None:
        """`decoder`: not the live pass's, of whose records other shares are wanted. `live`: where
        that is, kept up to date by its owner."""
        self.consumer: OffsetConsumer = consumer
        self.decoder = decoder
        self.router = router
        self._of_seats = OriginsOf()
        self.wants = self._of_seats.__getitem__
        self.numbers = numbers
        self._live = live
        self.positions: Offsets = {}
        self._seats: dict[Feed, Seat] = {}
        self._portioned: list[Seat] = []
        self._wall_clock = wall_clock
        self._ages = Ages()
        self._old: dict[TopicPartition, dict[int, float]] = {}
        """When the records of this batch are from (Ages.of), where some may be too old."""
        self._strictest_ms = math.inf
        """The shortest `max_lag_seconds` of those who have a seat, or had one."""
        self._read = 0
        self._pace = 0.0

    async def run(self, feeds: Iterable[Feed], others: OtherPasses) -> None:
        """Until all have met the live pass, or have left, or it is the others' turn."""
        self._board(feeds)
        await self.consumer.assign(self.positions)
        clock = asyncio.get_running_loop().time
        begun = paced_at = look_at = clock()
        while self._seats:
            step_at = clock()
            if any(feed.has_room for feed in self._seats):
                await self.step()
            else:  # all receivers are slower than Kafka: wait for one
                await asyncio.sleep(LOOK_SECONDS)
            now = clock()
            if now >= look_at:  # not after each batch: there may be thousands of seats
                self._drop_unable()
                if now > begun + TURN_SECONDS and others.want(self):
                    break
                self._board(others.who_joins(self))
                look_at = now + LOOK_SECONDS
            if now >= paced_at + PACE_SECONDS:
                self._pace = self._read / (now - paced_at)
                self._read, paced_at = 0, now
            await others.let_live_go_first(now - step_at)
        for seat in list(self._seats.values()):
            self._leave(seat)

    def serves(self, feed: Feed) -> bool:
        return feed in self._seats

    def crosses(self, gaps: Offsets) -> bool:
        """Whether it will soon be where these are, and is not beyond one of them.

        A pass for receivers that are slow is not soon anywhere: who is ahead of it stays ahead.
        """
        at = self.positions
        within = max(NEAR_RECORDS, self._pace * SOON_SECONDS)
        return all(at.get(p, math.inf) <= gap for p, gap in gaps.items()) and (
            sum(gap - at[p] for p, gap in gaps.items()) <= within
        )

    def parts_of(self, batch: Batch) -> list[PartitionRecords]:
        parts = [records for records in batch.parts if records.partition in self.positions]
        self._old.clear()
        wall_ms = self._wall_clock() * 1000
        for records in parts:
            times = self._ages.of(records, wall_ms - self._strictest_ms, wall_ms)
            if times is not None:
                self._old.setdefault(records.partition, {}).update(times)
        return parts

    def hand_over(self, number: int, feed: Feed, parcel: Parcel) -> None:
        seat = self._seats.get(feed)
        if seat is None or not seat.lacks(parcel.records):
            return
        if not seat.may_be_served:
            self._leave(seat)
            return
        part = self.part_for(feed, parcel, seat.part_of(parcel.records))
        if part is not None and part.records.partition in self._old:
            part = self._young_part(seat, part)
        if part is not None:
            feed.take_replayed(number, part.records, part.data, part.lines)
            if part.cut:
                feed.stats.cut(part.cut)
        seat.handed_over(parcel.records)

    def _young_part(self, seat: Seat, parcel: Parcel) -> Parcel | None:
        """Without the records that are too old for a drain: those are counted."""
        records, times = parcel.records, self._old[parcel.records.partition]
        wall = self._wall_clock()
        young_ms = seat.young_ms(wall)
        # A batch may have a partition's records in several parts, only one with something old.
        ages = [times.get(offset_of(message), math.inf) for message in records.messages]
        too_old = [age < young_ms for age in ages]
        if not any(too_old):
            return parcel
        young = list(compress(records.messages, map(not_, too_old)))
        kept = PartitionRecords(records.partition, young) if young else None
        part = self.part_for(seat.feed, parcel, kept)
        left_out = parcel.lines - (part.lines if part else 0)
        seat.leave_out(records, left_out, wall, to_the_end=too_old[-1])
        return part

    def passed(self, number: int, batch: Batch) -> None:
        self._read += len(batch)
        for partition, low in batch.reset_to.items():
            if partition in self.positions:
                for seat in self._seats.values():
                    seat.expired(partition, low)
                self.positions[partition] = low
        self.positions.update({p: end for p, end in batch.ends.items() if p in self.positions})
        for seat in self._portioned:
            seated = self._seats.get(seat.feed) is seat
            if seated and seat.has_handed_over(self.positions, self._live):
                del self._seats[seat.feed]
                seat.feed.handed_over_portion()
        met = [p for p, at in self.positions.items() if at >= self._live.get(p, at + 1)]
        if met:
            for seat in list(self._seats.values()):
                self._meet_live(seat, met)

    def _board(self, feeds: Iterable[Feed]) -> None:
        for feed in feeds:
            if feed.is_behind:
                self._seats[feed] = Seat(feed)
                for partition, gap in feed.gaps.offsets.items():
                    self.positions[partition] = min(gap, self.positions.get(partition, gap))
        self._of_seats.follow({feed.route.key for feed in self._seats})
        self._portioned = [seat for seat in self._seats.values() if seat.portion is not None]
        for feed in self._seats:  # a limit may have been changed
            limit_ms = feed.route.max_lag_seconds * 1000
            self._strictest_ms = min(self._strictest_ms, limit_ms)

    def _drop_unable(self) -> None:
        """Let go of feeds that failed, or that alone are full; their gaps stay for another pass."""
        seats = list(self._seats.values())
        able = {seat.feed for seat in seats if seat.may_be_served}
        for seat in seats:
            if seat.feed not in able and (able or not seat.may_wait):
                self._leave(seat)

    def _leave(self, seat: Seat) -> None:
        del self._seats[seat.feed]
        seat.leave(self.positions)

    def _meet_live(self, seat: Seat, met: Iterable[TopicPartition]) -> None:
        if seat.is_void or seat.portion is not None:
            return
        for partition in met:
            seat.met_live(partition, self.positions[partition], self._live[partition])
        if not seat.feed.is_behind:
            del self._seats[seat.feed]
