"""The main path: consume → decode → route → format → deliver → confirm → commit.

Live and replay are the same path with another start. A batch is worked on in one go, without
an `await`, so between two batches everything holds still.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from events.formats.decode import Decoder
from events.kafka.records import Batch, PartitionRecords, TopicPartition
from shuttle.base_pass import BatchSource, Pass
from shuttle.commit.ledger import Ledger
from shuttle.feed.feed import Feed
from shuttle.feed.filter_shares import FOR_COUNTS
from shuttle.routing import FeedGroup, Parcel, Router
from shuttle.suspects import Suspects

logger = logging.getLogger(__name__)

TURNS = 4
"""Of the event loop between two batches while there is a backlog: a request and its answer take as
many, and with one for each batch a quick receiver would seem to be a slow one."""


class LivePass(Pass):
    """Serves every feed that has no gap; notes for the others what they miss. Owns which partitions
    are this worker's."""

    def __init__(
        self,
        consumer: BatchSource,
        decoder: Decoder,
        router: Router,
        ledger: Ledger,
        numbers: Iterator[int],
        on_expired: Callable[[TopicPartition, int, int], None],
        suspects: Suspects | None = None,
    ) -> None:
        """`on_expired(partition, begin, end)`: records between these offsets are lost."""
        self.consumer = consumer
        self.decoder = decoder
        self.router = router
        self.wants = router.wants
        self.numbers = numbers
        self.suspects = suspects or Suspects()
        self.ledger = ledger
        self._generations: dict[TopicPartition, int] = {}
        """Partitions that are ours, with the assignment under which they came."""
        self.received: Counter[str] = Counter()
        """Taken from Kafka so far, by topic."""
        self.backwards = asyncio.Event()
        """Set when a partition begins again before where it was: it may be another log."""
        self._on_expired = on_expired
        self._clock = asyncio.get_running_loop().time
        self.polled_at = self._clock()
        self.has_backlog = False
        """Whether the last batch was a full one, or there is a rest of it."""
        self._stopping = False
        self._idle = asyncio.Event()
        self._idle.set()

    async def run(self) -> None:
        self._idle.clear()
        try:
            while not self._stopping:
                await self.step()
                for _ in range(TURNS if self.has_backlog else 0):
                    await asyncio.sleep(0)
        finally:
            self._idle.set()
        await asyncio.Event().wait()  # a lasting task ends only by being cancelled

    async def stop(self) -> None:
        """Returns when the batch that is being worked on is done, and no other comes."""
        self._stopping = True
        self.suspects.stop()
        await self._idle.wait()

    def parts_of(self, batch: Batch) -> list[PartitionRecords]:
        newest = batch.generation
        return [part for part in batch.parts if self._is_ours(part.partition, newest)]

    def _is_ours(self, partition: TopicPartition, generation: int) -> bool:
        """Whether records of it, taken under this assignment, are for us: it has been taken over,
        and not under a later one."""
        ours = self._generations.get(partition, generation + 1)
        return ours <= generation and partition in self.ledger.positions

    def needs(self, group: FeedGroup, records: PartitionRecords) -> float:
        return 0.0 if any(_takes(feed, records) for feed in group.feeds) else FOR_COUNTS

    def met(self, parcel: Parcel) -> None:
        if parcel.is_unasked:
            return
        group, data = parcel.group, parcel.data
        group.lines += parcel.lines
        group.bytes += len(data[0]) if len(data) == 1 else sum(map(len, data))

    def hand_over(self, number: int, feed: Feed, parcel: Parcel) -> None:
        gaps = feed.gaps
        if gaps.live_from:
            begin = gaps.live_from.get(parcel.records.partition, 0)
            part = self.part_for(feed, parcel, parcel.records.part(begin))
            if part is None:
                return
            parcel = part
        records = parcel.records
        if not _takes(feed, records):
            feed.miss(number, records, parcel.lines, sure=not parcel.is_unasked)
        elif parcel.is_unasked:
            feed.leave_unasked(number, records, parcel.lines)
        else:
            feed.take(number, records, parcel.data, parcel.lines)
            if parcel.cut:
                feed.stats.cut(parcel.cut)

    def passed(self, number: int, batch: Batch) -> None:
        for records in batch.parts:
            self.received[records.partition.topic] += len(records)
        self.polled_at = self._clock()
        full = len(batch) >= self.consumer.batch_size.records
        self.has_backlog = full or self.rest is not None
        newest = batch.generation
        at = self.ledger.positions
        ends = {
            partition: end
            for partition, end in batch.ends.items()
            if end != at.get(partition) and self._is_ours(partition, newest)
        }
        for partition, low in batch.reset_to.items():
            if self._is_ours(partition, newest):
                self._resumed(partition, low)
                ends[partition] = low
        self.ledger.open(number, ends)

    def assigned(self, partitions: Iterable[TopicPartition], generation: int) -> None:
        """Partitions are ours by now; their records count from `took_over` on."""
        self._generations.update(dict.fromkeys(partitions, generation))

    def revoked(self, partitions: Iterable[TopicPartition]) -> None:
        """Records of these are nobody's business here any more."""
        for partition in partitions:
            self._generations.pop(partition, None)

    def has(self, partition: TopicPartition, generation: int) -> bool:
        """Whether it is ours, and under that assignment."""
        return self._generations.get(partition) == generation

    @property
    def partitions(self) -> int:
        """How many have been taken over."""
        return len(self.ledger.positions)

    def took_over(self, starts: Mapping[TopicPartition, int]) -> None:
        """Partitions begin here: what lies before is delivered, or cursors say who lacks it."""
        self.ledger.open(next(self.numbers), starts)

    def missing(self, partition: TopicPartition, begin: int, end: int) -> None:
        """Records that were still to be read have left Kafka."""
        self._on_expired(partition, begin, end)
        logger.error(
            "%d records of %s [%d] left Kafka before they were read",
            end - begin,
            *partition,
            extra={"action": "source_expired"},
        )

    def _resumed(self, partition: TopicPartition, low: int) -> None:
        position = self.ledger.positions[partition]
        if low > position:
            self.missing(partition, position, low)
        elif low < position:
            self.backwards.set()


def _takes(feed: Feed, records: PartitionRecords) -> bool:
    """Whether it gets these from the live pass."""
    return feed.takes_live and records.partition not in feed.gaps.offsets
