"""Replay passes: from the gaps of feeds that are behind, at their receivers' pace, back to live.

A pass is the live path with another start. It serves every feed behind whose gaps it crosses,
so a receiver that took a thousand drains down with it is read for once, not a thousand times.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable, Iterator
from itertools import compress
from operator import not_
from typing import Protocol

from events.formats.decode import Decoder
from events.kafka.consumer import OffsetConsumer
from events.kafka.records import Batch, Offsets, PartitionRecords, TopicPartition, offset_of
from shuttle.feed.feed import Feed
from shuttle.feed.loss_notices import EXPIRED
from shuttle.pipeline import Pass
from shuttle.replay.ages import Ages
from shuttle.replay.skips import LagSkips
from shuttle.routing import Parcel, Router

PASSES = 4
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


class ReplayPass(Pass):
    """Serves the feeds aboard. One that fails or is full is let off; the last one met live."""

    def __init__(
        self,
        consumer: OffsetConsumer,
        decoder: Decoder,
        router: Router,
        numbers: Iterator[int],
        live: Offsets,
        wall_clock: Callable[[], float],
    ) -> None:
        self.consumer: OffsetConsumer = consumer
        self.decoder = decoder
        self.router = router
        self.numbers = numbers
        self._live = live
        self.positions: Offsets = {}
        self._aboard: dict[Feed, int] = {}
        self._resending: list[Feed] = []
        self._wall_clock = wall_clock
        self._ages = Ages()
        self._old: dict[TopicPartition, dict[int, float]] = {}
        """When the records of this batch are from (Ages.of), where some may be too old."""
        self._strictest_ms = math.inf
        """The shortest `max_lag_seconds` of those aboard, or who were."""
        self._read = 0
        self._pace = 0.0

    async def run(self, feeds: Iterable[Feed], others: OtherPasses) -> None:
        """Until all have met the live pass, or have left, or it is the others' turn."""
        self._board(feeds)
        await self.consumer.assign(self.positions)
        clock = asyncio.get_running_loop().time
        begun = paced_at = look_at = clock()
        while self._aboard:
            step_at = clock()
            if any(feed.has_room for feed in self._aboard):
                await self.step()
            else:  # all receivers are slower than Kafka: wait for one
                await asyncio.sleep(LOOK_SECONDS)
            now = clock()
            if now >= look_at:  # not after each batch: there may be thousands aboard
                self._let_off()
                if now > begun + TURN_SECONDS and others.want(self):
                    break
                self._board(others.who_joins(self))
                look_at = now + LOOK_SECONDS
            if now >= paced_at + PACE_SECONDS:
                self._pace = self._read / (now - paced_at)
                self._read, paced_at = 0, now
            await others.let_live_go_first(now - step_at)
        for feed in list(self._aboard):
            self._leave(feed)

    def serves(self, feed: Feed) -> bool:
        return feed in self._aboard

    def crosses(self, gaps: Offsets) -> bool:
        """Whether it will soon be where these are, and is not beyond one of them.

        A pass for receivers that are slow is not soon anywhere: who is ahead of it stays ahead.
        """
        at = self.positions
        within = max(NEAR_RECORDS, self._pace * SOON_SECONDS)
        return all(at.get(s, math.inf) <= gap for s, gap in gaps.items()) and (
            sum(gap - at[s] for s, gap in gaps.items()) <= within
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
        records = parcel.records
        gap = feed.gaps.get(records.partition)
        if gap is None or records.end <= gap or feed not in self._aboard:
            return
        if not self._may_serve(feed):
            self._leave(feed)
            return
        end = records.end if feed.resend is None else feed.resend.limit_of(records.partition)
        part = self.part_for(feed, parcel, records.part(gap, end))
        if part is not None and records.partition in self._old:
            part = self._young_part(feed, part)
        if part is not None:
            feed.take(number, part.records, part.data, part.lines, has_cursor=True)
        feed.replayed_to(records.partition, min(records.end, end))

    def _young_part(self, feed: Feed, parcel: Parcel) -> Parcel | None:
        """Without the records that are too old for a drain: those are counted."""
        records, times, young_ms = (
            parcel.records,
            self._old[parcel.records.partition],
            feed.young_ms,
        )
        # A batch may have several runs of a partition, and only one of them something old.
        ages = [times.get(offset_of(message), math.inf) for message in records.messages]
        too_old = [age < young_ms for age in ages]
        if not any(too_old):
            return parcel
        if too_old[-1]:
            feed.look_ups.too_old_before(records.partition, records.end)
        young = list(compress(records.messages, map(not_, too_old)))
        part = self.part_for(
            feed, parcel, PartitionRecords(records.partition, young) if young else None
        )
        feed.leave_out(records, parcel.lines - (part.lines if part else 0))
        return part

    def passed(self, number: int, batch: Batch) -> None:
        self._read += len(batch)
        for partition, low in batch.reset_to.items():
            if partition in self.positions:
                self._expired(partition, low)
        self.positions.update({s: end for s, end in batch.ends.items() if s in self.positions})
        for feed in self._resending:
            self._look_at_resend(feed)
        met = [s for s, at in self.positions.items() if at >= self._live.get(s, at + 1)]
        if met:
            for feed in list(self._aboard):
                self._meet_live(feed, met)

    def _expired(self, partition: TopicPartition, low: int) -> None:
        """Records left Kafka before they were replayed: this partition goes on at `low`."""
        for feed, epoch in self._aboard.items():
            gap = feed.gaps.get(partition, low)
            if gap < low and feed.place.epoch == epoch:
                feed.stats.lost(low - gap, EXPIRED, exact=False)
                feed.replayed_to(partition, low)
        self.positions[partition] = low

    def _board(self, feeds: Iterable[Feed]) -> None:
        for feed in [feed for feed in feeds if feed.gaps]:
            self._aboard[feed] = feed.place.epoch
            for partition, gap in feed.gaps.items():
                self.positions[partition] = min(gap, self.positions.get(partition, gap))
        self._resending = [feed for feed in self._aboard if feed.resend is not None]
        for feed in self._aboard:  # a limit may have been changed
            limit_ms = feed.route.options.max_lag_seconds * 1000
            self._strictest_ms = min(self._strictest_ms, limit_ms)

    def _may_serve(self, feed: Feed) -> bool:
        same = feed.place.epoch == self._aboard[feed]
        return same and feed.wants_replay and not feed.jumps

    def _let_off(self) -> None:
        """Those that failed, or that alone are full; their gaps are kept for another pass."""
        able = [feed for feed in self._aboard if self._may_serve(feed)]
        for feed in list(self._aboard):
            same = feed.place.epoch == self._aboard[feed]
            may_wait = feed.replayable and same and feed.gaps and not feed.jumps
            if feed not in able and (able or not may_wait):
                self._leave(feed)

    def _leave(self, feed: Feed) -> None:
        epoch = self._aboard.pop(feed)
        # With another epoch its gaps have moved back behind this pass; with a request to be sent
        # again they stay where that ends, though this pass has gone on.
        if feed.place.epoch == epoch and feed.resend is None:
            for partition in feed.gaps:
                feed.replayed_to(partition, self.positions.get(partition, 0))

    def _look_at_resend(self, feed: Feed) -> None:
        """What is behind the end of the request is for another pass: this one is beyond it."""
        resend = feed.resend
        if resend is None or feed.place.epoch != self._aboard.get(feed):
            return
        for partition, gap in list(feed.gaps.items()):
            reached = min(self.positions.get(partition, gap), resend.limit_of(partition))
            feed.replayed_to(partition, max(gap, reached))
            if self.positions.get(partition, 0) >= self._live.get(partition, math.inf):
                resend.forget(partition)  # the log is another by now, and shorter
        if resend.is_complete(feed.gaps):
            del self._aboard[feed]
            feed.resent()

    def _meet_live(self, feed: Feed, met: Iterable[TopicPartition]) -> None:
        if feed.place.epoch != self._aboard[feed] or feed.resend is not None:
            return
        for partition in met:
            gap = feed.gaps.get(partition)
            if gap is not None:
                position = max(gap, self.positions[partition])
                feed.caught_up(partition, position, self._live[partition])
        if not feed.gaps:
            del self._aboard[feed]


class ReplayScheduler:
    """Who waits for a pass, and whose turn it is. `make_consumer` opens one more consumer."""

    def __init__(
        self,
        make_consumer: Callable[[], OffsetConsumer],
        make_pass: Callable[[OffsetConsumer], ReplayPass],
        behind: set[Feed],
        jumps: LagSkips,
        live_has_backlog: Callable[[], bool],
    ) -> None:
        self._jumps = jumps
        self._live_has_backlog = live_has_backlog
        self._make_consumer = make_consumer
        self._make_pass = make_pass
        self._behind = behind
        self._passes: list[ReplayPass] = []
        self._jumping: dict[Feed, asyncio.Task[None]] = {}
        self._waiting_since: dict[Feed, float] = {}
        self._look_at = 0.0
        self._consumers: list[OffsetConsumer] = []
        self._idle: list[OffsetConsumer] = []

    async def run(self) -> None:
        try:
            await asyncio.gather(*(self._serve() for _ in range(PASSES)))
        finally:
            for consumer in self._consumers:
                await consumer.close()

    # What passes ask of each other.

    def want(self, this: ReplayPass) -> bool:
        followed = any(
            other is not this and other.crosses(this.positions) for other in self._passes
        )
        return followed or (
            len(self._passes) >= PASSES
            and any(not self._may_join(feed, this) for feed in self._waiting())
        )

    def who_joins(self, this: ReplayPass) -> list[Feed]:
        return [feed for feed in self._waiting() if self._may_join(feed, this)]

    async def let_live_go_first(self, seconds: float) -> None:
        """All passes together take half of the time while it has a backlog."""
        if self._live_has_backlog():
            await asyncio.sleep(min(seconds * len(self._passes), LOOK_SECONDS))

    # The passes' places.

    async def _serve(self) -> None:
        while True:
            feeds = [feed for feed in self._next_feeds() if not self._jumps_first(feed)]
            if feeds:
                # One is opened only when all others are at work: each costs 35 MB and more.
                consumer = self._idle.pop() if self._idle else self._open()
                await self._run_pass(consumer, feeds)
                self._idle.append(consumer)
            else:
                await asyncio.sleep(LOOK_SECONDS)

    def _open(self) -> OffsetConsumer:
        consumer = self._make_consumer()
        self._consumers.append(consumer)
        return consumer

    async def _run_pass(self, consumer: OffsetConsumer, feeds: list[Feed]) -> None:
        replay = self._make_pass(consumer)
        self._passes.append(replay)
        try:
            await replay.run(feeds, self)
        finally:
            self._passes.remove(replay)

    def _jumps_first(self, feed: Feed) -> bool:
        """Where it goes on is looked up for itself: it may take long, and others need not wait."""
        if not feed.jumps:
            return False
        task = asyncio.create_task(self._jumps.jump(feed), name="jump")
        self._jumping[feed] = task
        task.add_done_callback(lambda _: self._jumping.pop(feed))
        return True

    def _waiting(self) -> list[Feed]:
        """Those who wait for a pass, the longest first. All passes together look now and then:
        thousands may be behind."""
        now = asyncio.get_running_loop().time()
        if now >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            waiting = filter(self._waits, self._behind)
            since = {feed: self._waiting_since.get(feed, now) for feed in waiting}
            self._waiting_since = dict(sorted(since.items(), key=lambda item: item[1]))
        return list(filter(self._waits, self._waiting_since))

    def _waits(self, feed: Feed) -> bool:
        return (
            feed.wants_replay
            and feed not in self._jumping
            and not any(other.serves(feed) for other in self._passes)
        )

    def _may_join(self, feed: Feed, other: ReplayPass) -> bool:
        return other.crosses(feed.gaps) and not feed.jumps

    def _next_feeds(self) -> list[Feed]:
        """Who has waited longest, with all whose gaps are near; not who can join a pass."""
        waiting = [
            feed
            for feed in self._waiting()
            if not any(self._may_join(feed, other) for other in self._passes)
        ]
        if not waiting:
            return []
        first = waiting[0].gaps
        return [feed for feed in waiting if _is_near(feed.gaps, first)]


def _is_near(gaps: Offsets, others: Offsets) -> bool:
    shared = gaps.keys() & others.keys()
    return bool(shared) and sum(abs(gaps[s] - others[s]) for s in shared) <= NEAR_RECORDS
