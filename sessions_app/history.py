"""What comes before live: the backlog, or all since the place where a reader left off.

A reader of Kafka is held only while it reads: never while a client takes what was read.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import TypeVar

from confluent_kafka import KafkaException

from events.cluster import Cluster
from events.lines import LogLine
from events.records import Run, TopicPartition
from sessions_app.backlog import Backlog
from sessions_app.fanout import Audience
from sessions_app.hub import EXPIRED, Hub
from sessions_app.mailbox import BacklogBlock, Block, Gap, Item, Mailbox, Piece
from sessions_app.needs import topics_for
from sessions_app.reader import Reader, Readers
from sessions_app.session import Session
from sessions_app.tokens import Resume

logger = logging.getLogger(__name__)

CATCH_UP_BYTES = 128 * 1024 * 1024
CATCH_UP_SECONDS = 20.0
"""Who was away for more than can be read in these bounds goes on with what is new, after a gap."""
CHUNK_BYTES = 2 * 1024 * 1024
NEAR_RECORDS = 2_000
"""So near to live the mailbox can hold what comes meanwhile."""
RETRY_SECONDS = 1.0

TOO_FAR = Gap("too much has been logged since: going on with the newest lines")

_Answer = TypeVar("_Answer")
Places = dict[TopicPartition, int]


class History:
    """For one reader. When all has been taken, the mailbox gets what follows."""

    def __init__(self, hub: Hub, readers: Readers, session: Session, mailbox: Mailbox) -> None:
        self._hub = hub
        self._readers = readers
        self._session = session
        self._mailbox = mailbox
        self._audience = Audience(session.selection.key)
        self._at: Places = {}
        self._skip: Places = {}
        self.away = False
        """Whether Kafka did not answer when last asked."""
        self.joined = False

    async def backlog(self) -> AsyncGenerator[list[Item]]:
        """The last lines before live."""
        ends = await self.join()
        if items := await self._backlog_before(ends, self._session.lines):
            yield items

    async def since(self, resume: Resume) -> AsyncGenerator[list[Item]]:
        """All that a reader has not seen, as far as it is still there."""
        topics = topics_for(self._session.selection)
        self._at = {s: at for s, at in resume.positions.items() if s.topic in topics}
        if resume.backlog_left and (
            items := await self._backlog_before(self._at, resume.backlog_left)
        ):
            yield items
        if resume.source is not None:
            self._skip = {resume.source: resume.skip}
        lows, ends = await self._ask(lambda cluster: _bounds(cluster, topics))
        if self._set_right(lows, ends):
            yield [EXPIRED]
        if sum(ends[source] - at for source, at in self._at.items()) > NEAR_RECORDS:
            async for items in self._catch_up(ends):
                yield items
        starts = await self.join(ends)
        async for items in self._catch_up(starts):
            yield items

    async def join(self, not_before: Mapping[TopicPartition, int] | None = None) -> Places:
        """Live, and nothing of the past."""
        starts = await self._hub.join(self._mailbox, not_before or {})
        self.joined = True
        return starts

    async def _ask(self, question: Callable[[Cluster], Awaitable[_Answer]]) -> _Answer:
        """Until Kafka answers."""
        while True:
            try:
                async with self._readers.turn() as reader:
                    answer = await question(reader.cluster)
            except KafkaException as error:
                logger.warning("Kafka: %s", error, extra={"action": "tail_survey_failed"})
                self.away = True
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self.away = False
                return answer

    def _set_right(self, lows: Places, ends: Places) -> bool:
        """Go on with what is still there, and with partitions that are new. True: lines are gone,
        or the log is another one by now."""
        new = {source: low for source, low in lows.items() if source not in self._at}
        gone = {s for s, at in self._at.items() if not lows.get(s, 0) <= at <= ends.get(s, -1)}
        for source in gone:
            self._skip.pop(source, None)
        kept = {s: at for s, at in self._at.items() if s not in gone}
        self._at = kept | new | {s: lows[s] for s in gone if s in lows}
        return bool(gone)

    async def _backlog_before(self, ends: Places, left: int) -> list[Item]:
        """The last `left` of the session's last lines."""
        count = self._session.lines
        if not count:
            return []
        lows = await self._ask(lambda cluster: cluster.lows(ends))
        async with self._readers.turn() as reader:
            backlog = Backlog(reader.runs, self._lines_of, count)
            lines = await backlog.read(lows, {s: at for s, at in ends.items() if s in lows})
        kept = lines[-left:]
        block = BacklogBlock(kept, self._audience.topics, ends)
        return [Piece(block, range(len(kept)))] if kept else []

    def _lines_of(self, run: Run) -> list[LogLine]:
        piece = self._mailbox.piece_of(self._block_of(run))
        return [piece.block.lines[index] for index in piece.indices]

    def _block_of(self, run: Run) -> Block:
        """All lines of the app in a run."""
        key = self._session.selection.key
        decoder = self._hub.fan_out.decoder
        lines = decoder.wanted_lines_of(run, lambda origin: origin.key == key, again=True)
        return self._audience.block_of(run.source, list(lines), self._at)

    async def _catch_up(self, ends: Places) -> AsyncGenerator[list[Item]]:
        deadline = asyncio.get_running_loop().time() + CATCH_UP_SECONDS
        bytes_left = CATCH_UP_BYTES
        while begins := self._next(ends):
            if asyncio.get_running_loop().time() > deadline or bytes_left < 0:
                yield [TOO_FAR]
                break
            async with self._readers.turn() as reader:
                items, size = await self._chunk(reader, begins, ends, deadline)
            bytes_left -= size
            if items:
                yield items
        for source, at in ends.items():
            if self._at.get(source, at) < at:
                self._at[source] = at
                self._skip.pop(source, None)

    def _next(self, ends: Mapping[TopicPartition, int]) -> Places:
        """What is to be read next, from where on. First of all the lines that have been seen: a
        token says of one partition only how many those are, and the next is another's."""
        begins = {s: at for s, at in self._at.items() if at < ends.get(s, 0)}
        return self._seen(begins) or begins

    def _seen(self, begins: Places) -> Places:
        """Those that begin with lines that have been seen."""
        return {s: at for s, at in begins.items() if self._skip.get(s)}

    async def _chunk(
        self, reader: Reader, begins: Places, ends: Places, deadline: float
    ) -> tuple[list[Item], int]:
        """The next lines, and how many bytes of records were read for them."""
        items: list[Item] = []
        size = 0
        loop = asyncio.get_running_loop()
        passing_over = bool(self._seen(begins))
        async with aclosing(reader.places(begins, ends)) as batches:
            async for runs, places in batches:
                for run in runs:
                    items += self._unseen(run)
                    self._at[run.source] = run.end
                    size += sum(len(value) for value in run.values if value)
                self._at |= places
                if size > CHUNK_BYTES or loop.time() > deadline:
                    break
                if passing_over and not self._seen(begins):
                    break  # the others' turn
        return items, size

    def _unseen(self, run: Run) -> list[Item]:
        block = self._block_of(run)
        skip = self._skip.get(run.source, 0)
        if skip:
            self._skip[run.source] = skip - min(skip, len(block.lines))
        indices = [index for index in self._mailbox.piece_of(block).indices if index >= skip]
        return [Piece(block, indices)] if indices else []


async def _bounds(cluster: Cluster, topics: frozenset[str]) -> tuple[Places, Places]:
    """Where each partition begins and ends."""
    there = await cluster.partitions(topics)
    ends = await cluster.ends(source for parts in there.values() for source in parts)
    return await cluster.lows(ends), ends
