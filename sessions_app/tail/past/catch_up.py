"""All that has come since a viewer left off, exactly: partition by partition, as it lies there."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing

from events.kafka.records import Offsets, PartitionRecords, TopicPartition
from sessions_app.tail.live.blocks import Block, LineSlice
from sessions_app.tail.live.mailbox import Item, Mailbox
from sessions_app.tail.past.limits import TOO_FAR, PastLimits
from sessions_app.tail.past.reading import Reading

CHUNK_BYTES = 2 * 1024 * 1024


class CatchUp:
    """Owns where its viewer has got to. `skip`: lines of a record that have been seen."""

    def __init__(
        self,
        reading: Reading,
        mailbox: Mailbox,
        block_of: Callable[[PartitionRecords, Offsets], Block],
        limits: PastLimits,
    ) -> None:
        self._reading = reading
        self._mailbox = mailbox
        self._block_of = block_of
        self._limits = limits
        self._at: Offsets = {}
        self._skip: Offsets = {}
        self.was_cut = False
        """Whether a bound has ended it the last time."""

    def begin(self, at: Mapping[TopicPartition, int], skip: Mapping[TopicPartition, int]) -> None:
        self._at, self._skip = dict(at), dict(skip)

    def set_right(self, lows: Offsets, ends: Offsets) -> bool:
        """Go on with what is still there, and with partitions that are new. True: lines are gone,
        or the log is another one by now."""
        new = {partition: low for partition, low in lows.items() if partition not in self._at}
        gone = {p for p, at in self._at.items() if not lows.get(p, 0) <= at <= ends.get(p, -1)}
        for partition in gone:
            self._skip.pop(partition, None)
        kept = {p: at for p, at in self._at.items() if p not in gone}
        self._at = kept | new | {p: lows[p] for p in gone if p in lows}
        return bool(gone)

    def records_before(self, ends: Offsets) -> int:
        return sum(ends[partition] - at for partition, at in self._at.items())

    async def items(self, ends: Offsets) -> AsyncGenerator[list[Item]]:
        seconds_max = self._reading.seconds + self._limits.seconds
        bytes_left = self._limits.bytes
        self.was_cut = False
        while begins := self._next(ends):
            if self._reading.seconds > seconds_max or bytes_left < 0:
                self.was_cut = True
                yield [TOO_FAR]
                break
            items, size = await self._chunk(begins, ends, seconds_max)
            bytes_left -= size
            if items:
                yield items
        for partition, at in ends.items():
            if self._at.get(partition, at) < at:
                self._at[partition] = at
                self._skip.pop(partition, None)

    def _next(self, ends: Mapping[TopicPartition, int]) -> Offsets:
        """What is to be read next, from where on. First of all the lines that have been seen: a
        token says of one partition only how many those are, and the next is another's."""
        begins = {p: at for p, at in self._at.items() if at < ends.get(p, 0)}
        return self._seen(begins) or begins

    def _seen(self, begins: Offsets) -> Offsets:
        """The ranges that begin with lines which have been seen."""
        return {p: at for p, at in begins.items() if self._skip.get(p)}

    async def _chunk(
        self, begins: Offsets, ends: Offsets, seconds_max: float
    ) -> tuple[list[Item], int]:
        """The next lines, and how many bytes of records were read for them."""
        items: list[Item] = []
        size = 0
        passing_over = bool(self._seen(begins))
        async with aclosing(self._reading.ranges(begins, ends)) as reads:
            async for records, moved in reads:
                if records is not None:
                    items += self._unseen(records)
                    size += records.bytes
                self._at |= moved
                if size > CHUNK_BYTES or self._reading.seconds > seconds_max:
                    break
                if passing_over and not self._seen(begins):
                    break  # the others' turn
        return items, size

    def _unseen(self, records: PartitionRecords) -> list[Item]:
        block = self._block_of(records, dict(self._at))
        skip = self._skip.get(records.partition, 0)
        if skip:
            self._skip[records.partition] = skip - min(skip, len(block.lines))
        wanted = self._mailbox.wanted(LineSlice.whole(block))
        number = wanted.block.number
        indices = [index for index in wanted.indices if number(index) >= skip]
        return [LineSlice(wanted.block, indices)] if indices else []
