"""What is done for feeds now and then: written, confirmed, looked after, committed."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress

from confluent_kafka import KafkaException

from events.kafka.group_member import GroupMember
from events.kafka.records import Offsets, TopicPartition
from events.kafka.refusals import say_refusal
from shuttle.commit.cursor_writer import CursorWriter
from shuttle.commit.ledger import Ledger
from shuttle.commit.snapshots import held_batch
from shuttle.feed.context import WorkLists
from shuttle.feed.feed import Feed
from shuttle.worker.feeds import Feeds, guarded

LOOK_SECONDS = 0.01
SLICE_FEEDS = 500
OUTBOXES_BYTES = 96 * 1024 * 1024


class Ticks:
    """Owns only how far the consumer is behind Kafka: the rest is the feeds' and the ledger's."""

    def __init__(
        self,
        feeds: Feeds,
        lists: WorkLists[Feed],
        ledger: Ledger,
        cursor_writer: CursorWriter,
        member: GroupMember,
    ) -> None:
        self.consumer_lag = 0
        """Records that Kafka has and the live pass has not."""
        self._feeds = feeds
        self._lists = lists
        self._ledger = ledger
        self._cursor_writer = cursor_writer
        self._member = member
        self._clock = asyncio.get_running_loop().time
        self._confirmed_at = -math.inf

    async def flush_due(self) -> None:
        now = self._clock()
        for due in self._lists.due.values():
            while due and due[0][0] <= now:
                guarded(due.popleft()[1], Feed.flush)

    async def confirm(self) -> None:
        now = self._clock()
        if self._confirmed_at < self._feeds.held_up_until:
            # We have stood still: first let arrive what has been answered meanwhile.
            self._confirmed_at = math.inf  # with the next one in any case
            return
        self._confirmed_at = now
        await _for_each(self._lists.outstanding, lambda feed: feed.confirm(now))
        self._keep_within_budget()

    def _keep_within_budget(self) -> None:
        """All outboxes together are bounded: over it, the fullest leave the live pass."""
        sizes = {feed: feed.outbound.delivery.outbox_bytes for feed in self._lists.outstanding}
        excess = sum(sizes.values()) - OUTBOXES_BYTES
        if excess > 0:
            for fullest in sorted(sizes, key=sizes.__getitem__, reverse=True):
                fullest.outbound.leave_live("the worker's outboxes are full")
                excess -= sizes[fullest]
                if excess <= 0:
                    break

    async def tend(self) -> None:
        now = self._clock()
        await _for_each(self._feeds.by_id.values(), lambda feed: feed.tend(now))
        ends = await self._member.ends(self._ledger.positions)
        at = self._ledger.positions
        self.consumer_lag = sum(max(end - at.get(p, end), 0) for p, end in ends.items())

    async def commit(self) -> None:
        if await self._cursor_writer.tell_losses():
            self._settle()
            try:
                await self._member.commit(self._ledger.committable(self._clock()))
            except KafkaException as error:
                # They are committed with the next, or the lines are delivered again.
                say_refusal(error, "commit_failed")

    async def let_arrive(self, until: float, *, replayed: bool = False) -> None:
        """Flush, and wait until what is under way is confirmed. `until`: monotonic seconds.

        `replayed`: wait for lines of drains that are behind, too, while those get on.
        """
        for feed in list(self._lists.outstanding):
            feed.flush()
        while self._clock() < until:
            await self.confirm()
            now, under_way = self._clock(), self._lists.outstanding
            if not any(
                feed.takes_live or (replayed and feed.outbound.gets_on(now)) for feed in under_way
            ):
                break
            await asyncio.sleep(LOOK_SECONDS)

    async def hand_over(
        self, partitions: Collection[TopicPartition], arrive_until: float, until: float
    ) -> Offsets:
        """What may be committed of partitions that go, without the delay for receivers that die.

        Times are monotonic seconds: until when lines may arrive, and until when all is over.
        """
        # Cursors of drains that are behind wait for nobody: it may be the database that is slow.
        storing = asyncio.create_task(self._cursor_writer.keep(), name="store")
        try:
            await self.let_arrive(arrive_until)
            with suppress(TimeoutError):  # what is not stored is not committed
                async with asyncio.timeout_at(until):
                    await storing
                    await self._cursor_writer.keep(every_offset=True)
        finally:
            storing.cancel()
        self._settle()
        return self._ledger.settled_of(partitions)

    async def store_all(self) -> None:
        """The last that the database hears: nothing is held back any more but what has to be."""
        await self._cursor_writer.keep(every_offset=True)
        self._settle()
        self._ledger.committable(math.inf)
        await self._cursor_writer.keep(every_offset=True)

    def _settle(self) -> None:
        held = map(held_batch, self._lists.outstanding | self._lists.unstored)
        self._ledger.settle([batch for batch in held if batch is not None], self._clock())


async def _for_each(feeds: Iterable[Feed], act: Callable[[Feed], None]) -> None:
    """Some at a time: lines go on between."""
    those = list(feeds)
    for start in range(0, len(those), SLICE_FEEDS):
        for feed in those[start : start + SLICE_FEEDS]:
            guarded(feed, act)
        await asyncio.sleep(0)
