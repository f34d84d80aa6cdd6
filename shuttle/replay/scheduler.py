"""Which feeds wait for a replay pass, and whose turn it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from events.kafka.offset_consumer import OffsetConsumer
from events.kafka.records import Offsets
from shuttle.feed.feed import Feed
from shuttle.replay.passes import LOOK_SECONDS, NEAR_RECORDS, ReplayPass
from shuttle.replay.skips import LagSkips

PASSES = 4


class ReplayScheduler:
    """Owns the passes, the consumers that they read with, and who waits since when.

    `make_consumer` opens one more consumer. `behind`: all feeds with gaps.
    """

    def __init__(
        self,
        make_consumer: Callable[[], OffsetConsumer],
        make_pass: Callable[[OffsetConsumer], ReplayPass],
        behind: set[Feed],
        skips: LagSkips,
        live_has_backlog: Callable[[], bool],
    ) -> None:
        self._skips = skips
        self._live_has_backlog = live_has_backlog
        self._make_consumer = make_consumer
        self._make_pass = make_pass
        self._behind = behind
        self._passes: list[ReplayPass] = []
        self._skipping: dict[Feed, asyncio.Task[None]] = {}
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
            feeds = [feed for feed in self._next_feeds() if not self._skips_first(feed)]
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

    def _skips_first(self, feed: Feed) -> bool:
        """Where it goes on is looked up for itself: it may take long, and others need not wait."""
        if not feed.skips_first:
            return False
        task = asyncio.create_task(self._skips.skip(feed), name="skip")
        self._skipping[feed] = task
        task.add_done_callback(lambda _: self._skipping.pop(feed))
        return True

    def _waiting(self) -> list[Feed]:
        """The feeds that wait for a pass, the longest first. All passes together look now and then:
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
            and feed not in self._skipping
            and not any(other.serves(feed) for other in self._passes)
        )

    def _may_join(self, feed: Feed, other: ReplayPass) -> bool:
        return other.crosses(feed.gaps.offsets) and not feed.skips_first

    def _next_feeds(self) -> list[Feed]:
        """Who has waited longest, with all whose gaps are near; not who can join a pass."""
        waiting = [
            feed
            for feed in self._waiting()
            if not any(self._may_join(feed, other) for other in self._passes)
        ]
        if not waiting:
            return []
        first = waiting[0].gaps.offsets
        return [feed for feed in waiting if _is_near(feed.gaps.offsets, first)]


def _is_near(gaps: Offsets, others: Offsets) -> bool:
    shared = gaps.keys() & others.keys()
    return bool(shared) and sum(abs(gaps[p] - others[p]) for p in shared) <= NEAR_RECORDS
