"""Replay passes: from the gaps of feeds that are behind, at their receivers' pace, back to live.

A pass is the live path with another start. It serves every feed behind whose gaps it crosses: a
receiver that took a thousand drains down with it is read for once.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator
from itertools import compress, islice
from operator import not_
from typing import Protocol

from events.formats.decode import Decoder
from events.kafka.offset_consumer import OffsetConsumer
from events.kafka.records import Batch, Offsets, PartitionRecords, TopicPartition
from shuttle.base_pass import NOT_AT_ALL, Pass
from shuttle.feed.feed import Feed
from shuttle.feed.filter_shares import FOR_REPLAYS
from shuttle.feed.seat import Seat
from shuttle.replay.ages import Ages
from shuttle.replay.seats import Seats
from shuttle.replay.under_way import UnderWay
from shuttle.routing import FeedGroup, Parcel, Router
from shuttle.suspects import Suspects

TURN_SECONDS = 5.0
"""How long a pass goes on while others wait for one."""
PARTITIONS = 128
"""At most, of a pass: each fetch names them all, and with more it would be slower than live."""
NEAR_RECORDS = 20_000
"""Feeds whose gaps are this close together share a pass."""
SOON_SECONDS = 3.0
"""One that would be at a feed's gaps so soon takes it along."""
PACE_SECONDS = 1.0
"""A pass's pace is measured over this time."""
FIRST_RECORDS = 16
"""Before it is known how long their filters take."""
LOOK_SECONDS = 0.05
ROOM_LOOKS = 50


class OtherPasses(Protocol):
    """What a pass needs to know of the others."""

    @property
    def under_way(self) -> UnderWay:
        """What all of them together have handed over."""

    def want(self, this: ReplayPass) -> bool:
        """Whether one of them can do its work, or someone whom none can serve waits for a place."""

    def left(self, feed: Feed) -> None:
        """A pass serves it no more."""

    async def let_live_go_first(self, seconds: float) -> None:
        """After so much work."""


class ReplayPass(Pass):
    """Serves the feeds that have a seat: until one fails, is full, or has met live."""

    reads_again = True

    def __init__(
        self,
        consumer: OffsetConsumer,
        others: OtherPasses,
        decoder: Decoder,
        router: Router,
        numbers: Iterator[int],
        live: Offsets,
        wall_clock: Callable[[], float],
        suspects: Suspects | None = None,
    ) -> None:
        """`decoder`: not the live pass's, of whose records other shares are wanted. `live`: where
        that is, kept up to date by its owner."""
        self.consumer: OffsetConsumer = consumer
        self._others = others
        self.decoder = decoder
        self.router = router
        self.seats = Seats()
        self.wants = self.seats.wanted.__getitem__
        self.numbers = numbers
        self.suspects = suspects or Suspects()
        self._live = live
        self._wall_clock = wall_clock
        self._ages = Ages()
        self._strictest_ms = math.inf
        """The shortest `max_lag_seconds` of those who have a seat, or had one."""
        self._read, self._pace = 0, 0.0

    async def run(self) -> None:
        """Until all have met the live pass, or have left, or it is the others' turn."""
        others, clock = self._others, asyncio.get_running_loop().time
        turn_at = (paced_at := clock()) + TURN_SECONDS
        while self.seats:
            await self.seats.tell(self.consumer)
            step_at = clock()
            if len(self.seats) > ROOM_LOOKS or any(of.may_be_asked for of in self._with_room()):
                await self.step()
            else:  # all receivers are slower than Kafka, or filters than their shares: wait for one
                await asyncio.sleep(LOOK_SECONDS)
            now = clock()
            if now > turn_at:
                if others.want(self):
                    break
                turn_at = now + PACE_SECONDS
            if now >= paced_at + PACE_SECONDS:
                self._pace = self._read / (now - paced_at)
                self._read, paced_at = 0, now
            await others.let_live_go_first(now - step_at)
        for seat in list(self.seats):
            self._leave(seat)

    # Who is served.

    def crosses(self, gaps: Offsets) -> bool:
        """Whether it will soon be where these are, and is not beyond one of them.

        A pass for receivers that are slow is not soon anywhere: who is ahead of it stays ahead.
        """
        positions = self.seats.positions
        more = sum(partition not in positions for partition in gaps)
        if more and positions and len(positions) + more > PARTITIONS:
            return False
        share = len(gaps) / max(len(positions), 1)
        return self.seats.distance(gaps) <= max(NEAR_RECORDS, self._pace * SOON_SECONDS * share)

    def take(self, feed: Feed) -> None:
        """One whose gaps it crosses."""
        self.seats.take(feed)
        self._heed_limit(feed)
        if feed.route.options.filter.has_patterns:
            self._slice = min(self._slice, FIRST_RECORDS)

    def heed(self, feed: Feed) -> None:
        """Something has changed of one that has a seat: what it lacks, whether it can be served, or
        the limit on the age of its lines."""
        seat = self.seats.of(feed)
        if seat is not None and (not seat.may_wait or seat.places != seat.gaps.keys()):
            self._leave(seat)
        self._heed_limit(feed)

    def _heed_limit(self, feed: Feed) -> None:
        self._strictest_ms = min(self._strictest_ms, feed.route.max_lag_seconds * 1000)

    def _with_room(self) -> Iterator[Seat]:
        """As far as it is soon found out; the others are let go of as their lines come."""
        some, share_bytes = islice(self.seats, ROOM_LOOKS), self._others.under_way.share_bytes
        return (seat for seat in some if seat.may_be_served(share_bytes))

    def _leave(self, seat: Seat) -> None:
        seat.leave(self.seats.positions, self.seats.times)
        self._let_go(seat)

    def _let_go(self, seat: Seat) -> None:
        self.seats.remove(seat)
        self._others.left(seat.feed)

    # One batch.

    def parts_of(self, batch: Batch) -> list[PartitionRecords]:
        read, newest = self.seats.are_read, batch.generation
        return [records for records in batch.parts if read(records.partition, newest)]

    def needs(self, group: FeedGroup, records: PartitionRecords) -> float:
        """Nothing is asked of those who are not served: the live pass has done that."""
        seats = filter(None, map(self.seats.of, group.feeds))
        is_served = any(of.lacks(records) and of.part_of(records) for of in seats)
        return FOR_REPLAYS if is_served else NOT_AT_ALL

    def begin(self, records: PartitionRecords) -> None:
        wall_ms = self._wall_clock() * 1000
        self._ages.begin(records, wall_ms - self._strictest_ms, wall_ms)

    def hand_over(self, number: int, feed: Feed, parcel: Parcel) -> None:
        seat, under_way = self.seats.of(feed), self._others.under_way
        if seat is None or not seat.lacks(parcel.records):
            return
        lacked, last = seat.part_of(parcel.records), parcel.records
        is_unasked = lacked is not None and parcel.is_unasked
        if is_unasked or not seat.may_be_served(under_way.share_bytes):
            self._leave(seat)
            return
        if lacked is not None and seat.portion is None:
            data_bytes = sum(map(len, parcel.data))
            room_bytes = under_way.share_bytes - feed.outbound.delivery.outbox_bytes
            if data_bytes > room_bytes:
                lacked = last = lacked.first(len(parcel.records) * room_bytes // data_bytes)
        part = self._young_part(seat, self.part_for(feed, parcel, lacked))
        if part is not None:
            feed.take_replayed(number, part.records, part.data, part.lines)
            under_way.add(feed, sum(map(len, part.data)))
            if part.cut:
                feed.stats.cut(part.cut)
        seat.handed_over(last)
        if last.end < parcel.records.end:
            self._leave(seat)

    def _young_part(self, seat: Seat, parcel: Parcel | None) -> Parcel | None:
        """Without the records that are too old for a drain: those are counted."""
        if parcel is None:
            return None
        records, wall = parcel.records, self._wall_clock()
        too_old = self._ages.too_old(records, seat.young_ms(wall))
        if not too_old:
            return parcel
        young = list(compress(records.messages, map(not_, too_old)))
        kept = PartitionRecords(records.partition, young) if young else None
        part = self.part_for(seat.feed, parcel, kept)
        left_out = parcel.lines - (part.lines if part else 0)
        seat.leave_out(records, left_out, wall, to_the_end=too_old[-1])
        return part

    def passed(self, number: int, batch: Batch) -> None:
        self._read += len(batch)
        seats, newest = self.seats, batch.generation
        for partition, low in batch.reset_to.items():
            if seats.are_read(partition, newest):
                for seat in seats.within(partition):
                    seat.expired(partition, low)
                seats.positions[partition] = low
        moved = {p: end for p, end in batch.ends.items() if seats.are_read(p, newest)}
        seats.positions.update(moved)
        seats.met(batch.parts, self._wall_clock())
        for partition in moved:
            for seat in seats.portioned(partition):
                self._hand_over_portion(seat)
        for partition, position in moved.items():
            live = self._live.get(partition, position + 1)
            if position >= live:
                for seat in seats.within(partition):
                    self._meet_live(seat, partition, position, live)

    def _hand_over_portion(self, seat: Seat) -> None:
        if seat.has_handed_over(self.seats.positions, self._live):
            self.seats.remove(seat)
            seat.feed.handed_over_portion()
            self._others.left(seat.feed)

    def _meet_live(self, seat: Seat, partition: TopicPartition, position: int, live: int) -> None:
        if seat.is_void or seat.portion is not None:
            return
        seat.met_live(partition, position, live)
        self.seats.lacks_no_more(seat, partition)
        if not seat.feed.is_behind:
            self._let_go(seat)
