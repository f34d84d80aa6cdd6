"""One batch: from records to the feeds that they are for, in no more time than others can wait."""

from __future__ import annotations

import asyncio
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import partial
from typing import Protocol

import msgspec

from events.formats.decode import Decoder
from events.kafka.batch_size import WORK_SECONDS, BatchSize
from events.kafka.records import Batch, PartitionRecords
from events.lines import OriginTest
from shuttle.asking import Asking
from shuttle.feed.feed import Feed
from shuttle.routing import FeedGroup, Parcel, Router
from shuttle.suspects import Suspects
from shuttle.turn import Turn

SLICE_RECORDS = 1_000
"""So many are taken on at once, at most: between two slices we look at the clock."""
NOT_AT_ALL = math.inf
"""A group needs more of its owner's share than there is, to be asked by its filter."""


class BatchSource(Protocol):
    """Where a pass has its records from."""

    @property
    def batch_size(self) -> BatchSize: ...

    async def next_batch(self) -> Batch:
        """The next records, or an empty batch after a moment without any."""


class Pass(ABC):
    """One way through Kafka's records. `numbers` counts the batches of all passes together."""

    consumer: BatchSource
    decoder: Decoder
    router: Router
    wants: OriginTest
    """Whether anybody wants an origin's lines of this pass: others are not made."""
    numbers: Iterator[int]
    suspects: Suspects
    reads_again = False
    """Whether the live pass reads the same records: bad ones are counted there."""
    rest: Batch | None = None
    """What there was no time for."""
    _decoded: PartitionRecords | None = None
    """Its first part, where that has been decoded, and its bad records counted."""
    _working_on: PartitionRecords | None = None
    """What is being handed over."""
    _asked: Asking[FeedGroup] | None = None
    """About what is being handed over."""
    _slice = SLICE_RECORDS
    """How many records are taken on at once."""

    async def step(self) -> None:
        """One batch, from Kafka to the feeds. What there is no time for is one of its own, with the
        next step: nothing changes inside a batch, and others get their turns in between."""
        if self.rest is not None:
            await asyncio.sleep(0)
        batch = self.rest or await self._next_batch()
        turn, number = Turn(), next(self.numbers)
        try:
            done, self.rest = self._work_on(number, batch, turn)
        except BaseException as error:
            if self._working_on is not None:
                await self.suspects.ended_by(error, self._working_on, turn.seconds)
            raise
        self._working_on = None
        self.passed(number, done)
        self.consumer.batch_size.worked_on(len(batch), turn.seconds)

    async def _next_batch(self) -> Batch:
        batch = await self.consumer.next_batch()  # fetched during the last step
        if self.suspects.are_there:
            batch = await self.suspects.passable(batch, self._work_out)
        return batch

    def _work_out(self, records: PartitionRecords) -> list[Parcel]:
        lines = self.decoder.wanted_lines_of(records, self.wants, again=True)
        return self.router.parcels_for(records, lines)

    def _work_on(self, number: int, batch: Batch, turn: Turn) -> tuple[Batch, Batch | None]:
        """What has been done of a batch, and the rest."""
        parts, decoded, records = self.parts_of(batch), self._decoded, 0
        for part in parts:
            begin = 0
            while (left := part.behind(begin) if begin else part) is not None:
                some = left.first(self._slice)
                done = self._pass_on(number, some, turn, again=part is decoded)
                seam, begin = begin + len(some), begin + len(done)
                records += len(done)
                if turn.is_over and (begin < len(part) or part is not parts[-1]):
                    self._slice = max(int(records * WORK_SECONDS / turn.seconds), 1)
                    finished, rest = batch.cut(part, begin, begin if part is decoded else seam)
                    is_decoded = part is decoded or begin < seam
                    self._decoded = rest.parts[0] if is_decoded and begin < len(part) else None
                    return finished, rest
                self._slice = min(2 * self._slice, SLICE_RECORDS)
        self._decoded = None
        return batch, None

    def _pass_on(
        self, number: int, records: PartitionRecords, turn: Turn, *, again: bool
    ) -> PartitionRecords:
        """To the feeds, as many of these as filters have been asked about before the turn was over:
        one at least. `again`: they have been decoded before."""
        self._working_on = records
        again = again or self.reads_again
        lines = self.decoder.wanted_lines_of(records, self.wants, again=again)
        needs = partial(self.needs, records=records)
        asking = self._asked = self.router.asking(lines, needs)
        if asking is not None:
            asking.ask(lines, turn)
            if asking.asked < len(lines):
                records = self._first_with(asking.asked, records)
                lines = self.decoder.wanted_lines_of(records, self.wants, again=True)
                asking.ask(lines, Turn(math.inf))  # the others of the last record
        self.begin(records)
        for parcel in self.router.parcels_for(records, lines, asking):
            self.met(parcel)
            for feed in parcel.group.feeds:
                self.hand_over(number, feed, parcel)
        return records

    def _first_with(self, lines: int, records: PartitionRecords) -> PartitionRecords:
        """The first of these, as few as hold so many lines."""
        low, high = 0, len(records)
        while high - low > 1:
            middle = (low + high) // 2
            some = PartitionRecords(records.partition, records.messages[low:middle])
            held = len(self.decoder.wanted_lines_of(some, self.wants, again=True))
            if held < lines:
                low, lines = middle, lines - held
            else:
                high = middle
        return records.first(high)

    @abstractmethod
    def parts_of(self, batch: Batch) -> list[PartitionRecords]:
        """The parts of a batch that are this pass's to handle."""

    @abstractmethod
    def needs(self, group: FeedGroup, records: PartitionRecords) -> float:
        """How much has to be left of its owner's share, in seconds, for a group to be asked about
        these by its filter."""

    def begin(self, records: PartitionRecords) -> None:  # noqa: B027
        """What comes is of these."""

    def met(self, parcel: Parcel) -> None:  # noqa: B027
        """Lines that somebody wants."""

    @abstractmethod
    def hand_over(self, number: int, feed: Feed, parcel: Parcel) -> None:
        """Give a feed its lines, if they are for this pass to give."""

    @abstractmethod
    def passed(self, number: int, batch: Batch) -> None:
        """A batch is behind us."""

    def part_for(self, feed: Feed, parcel: Parcel, part: PartitionRecords | None) -> Parcel | None:
        """Only these of a parcel's records."""
        if part is None or len(part) == len(parcel.records):
            return parcel if part else None
        if parcel.is_unasked:
            return msgspec.structs.replace(parcel, records=part)
        key = feed.route.key
        mine = self.decoder.wanted_lines_of(part, lambda of: of.key == key, again=True)
        asked = self._asked.of_some(mine) if self._asked is not None else None
        parcels = self.router.parcels_for(part, mine, asked)
        return next((found for found in parcels if found.group is parcel.group), None)
