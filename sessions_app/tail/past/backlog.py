"""The last lines of an app: read back from Kafka in growing steps, over all its partitions.

A partition is read back no further than needed: once there are enough lines, what is older than
the oldest of them cannot come in. Bounds: `BYTES_MAX` of records and `SECONDS_MAX`; what has been
found by then is what there is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from operator import itemgetter
from typing import NamedTuple

from events.kafka.records import PartitionRecords, TopicPartition
from events.lines import LogLine

BYTES_MAX = 32 * 1024 * 1024
SECONDS_MAX = 2.0
FIRST_STEP_RECORDS = 100
"""Of each partition; each further step is `GROWTH` times as long. What an app of a space of its own
needs no more than: of many who come at once, the last one waits for what all of them decode."""
GROWTH = 4

PartsOf = Callable[
    [Mapping[TopicPartition, int], Mapping[TopicPartition, int]],
    AsyncGenerator[list[PartitionRecords]],
]
"""All records from these offsets to before those."""
LinesOf = Callable[[PartitionRecords], list[LogLine]]

_BEGIN_OF_TIME = datetime.min.replace(tzinfo=UTC)


class _Found(NamedTuple):
    time: datetime
    line: LogLine


class _Partition:
    """What is known of one so far."""

    def __init__(self, low: int, end: int) -> None:
        self.low = low
        self.begin = end
        """All from here to the end has been read."""
        self.earliest_ms: int | None = None
        self.found: list[_Found] = []

    def may_have(self, oldest: datetime | None, count: int) -> bool:
        """More of the last `count` lines, the oldest of which by now is of that time (None: there
        are fewer). What has not been read yet is older than what has."""
        if self.begin <= self.low or len(self.found) >= count:
            return False
        return oldest is None or self.earliest_ms is None or _of_ms(self.earliest_ms) > oldest


class Backlog:
    """Owns how much may still be read, and what has been found so far."""

    def __init__(
        self,
        parts_of: PartsOf,
        lines_of: LinesOf,
        count: int,
        *,
        bytes_max: int = BYTES_MAX,
        seconds_max: float = SECONDS_MAX,
    ) -> None:
        self._parts_of = parts_of
        self._lines_of = lines_of
        self._count = count
        self._bytes_left = bytes_max
        self._seconds_max = seconds_max
        self._records = self._bytes = 0

    async def read(
        self, lows: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
    ) -> list[LogLine]:
        """The last `count` lines before `ends`, by their times; those of one time by partition
        and in the order of the log."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._seconds_max
        parts = {p: _Partition(lows.get(p, 0), end) for p, end in sorted(ends.items())}
        step = max(FIRST_STEP_RECORDS, self._count)
        while open_ones := self._open(parts):
            step = min(step, self._affordable(len(open_ones)))
            if step < 1 or not await self._step_back(open_ones, step, deadline):
                break
            step *= GROWTH
        return [found.line for found in self._last(parts)]

    def _open(self, parts: Mapping[TopicPartition, _Partition]) -> dict[TopicPartition, _Partition]:
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

    def _last(self, parts: Mapping[TopicPartition, _Partition]) -> list[_Found]:
        found = [each for part in parts.values() for each in part.found]
        found.sort(key=itemgetter(0))
        return found[-self._count :] if self._count else []

    def _affordable(self, partitions: int) -> int:
        """Records of each partition that the bytes left are enough for, by those read so far."""
        if not self._records:
            return FIRST_STEP_RECORDS + self._count
        return int(self._bytes_left * self._records / max(self._bytes, 1)) // partitions

    async def _step_back(
        self, parts: Mapping[TopicPartition, _Partition], step: int, deadline: float
    ) -> bool:
        """False: a bound was met. What a partition gave by then has a hole and is not used."""
        begins = {partition: max(part.low, part.begin - step) for partition, part in parts.items()}
        ends = {partition: part.begin for partition, part in parts.items()}
        fresh = {partition: _Partition(0, 0) for partition in parts}
        loop = asyncio.get_running_loop()
        async with aclosing(self._parts_of(begins, ends)) as batches:
            async for read in batches:
                for records in read:
                    self._take(records, fresh[records.partition])
                if loop.time() > deadline or self._bytes_left < 0:
                    return False
        for partition, part in parts.items():
            part.begin = begins[partition]
            part.found[:0] = fresh[partition].found
            part.earliest_ms = fresh[partition].earliest_ms or part.earliest_ms
        return True

    def _take(self, records: PartitionRecords, part: _Partition) -> None:
        size = sum(len(value) for value in records.values if value)
        self._records += len(records)
        self._bytes += size
        self._bytes_left -= size
        if part.earliest_ms is None:
            part.earliest_ms = records.earliest_ms
        part.found += [_Found(_time_of(line), line) for line in self._lines_of(records)]


def _time_of(line: LogLine) -> datetime:
    try:
        return datetime.fromisoformat(line.time).astimezone(UTC)
    except (ValueError, OverflowError):  # an offset at the begin of time
        return _BEGIN_OF_TIME


def _of_ms(epoch_ms: int) -> datetime:
    try:
        return datetime.fromtimestamp(epoch_ms / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return _BEGIN_OF_TIME
