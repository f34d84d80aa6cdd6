"""What one viewer reads of the past: range by range, a turn at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from events.kafka.records import TopicPartition
from sessions_app.tail.past.range_readers import RangeReaders, Read
from sessions_app.tail.past.turns import Reader

TURN_SECONDS = 0.25
"""Then it is the turn of somebody who waits, if anybody does."""


class Reading:
    """`whose`: who reads, and so whose turn it takes."""

    def __init__(self, readers: RangeReaders, whose: Reader) -> None:
        self._readers = readers
        self._whose = whose
        self._seconds = 0.0
        self._since: float | None = None

    @property
    def seconds(self) -> float:
        """That it has read by now: who waits for others must not be shown less for it."""
        now = asyncio.get_running_loop().time()
        return self._seconds + (0.0 if self._since is None else now - self._since)

    async def ranges(
        self, begins: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
    ) -> AsyncGenerator[Read]:
        """As `RangeReader.ranges`, through as many turns as it takes."""
        left = dict(begins)
        while left := {p: at for p, at in left.items() if at < ends[p]}:
            async with self._readers.turn(self._whose, left) as reader:
                self._since = asyncio.get_running_loop().time()
                turn_ends = self.seconds + TURN_SECONDS
                try:
                    async with aclosing(reader.ranges(left, ends)) as reads:
                        async for read in reads:
                            left |= read[1]
                            began = self.seconds
                            yield read
                            await asyncio.sleep((self.seconds - began) * self._patience())
                            if self.seconds > turn_ends and self._is_missed():
                                break
                except GeneratorExit:
                    return  # it has enough: the reader is as good as before
                finally:
                    self._seconds, self._since = self.seconds, None

    def _patience(self) -> int:
        """How many times as long as a piece was worked on the next one waits: one reader may have
        all of the event loop's time that nobody else wants; several have less than half."""
        return 3 * (self._readers.turns.seated - 1)

    def _is_missed(self) -> bool:
        return self._readers.turns.is_missed(self._whose)
