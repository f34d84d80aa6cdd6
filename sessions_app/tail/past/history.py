"""What comes before live: the backlog, or all since the place where a viewer left off.

A reader of Kafka is held only while it reads: never while a client takes what was read.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import NamedTuple, TypeVar

from confluent_kafka import KafkaException

from events.kafka.reasons import is_away
from events.kafka.records import Offsets, PartitionRecords, TopicPartition
from events.kafka.refusals import say_refusal
from events.kafka.topic_descriptions import refusal_of
from events.lines import LogLine
from events.topics import SOURCE_TOPICS
from sessions_app.tail.live.blocks import BacklogBlock, Block, LineSlice
from sessions_app.tail.live.fan_out import Audience
from sessions_app.tail.live.hub import EXPIRED, Hub
from sessions_app.tail.live.mailbox import Item, Mailbox, StreamNotice
from sessions_app.tail.live.topic_demand import topics_for
from sessions_app.tail.past.backlog import Backlog
from sessions_app.tail.past.look_backs import LookBacks, LookedBack
from sessions_app.tail.past.range_readers import RangeReaders
from sessions_app.tail.past.reading import Reading
from sessions_app.tail.past.survey import Survey
from sessions_app.tail.past.turns import Reader
from sessions_app.tail.session import Session
from sessions_app.tail.tokens import Resume

logger = logging.getLogger(__name__)

CATCH_UP_BYTES = 128 * 1024 * 1024
CATCH_UP_SECONDS = 20.0
"""Who was away for more than can be read in these bounds goes on with what is new, after a gap."""
CHUNK_BYTES = 2 * 1024 * 1024
NEAR_RECORDS = 2_000
"""So near to live the mailbox can hold what comes meanwhile."""
RETRY_SECONDS = 1.0

TOO_FAR = StreamNotice("too much has been logged since: going on with the newest lines")
CUT = StreamNotice("the last lines were read back only so far: too much has been logged")

_Answer = TypeVar("_Answer")


class Shared(NamedTuple):
    """What all viewers of a process share."""

    hub: Hub
    survey: Survey
    readers: RangeReaders
    look_backs: LookBacks
    bounds_met: Counter[str]
    """How often, by which."""


class History:
    """For one viewer. When all has been taken, the mailbox gets what follows."""

    def __init__(self, shared: Shared, session: Session, mailbox: Mailbox) -> None:
        self._hub, self._survey, readers, self._look_backs, self._bounds_met = shared
        self._reading = Reading(readers, Reader(session.selection.key, session.name))
        self._session = session
        self._mailbox = mailbox
        self._audience = Audience(session.selection.key)
        self._at: Offsets = {}
        self._skip: Offsets = {}
        self.away = False
        """Whether Kafka did not answer when last asked."""
        self.joined = False

    async def refusal(self) -> StreamNotice | None:
        """What is to be said when Kafka lets us read nothing of it. An app's lines are those of its
        space; that there are no others is nothing to stop for. None of no topic is refused."""
        topics = topics_for(self._session.selection)
        own = topics - SOURCE_TOPICS or topics
        if not own or await self._ask(lambda: self._survey.unreadable(own)) < own:
            return None
        return StreamNotice(refusal_of(own))

    async def backlog(self) -> AsyncGenerator[list[Item]]:
        """The last lines before live."""
        ends = await self.join()
        if self._session.lines:
            looked = await self._look_backs.of(
                self._session, self._mailbox, lambda: self._look_back(ends)
            )
            if items := _said(looked):
                yield items

    async def since(self, resume: Resume) -> AsyncGenerator[list[Item]]:
        """All that a viewer has not seen, as far as it is still there."""
        topics = topics_for(self._session.selection)
        self._at = {p: at for p, at in resume.positions.items() if p.topic in topics}
        if resume.backlog_left and self._session.lines:
            looked = await self._look_back(self._at, resume.backlog_left)
            if items := _said(looked):
                yield items
        if resume.partition is not None:
            self._skip = {resume.partition: resume.skip}
        lows, ends = await self._ask(lambda: self._survey.bounds(topics))
        if self._set_right(lows, ends):
            yield [EXPIRED]
        if sum(ends[partition] - at for partition, at in self._at.items()) > NEAR_RECORDS:
            async for items in self._catch_up(ends):
                yield items
        starts = await self.join(ends)
        async for items in self._catch_up(starts):
            yield items

    async def join(self, not_before: Mapping[TopicPartition, int] | None = None) -> Offsets:
        """Live, and nothing of the past."""
        starts = await self._hub.join(self._mailbox, not_before or {})
        self.joined = True
        return starts

    async def _ask(self, question: Callable[[], Awaitable[_Answer]]) -> _Answer:
        """Until Kafka answers."""
        while True:
            try:
                answer = await question()
            except KafkaException as error:
                say_refusal(error, "tail_survey_failed")
                self.away = is_away(error)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self.away = False
                return answer

    def _set_right(self, lows: Offsets, ends: Offsets) -> bool:
        """Go on with what is still there, and with partitions that are new. True: lines are gone,
        or the log is another one by now."""
        new = {partition: low for partition, low in lows.items() if partition not in self._at}
        gone = {p for p, at in self._at.items() if not lows.get(p, 0) <= at <= ends.get(p, -1)}
        for partition in gone:
            self._skip.pop(partition, None)
        kept = {p: at for p, at in self._at.items() if p not in gone}
        self._at = kept | new | {p: lows[p] for p in gone if p in lows}
        return bool(gone)

    async def _look_back(self, ends: Offsets, left: int | None = None) -> LookedBack:
        """The last lines of the session before `ends`, or of those the last `left`."""
        lows = await self._ask(lambda: self._survey.lows(ends.keys()))
        filled = {p: at for p, at in ends.items() if lows.get(p, at) < at}
        own = getattr(self._session.selection.key, "space", "")
        backlog = Backlog(self._reading, self._lines_of, self._session.lines, own)
        lines = await backlog.read(lows, filled)
        block = BacklogBlock(lines[-(left or len(lines)) :], self._audience.topics, ends)
        if backlog.cut_by:
            self._bounds_met[f"backlog_{backlog.cut_by}"] += 1
        return LookedBack(block if lines else None, bool(backlog.cut_by))

    def _lines_of(self, records: PartitionRecords) -> list[LogLine]:
        piece = self._mailbox.wanted(LineSlice.whole(self._block_of(records)))
        return [piece.block.lines[index] for index in piece.indices]

    def _block_of(self, records: PartitionRecords) -> Block:
        """All lines of the app in a run."""
        key = self._session.selection.key
        decoder = self._hub.fan_out.decoder
        lines = decoder.wanted_lines_of(records, lambda origin: origin.key == key, again=True)
        return self._audience.block_of(records.partition, list(lines), dict(self._at))

    async def _catch_up(self, ends: Offsets) -> AsyncGenerator[list[Item]]:
        seconds_max = self._reading.seconds + CATCH_UP_SECONDS
        bytes_left = CATCH_UP_BYTES
        while begins := self._next(ends):
            if self._reading.seconds > seconds_max or bytes_left < 0:
                self._bounds_met["catch_up"] += 1
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
                    size += sum(len(value) for value in records.values if value)
                self._at |= moved
                if size > CHUNK_BYTES or self._reading.seconds > seconds_max:
                    break
                if passing_over and not self._seen(begins):
                    break  # the others' turn
        return items, size

    def _unseen(self, records: PartitionRecords) -> list[Item]:
        block = self._block_of(records)
        skip = self._skip.get(records.partition, 0)
        if skip:
            self._skip[records.partition] = skip - min(skip, len(block.lines))
        wanted = self._mailbox.wanted(LineSlice.whole(block))
        number = wanted.block.number
        indices = [index for index in wanted.indices if number(index) >= skip]
        return [LineSlice(wanted.block, indices)] if indices else []


def _said(looked: LookedBack) -> list[Item]:
    """What is missing is older than what is there."""
    items: list[Item] = [CUT] if looked.is_cut else []
    return items if looked.block is None else [*items, LineSlice.whole(looked.block)]
