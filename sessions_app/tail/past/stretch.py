"""All lines from a place on, however many: in windows of Kafka's time, each of them read whole.

So lines come by their own times though partitions are read side by side, the first ones soon, and
who reads them slowly holds one window in memory.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from operator import itemgetter
from typing import NamedTuple

from events.kafka.records import Offsets, TopicPartition
from events.lines import LogLine
from sessions_app.tail.past.backlog import LinesOf, Ranges
from sessions_app.tail.past.backlog_parts import KEPT_BYTES, Found, time_of

FIRST_RECORDS, RECORDS_MAX = 10_000, 200_000
"""Of a window: few at first, so that the first line comes soon."""
FIRST_MS = 60_000
GROWTH = 4
WINDOW_BYTES = 16 * 1024 * 1024
"""Of a window's records."""

Kept = Callable[[Sequence[Found]], Sequence[Found]]
"""What is shown of a window's lines, which come by their times."""

At = Callable[[Collection[TopicPartition], int], Awaitable[Mapping[TopicPartition, int | None]]]
"""The first record of each that is stamped with this time (epoch milliseconds) or later."""


class Place(NamedTuple):
    """Between two windows."""

    positions: Mapping[TopicPartition, int]
    ms: int
    """Epoch milliseconds of Kafka's time: what is stamped earlier has been read, but for records
    that are not in the order of their stamps."""


class WindowRead(NamedTuple):
    lines: list[LogLine]
    begins: Mapping[TopicPartition, int]
    end: Place


class Stretch:
    """`is_spent`: whether a bound ends it, after so many bytes of records."""

    def __init__(
        self,
        past: Ranges,
        at: At,
        lines_of: LinesOf,
        is_spent: Callable[[int], bool],
        kept: Kept,
        *,
        kept_bytes: int = KEPT_BYTES,
    ) -> None:
        self._past = past
        self._at = at
        self._lines_of = lines_of
        self._is_spent = is_spent
        self._kept = kept
        self._kept_bytes = kept_bytes
        self._most = FIRST_RECORDS
        self._step_ms = FIRST_MS
        self._bytes = 0

    async def windows(
        self, place: Place, ends: Mapping[TopicPartition, int], ends_ms: int
    ) -> AsyncGenerator[WindowRead]:
        """From the place to before `ends`, unless a bound comes first, which is looked for between
        windows. `ends_ms`: a time that nothing is stamped with which lies before them."""
        while place.positions != ends and not self._is_spent(self._bytes):
            end = await self._next(place, ends, ends_ms)
            lines = await self.read(place.positions, end.positions)
            if lines is not None:
                yield WindowRead(lines, place.positions, end)
                place = end

    async def read(
        self, begins: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
    ) -> list[LogLine] | None:
        """All lines of a window, by their times; None when it is too large to be held: the next one
        is smaller."""
        parts: dict[TopicPartition, list[Found]] = {partition: [] for partition in sorted(ends)}
        records_read = bytes_read = kept = 0
        async with aclosing(self._past.ranges(begins, ends)) as reads:
            async for records, _ in reads:
                if records is not None:
                    lines = [Found(time_of(line), line) for line in self._lines_of(records)]
                    parts[records.partition] += lines
                    size = records.bytes
                    kept += sum(found.size for found in lines)
                    records_read, bytes_read = records_read + len(records), bytes_read + size
                    self._bytes += size
                    excess = max(bytes_read / WINDOW_BYTES, kept / self._kept_bytes)
                    if excess > 1 and records_read > len(parts):
                        self._most = max(int(records_read / excess / 2), 1)
                        return None
        if max(bytes_read / WINDOW_BYTES, kept / self._kept_bytes) < 1 / GROWTH:
            self._most = min(self._most * GROWTH, RECORDS_MAX)
        found = [each for part in parts.values() for each in part]
        found.sort(key=itemgetter(0))
        return [each.line for each in self._kept(found)]

    async def _next(self, place: Place, ends: Mapping[TopicPartition, int], ends_ms: int) -> Place:
        """Where the window that begins here ends: with about as many records as one may have."""
        ms = place.ms
        while True:
            upto_ms = ms + self._step_ms
            is_last = upto_ms >= ends_ms
            upto = dict(ends) if is_last else await self._upto(place, ends, upto_ms)
            records = _records(place.positions, upto)
            if records > self._most:
                if self._step_ms == 1:  # of one time, or not in the order of their stamps
                    return Place(_some(place.positions, upto, self._most), ms)
                self._step_ms = max(int(min(self._step_ms, ends_ms - ms) * self._most / records), 1)
                continue
            if records * GROWTH < self._most:
                self._step_ms *= GROWTH
            if records or is_last:
                return Place(upto, min(upto_ms, ends_ms))
            ms = upto_ms  # nothing lies between

    async def _upto(self, place: Place, ends: Mapping[TopicPartition, int], ms: int) -> Offsets:
        found = await self._at(ends.keys(), ms)
        return {
            partition: end if (at := found.get(partition)) is None
            else min(max(at, place.positions[partition]), end)
            for partition, end in ends.items()
        }  # fmt: skip


def _records(begins: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]) -> int:
    return sum(end - begins[partition] for partition, end in ends.items())


def _some(
    begins: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int], most: int
) -> Offsets:
    """Not all of them; one of each partition at least."""
    each = max(most // len(ends), 1)
    return {partition: min(end, begins[partition] + each) for partition, end in ends.items()}
