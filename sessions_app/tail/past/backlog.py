"""The last lines of an app: read back from Kafka in growing steps, over all its partitions.

A partition is read back no further than needed: once there are enough lines, what is older than
the oldest of them cannot come in. Bounds: `BYTES_MAX` of records, of which each topic has a share,
`SECONDS_MAX` of reading, and `KEPT_BYTES` of lines. What was read whole by then is what there is,
and `cut_by` says that there may be more.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from operator import itemgetter
from typing import Protocol

from events.kafka.records import Offsets, PartitionRecords, TopicPartition
from events.lines import LogLine
from sessions_app.tail.past.backlog_parts import (
    KEPT_BYTES,
    Found,
    PartitionPast,
    TopicPast,
    newest_of,
    share_of,
    time_of,
)
from sessions_app.tail.past.range_readers import Read
from sessions_app.tail.tokens import Older

BYTES_MAX = 32 * 1024 * 1024
SECONDS_MAX = 2.0
FIRST_STEP_RECORDS = 100
"""Of each partition; each further step is `GROWTH` times as long. What an app of a space of its own
needs no more than: of many who come at once, the last one waits for what all of them decode."""
GROWTH = 4

LinesOf = Callable[[PartitionRecords], list[LogLine]]
Pasts = Mapping[TopicPartition, PartitionPast]


class Ranges(Protocol):
    """What is read from."""

    @property
    def seconds(self) -> float:
        """That reading has taken so far, without waiting for others."""

    def ranges(
        self, begins: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
    ) -> AsyncGenerator[Read]:
        """All records from these offsets to before those."""


class Backlog:
    """Owns how much may still be read, and what has been found so far. `own_topic`: which has the
    lines of few others."""

    def __init__(
        self,
        past: Ranges,
        lines_of: LinesOf,
        count: int,
        own_topic: str = "",
        *,
        bytes_max: int = BYTES_MAX,
        seconds_max: float = SECONDS_MAX,
        kept_bytes: int = KEPT_BYTES,
        held_as: Callable[[LogLine], LogLine] = lambda line: line,
        older: Older | None = None,
    ) -> None:
        """`held_as`: what is held of a line beside its time. `older`: than what has been shown."""
        self._past = past
        self._lines_of = lines_of
        self._older = older
        self._count = count + (older.shown if older else 0)
        self._own_topic = own_topic
        self._bytes_left = bytes_max
        self._seconds_max = seconds_max
        self._kept_bytes = kept_bytes
        self._held_as = held_as
        self._topics: defaultdict[str, TopicPast] = defaultdict(TopicPast)
        self.shown_before: list[Found] = []
        """What was found again of that."""
        self.cut_by = ""
        """The bound that ended it before all was found: seconds, bytes, kept_bytes."""

    async def read(
        self, lows: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
    ) -> list[LogLine]:
        """The last `count` lines before `ends`, by their times; those of one time by partition
        and in the order of the log."""
        return [found.line for found in await self.found(self.parts(lows, ends))]

    def parts(
        self, lows: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, PartitionPast]:
        """Nothing of them is read yet."""
        return {p: self._part(lows.get(p, 0), end) for p, end in sorted(ends.items())}

    async def found(self, parts: Pasts) -> list[Found]:
        """As `read`. What was read for it stays in `parts`."""
        step = max(FIRST_STEP_RECORDS, self._count)
        while open_ones := self._open(parts):
            begins = {} if self._is_late() else self._begins(open_ones, step)
            if not begins:
                self.cut_by = "seconds" if self._is_late() else "bytes"
                break
            await self._step_back(open_ones, begins)
            step *= GROWTH
        last = self._last(parts)
        kept = newest_of(last, self._kept_bytes)
        if len(kept) < self._count and any(part.is_full for part in parts.values()):
            self.cut_by = self.cut_by or "kept_bytes"
        return self._not_shown(kept)

    def _not_shown(self, found: list[Found]) -> list[Found]:
        """Those of one time are in the order that they were shown in: the last ones."""
        if self._older is not None:
            same = len(found) - bisect_left(found, self._older.time, key=itemgetter(0))
            new = len(found) - min(self._older.shown, same)
            found, self.shown_before = found[:new], found[new:]
        return found

    def _part(self, low: int, end: int) -> PartitionPast:
        return PartitionPast(low, end, self._kept_bytes)

    def _open(self, parts: Pasts) -> dict[TopicPartition, PartitionPast]:
        """The partitions that are to be read further back."""
        if not self._count:
            return {}
        last = self._last(parts)
        oldest = last[0].time if len(last) >= self._count else None
        return {
            partition: part
            for partition, part in parts.items()
            if part.may_have(oldest, self._count)
        }

    def _last(self, parts: Pasts) -> list[Found]:
        found = [each for part in parts.values() for each in part.found]
        found.sort(key=itemgetter(0))
        return found[-self._count :] if self._count else []

    def _begins(self, parts: Pasts, step: int) -> Offsets:
        """From where each is to be read, as far as its topic's share of what is left goes."""
        counts = Counter(partition.topic for partition in parts)
        steps = {}
        for name, partitions in counts.items():
            topic = self._topics[name]
            topic.bytes_left = share_of(self._bytes_left, name, counts, self._own_topic)
            steps[name] = min(step, topic.affordable(partitions))
        return {
            partition: max(part.low, part.begin - int(steps[partition.topic]))
            for partition, part in parts.items()
            if steps[partition.topic] >= 1
        }

    async def _step_back(self, parts: Pasts, begins: Offsets) -> None:
        """What of a partition was not read whole, as a bound was met, has a hole: not used."""
        ends = {partition: parts[partition].begin for partition in begins}
        older = {partition: self._part(0, 0) for partition in begins}
        left = dict(begins)
        while left and not self._is_late():
            await self._read(left, ends, older)
            left = {partition: at for partition, at in left.items() if at < ends[partition]}
            for name in {partition.topic for partition in left}:
                if self._topics[name].bytes_left < 0:
                    self._topics[name].has_been_cut()
                    for partition in [one for one in left if one.topic == name]:
                        del left[partition], older[partition]
        for partition, past in older.items():
            if partition not in left:
                parts[partition].put_before(past, begins[partition])

    async def _read(
        self, left: Offsets, ends: Offsets, found: Mapping[TopicPartition, PartitionPast]
    ) -> None:
        """Moves `left`; to the ends, unless a topic's share is used up before, or the time."""
        async with aclosing(self._past.ranges(left, ends)) as reads:
            async for records, moved in reads:
                if records is not None:
                    self._take(records, found[records.partition])
                left |= moved
                if self._is_late():
                    return
                if records is not None and self._topics[records.partition.topic].bytes_left < 0:
                    return

    def _take(self, records: PartitionRecords, part: PartitionPast) -> None:
        size = records.bytes
        self._bytes_left -= size
        self._topics[records.partition.topic].has_read(len(records), size)
        if part.earliest_ms is None:
            part.earliest_ms = records.earliest_ms
        held_as, end = self._held_as, records.end
        found = [Found(time_of(line), held_as(line), end) for line in self._lines_of(records)]
        if self._older is not None:
            found = [each for each in found if each.time <= self._older.time]
        part.add(found)

    def _is_late(self) -> bool:
        return self._past.seconds > self._seconds_max
