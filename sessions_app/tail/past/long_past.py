"""More of the past than can be held: all since a moment, or very many of the last lines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence

from events.kafka.records import TopicPartition
from events.lines import LogLine
from sessions_app.tail.live.blocks import BacklogBlock, LineSlice
from sessions_app.tail.live.hub import EXPIRED
from sessions_app.tail.live.mailbox import Item, StreamNotice
from sessions_app.tail.past.backlog import Backlog, LinesOf
from sessions_app.tail.past.backlog_parts import Found
from sessions_app.tail.past.edges import Bounds, Edges
from sessions_app.tail.past.limits import CUT, PastLimits, stopped_at
from sessions_app.tail.past.reach import KEPT_BYTES, reach, without_text
from sessions_app.tail.past.reading import Reading
from sessions_app.tail.past.stretch import Kept, Place, Stretch
from sessions_app.tail.signer import Signer
from sessions_app.tail.tokens import Resume, Window, base_of, window_suffix

AT_ONCE = 2
"""Of those in a process that look for where so many lines begin: each holds their times."""


class LongPast:
    """One viewer's. `topics`: as tokens count them. `turns`: of all of a process."""

    def __init__(
        self,
        edges: Edges,
        reading: Reading,
        lines_of: LinesOf,
        topics: Sequence[str],
        signer: Signer,
        limits: PastLimits,
        turns: asyncio.Semaphore,
    ) -> None:
        self._edges = edges
        self._reading = reading
        self._lines_of = lines_of
        self._topics = topics
        self._signer = signer
        self._limits = limits
        self._turns = turns
        self.rest = ""
        """The token of what is left where a bound has ended it; empty: nothing is."""
        self.cut_by = ""
        """The bound that ended the look for where the last lines begin."""

    async def all(self, since_ms: int, bounds: Bounds) -> AsyncGenerator[list[Item]]:
        """From the lows, which lie at that time, to the ends."""
        async for items in self._onward(_all, Place(bounds.lows, since_ms), bounds):
            yield items

    async def last(self, count: int, own_topic: str, bounds: Bounds) -> AsyncGenerator[list[Item]]:
        """So many lines before the ends."""
        filled = {p: end for p, end in bounds.ends.items() if bounds.lows[p] < end}
        async with self._turns:
            backlog = Backlog(
                self._reading,
                self._lines_of,
                count,
                own_topic,
                bytes_max=self._limits.bytes,
                seconds_max=self._reading.seconds + self._limits.seconds,
                kept_bytes=KEPT_BYTES,
                held_as=without_text,
            )
            found = await reach(backlog, bounds.lows, filled)
        if backlog.cut_by:
            self.cut_by = backlog.cut_by
            yield [CUT]
        if found is not None:
            place = Place({**bounds.ends, **found.begins}, found.begins_ms)
            async for items in self._onward(found.kept, place, bounds):
                yield items

    async def after(
        self, window: Window, resume: Resume, bounds: Bounds
    ) -> AsyncGenerator[list[Item]]:
        """What is left of a window, and all behind it."""
        lows, ends = bounds.lows, bounds.ends
        at = {p: resume.positions.get(p, low) for p, low in lows.items()}
        place = {p: min(max(at[p], lows[p]), end) for p, end in ends.items()}
        if place != at:
            yield [EXPIRED]
        elif resume.backlog_left:
            begins = {p: max(window.begins.get(p, end), lows[p]) for p, end in at.items()}
            lines = await self._stretch(_all).read(begins, at)
            if lines is None:
                yield [CUT]
            else:
                yield self._items(lines[-resume.backlog_left :], begins, Place(at, window.ends_ms))
        async for items in self._onward(_all, Place(place, window.ends_ms), bounds):
            yield items

    async def _onward(self, kept: Kept, place: Place, bounds: Bounds) -> AsyncGenerator[list[Item]]:
        stretch = self._stretch(kept)
        async for lines, begins, end in stretch.windows(place, bounds.ends, bounds.ends_ms):
            place = end
            if lines:
                yield self._items(lines, begins, end)
        if place.positions != bounds.ends:
            base = self._signer.signed(base_of(self._topics, place.positions))
            self.rest = f"{base}{self._suffix(place.positions, place)}0"
            yield [StreamNotice(stopped_at(place.ms), self.rest)]

    def _stretch(self, kept: Kept) -> Stretch:
        seconds_max = self._reading.seconds + self._limits.seconds

        def is_spent(size: int) -> bool:
            return size > self._limits.bytes or self._reading.seconds > seconds_max

        return Stretch(self._reading, self._edges.at, self._lines_of, is_spent, kept)

    def _items(
        self, lines: Sequence[LogLine], begins: Mapping[TopicPartition, int], end: Place
    ) -> list[Item]:
        block = BacklogBlock(lines, self._topics, end.positions, self._suffix(begins, end))
        return [LineSlice.whole(block)]

    def _suffix(self, begins: Mapping[TopicPartition, int], end: Place) -> str:
        return window_suffix(self._topics, begins, end.positions, end.ms)


def _all(found: Sequence[Found]) -> Sequence[Found]:
    return found
