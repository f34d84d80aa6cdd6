"""Who is served by one replay pass, and where that is in each partition that they lack."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator

from events.kafka.offset_consumer import OffsetConsumer
from events.kafka.records import Offsets, PartitionRecords, TopicPartition
from events.kept import Kept, Room
from events.keys import Key
from events.lines import Origin
from shuttle.feed.feed import Feed
from shuttle.feed.seat import Seat

ORIGINS_BYTES = 4 * 1024 * 1024


class OriginsOf(Kept[Origin, bool]):
    """Whether an origin is of one of the keys of those who are served; found out once."""

    def __init__(self) -> None:
        super().__init__(Room(ORIGINS_BYTES))
        self._keys: Counter[Key] = Counter()

    def add(self, key: Key) -> None:
        self._keys[key] += 1
        if self._keys[key] == 1:
            self.clear()

    def remove(self, key: Key) -> None:
        self._keys[key] -= 1
        if not self._keys[key]:
            del self._keys[key]
            self.clear()

    def __missing__(self, origin: Origin) -> bool:
        return self.keep(origin, origin.key in self._keys)

    def size_of(self, origin: Origin, _: bool) -> int:
        return origin.bytes


class Seats:
    """Owns them, by feed and by partition, and the positions. A partition that nobody lacks any
    more is let go of; one that is new is *fresh* until the consumer has taken it up."""

    def __init__(self) -> None:
        self.positions: Offsets = {}
        self.times: dict[TopicPartition, float] = {}
        """Of records that were read there last, as epoch seconds."""
        self.wanted = OriginsOf()
        self._of: dict[Feed, Seat] = {}
        self._within: dict[TopicPartition, dict[Seat, None]] = {}
        self._portioned: dict[TopicPartition, dict[Seat, None]] = {}
        self._fresh: set[TopicPartition] = set()
        self._gone: set[TopicPartition] = set()
        self._since: dict[TopicPartition, int] = {}
        """From which generation of the consumer's batches on it has a partition."""

    def __len__(self) -> int:
        return len(self._of)

    def __iter__(self) -> Iterator[Seat]:
        return iter(self._of.values())

    def __contains__(self, feed: Feed) -> bool:
        return feed in self._of

    def of(self, feed: Feed) -> Seat | None:
        return self._of.get(feed)

    def within(self, partition: TopicPartition) -> list[Seat]:
        """Of those who lack something of it."""
        return list(self._within.get(partition, ()))

    def portioned(self, partition: TopicPartition) -> list[Seat]:
        """Those of them to whom a portion is handed over first."""
        return list(self._portioned.get(partition, ()))

    def met(self, parts: Iterable[PartitionRecords], wall: float) -> None:
        """These were read. `wall`: epoch seconds, now."""
        for records in parts:
            time = records.time(wall)
            if records.partition in self.positions and time != wall:
                self.times[records.partition] = time

    def distance(self, gaps: Offsets) -> float:
        """Records that lie between here and these gaps; infinite: it is beyond one of them."""
        records = 0
        for partition, gap in gaps.items():
            position = self.positions.get(partition, gap)
            if position > gap and partition not in self._fresh:
                return math.inf
            records += abs(gap - position)
        return records

    def take(self, feed: Feed) -> None:
        """One whose gaps are near."""
        seat = self._of[feed] = Seat(feed)
        self.wanted.add(seat.key)
        for partition, gap in feed.gaps.offsets.items():
            if partition not in self.positions:
                self._fresh.add(partition)
            self.positions[partition] = min(gap, self.positions.get(partition, gap))
            self._within.setdefault(partition, {})[seat] = None
            if seat.portion is not None:
                self._portioned.setdefault(partition, {})[seat] = None

    def remove(self, seat: Seat) -> None:
        del self._of[seat.feed]
        self.wanted.remove(seat.key)
        for partition in list(seat.places):
            self.lacks_no_more(seat, partition)

    def lacks_no_more(self, seat: Seat, partition: TopicPartition) -> None:
        seat.places.discard(partition)
        for seats in (self._within, self._portioned):
            if partition in seats:
                seats[partition].pop(seat, None)
                if not seats[partition]:
                    del seats[partition]
        if partition not in self._within:
            del self.positions[partition]
            self.times.pop(partition, None)
            self._since.pop(partition, None)
            if partition in self._fresh:
                self._fresh.discard(partition)
            else:
                self._gone.add(partition)

    async def tell(self, consumer: OffsetConsumer) -> None:
        """What is to be read from now on, and what is not."""
        while self._gone:  # while one is let go of, another one may be gone, and fresh again
            gone, self._gone = self._gone, set()
            await consumer.let_go(gone)
        if self._fresh:
            fresh, self._fresh = self._fresh, set()
            starts = {partition: self.positions[partition] for partition in fresh}
            generation = await consumer.take_up(starts)
            for partition in starts.keys() - self._gone - self._fresh:
                self._since[partition] = generation

    def are_read(self, partition: TopicPartition, generation: int) -> bool:
        """Whether what a batch of this generation has of a partition is for them."""
        return self._since.get(partition, generation + 1) <= generation
