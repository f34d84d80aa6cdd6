"""Which feeds wait for a replay pass, and whose turn it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from events.kafka.offset_consumer import OffsetConsumer
from shuttle.feed.feed import Feed
from shuttle.replay.passes import LOOK_SECONDS, OtherPasses, ReplayPass
from shuttle.replay.skips import LagSkips
from shuttle.replay.under_way import UnderWay
from shuttle.replay.waiting import Waiting

PASSES = 4
"""One serves feeds of many partitions; others are for those who are elsewhere in the same ones."""
PATTERNED_PASSES = 2
"""Of these, for feeds whose filters have patterns: they may wait long for their owner's share."""
UNDER_WAY_BYTES = 48 * 1024 * 1024
"""Half of what all outboxes of a worker may hold: the other half is for live lines."""


class ReplayScheduler:
    """Owns the passes, the consumers that they read with, and who waits.

    `make_consumer` opens one more consumer. `stirred`: feeds to which something has happened that
    may begin or end their replay (WorkLists).
    """

    def __init__(
        self,
        make_consumer: Callable[[], OffsetConsumer],
        make_pass: Callable[[OffsetConsumer, OtherPasses], ReplayPass],
        stirred: dict[Feed, None],
        skips: LagSkips,
        live_has_backlog: Callable[[], bool],
    ) -> None:
        self.under_way = UnderWay(UNDER_WAY_BYTES)
        self._skips = skips
        self._live_has_backlog = live_has_backlog
        self._make_consumer = make_consumer
        self._make_pass = make_pass
        self._stirred = stirred
        self._waiting = Waiting()
        self._served: dict[Feed, ReplayPass] = {}
        self._skipping: dict[Feed, asyncio.Task[None]] = {}
        self._passes: list[ReplayPass] = []
        self._patterned: set[ReplayPass] = set()
        """Those of them that were begun for a feed with patterns."""
        self._begun: asyncio.Queue[ReplayPass] = asyncio.Queue()
        self._consumers: list[OffsetConsumer] = []
        self._idle: list[OffsetConsumer] = []

    async def run(self) -> None:
        try:
            await asyncio.gather(self._watch(), *(self._serve() for _ in range(PASSES)))
        finally:
            for consumer in self._consumers:
                await consumer.close()

    # What passes ask of each other.

    def want(self, this: ReplayPass) -> bool:
        all_taken = len(self._passes) >= PASSES
        all_taken |= this in self._patterned and len(self._patterned) >= PATTERNED_PASSES
        if all_taken and self._waiting.are_stuck:
            return True
        positions = this.seats.positions
        return any(other is not this and other.crosses(positions) for other in self._passes)

    def left(self, feed: Feed) -> None:
        del self._served[feed]
        self._stirred[feed] = None

    async def let_live_go_first(self, seconds: float) -> None:
        """All passes together take half of the time while it has a backlog."""
        if self._live_has_backlog():
            await asyncio.sleep(min(seconds * len(self._passes), LOOK_SECONDS))

    # Who waits.

    async def _watch(self) -> None:
        while True:
            self._look()
            await asyncio.sleep(0 if self._waiting.have_come else LOOK_SECONDS)

    def _look(self) -> None:
        """Costs what has happened since the last one, and no more than so much for who waits."""
        self.under_way.measure()
        news = list(self._stirred)
        self._stirred.clear()
        for feed in news:
            self._heed(feed)
        for feed in self._waiting.next_full():
            self._heed(feed)
        for feed in self._waiting.next(from_first=self._has_place):
            self._heed(feed, place=True)

    def _heed(self, feed: Feed, *, place: bool = False) -> None:
        """Something may have happened to it."""
        if feed in self._served:
            self._served[feed].heed(feed)
        elif feed in self._skipping or not feed.wants_replay:
            self._waiting.discard(feed)
        elif not self._has_room(feed):
            self._waiting.is_full(feed)
        elif not place:
            self._waiting.add(feed)
        elif self._skips_first(feed) or self._place(feed):
            self._waiting.discard(feed)
        else:
            self._waiting.is_stuck(feed)

    def _has_room(self, feed: Feed) -> bool:
        """Whether its receiver has, and its filter may be asked."""
        receiver_has = feed.outbound.has_room(self.under_way.share_bytes // 2)
        return receiver_has and feed.context.filter_shares.lets_replay(feed.route)

    def _skips_first(self, feed: Feed) -> bool:
        """Where it goes on is looked up for itself: it may take long, and others need not wait."""
        if not feed.skips_first:
            return False
        task = asyncio.create_task(self._skips.skip(feed), name="skip")
        self._skipping[feed] = task
        task.add_done_callback(lambda _: self._skipped(feed))
        return True

    def _skipped(self, feed: Feed) -> None:
        del self._skipping[feed]
        self._stirred[feed] = None

    # The passes' places.

    @property
    def _has_place(self) -> bool:
        # One that lets go of its last pass's partitions is about to be idle.
        return bool(self._idle) or len(self._passes) == len(self._consumers) < PASSES

    def _place(self, feed: Feed) -> bool:
        """With a pass that will soon be there, or one of its own; False: there is none."""
        gaps, has_patterns = feed.gaps.offsets, feed.route.options.filter.has_patterns
        replay = next((one for one in self._passes if one.crosses(gaps)), None)
        is_free = not has_patterns or len(self._patterned) < PATTERNED_PASSES
        if replay is None and is_free and self._has_place:
            replay = self._begin()
            if has_patterns:
                self._patterned.add(replay)
        if replay is None:
            return False
        replay.take(feed)
        self._served[feed] = replay
        return True

    def _begin(self) -> ReplayPass:
        # One is opened only when all others are at work: each costs 35 MB and more.
        if not self._idle:
            self._idle.append(self._make_consumer())
            self._consumers += self._idle
        consumer = self._idle.pop()
        replay = self._make_pass(consumer, self)
        self._passes.append(replay)
        self._begun.put_nowait(replay)
        return replay

    async def _serve(self) -> None:
        while True:
            replay = await self._begun.get()
            try:
                await replay.run()
            finally:
                self._passes.remove(replay)
                self._patterned.discard(replay)
            await replay.consumer.assign({})  # what nobody reads is not to be fetched
            self._idle.append(replay.consumer)
