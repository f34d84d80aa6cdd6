"""What comes before live: the backlog, or all since the place where a viewer left off.

A reader of Kafka is held only while it reads: never while a client takes what was read.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from typing import NamedTuple

from events.kafka.records import Offsets, PartitionRecords, TopicPartition
from events.lines import LogLine
from sessions_app.tail.live.blocks import BacklogBlock, Block, LineSlice
from sessions_app.tail.live.fan_out import Audience
from sessions_app.tail.live.hub import EXPIRED, Hub
from sessions_app.tail.live.mailbox import Earlier, Item, Mailbox, Nothing, StreamNotice
from sessions_app.tail.live.topic_demand import topics_for
from sessions_app.tail.past.backlog import Backlog
from sessions_app.tail.past.catch_up import CatchUp
from sessions_app.tail.past.edges import Edges
from sessions_app.tail.past.further_back import further_back
from sessions_app.tail.past.limits import CUT, HELD_LINES_MAX, PastLimits
from sessions_app.tail.past.long_past import LongPast
from sessions_app.tail.past.look_backs import LookBacks, LookedBack
from sessions_app.tail.past.range_readers import RangeReaders
from sessions_app.tail.past.reading import Reading
from sessions_app.tail.past.survey import Survey
from sessions_app.tail.past.turns import Reader
from sessions_app.tail.session import Session
from sessions_app.tail.signer import Signer
from sessions_app.tail.tokens import Older, Resume, base_of, older_suffix

NEAR_RECORDS = 2_000
"""So near to live the mailbox can hold what comes meanwhile."""


class Shared(NamedTuple):
    """What all viewers of a process share."""

    hub: Hub
    survey: Survey
    readers: RangeReaders
    look_backs: LookBacks
    bounds_met: Counter[str]
    """How often, by which."""
    limits: PastLimits
    long_turns: asyncio.Semaphore


class History:
    """For one viewer. When all has been taken, the mailbox gets live lines, if they are wanted."""

    def __init__(self, shared: Shared, session: Session, mailbox: Mailbox, signer: Signer) -> None:
        self._hub, self._look_backs, self._bounds_met = (
            shared.hub,
            shared.look_backs,
            shared.bounds_met,
        )
        self._session = session
        self._signer = signer
        self._mailbox = mailbox
        self._audience = Audience(session.selection.key)
        self._edges = Edges(shared.survey, session)
        self._reading = Reading(shared.readers, Reader(session.selection.key, session.name))
        self._catch_up = CatchUp(self._reading, mailbox, self._block_of, shared.limits)
        self._long = LongPast(
            self._edges,
            self._reading,
            self._lines_of,
            self._audience.topics,
            signer,
            shared.limits,
            shared.long_turns,
        )
        self.joined = False
        self.is_long = session.lines is None or session.lines > HELD_LINES_MAX
        """Whatever it takes: silence means that no lines are found."""
        self.ends: Offsets | None = None
        """Where all has been read that is to be shown, where live lines are not."""

    @property
    def away(self) -> bool:
        """Whether Kafka did not answer when last asked."""
        return self._edges.away

    @property
    def rest(self) -> str:
        """The token of what is left where a bound ended a long past; empty: nothing is."""
        return self._long.rest

    async def refusal(self) -> StreamNotice | None:
        """What is to be said when Kafka lets us read nothing of it."""
        return await self._edges.refusal()

    async def backlog(self) -> AsyncGenerator[list[Item]]:
        """The last lines before live or `until`, or all since `since`."""
        if self.is_long:
            async for items in self._from(None):
                yield items
            return
        ends = await self.join() if self._session.tail else (await self._edges.bounds()).ends
        if self._session.lines:
            looked = await self._look_backs.of(
                self._session, self._mailbox, lambda: self._look_back(ends)
            )
            ends = looked.ends
            if items := self._said(looked) or await self._nothing():
                yield items
        if not self._session.tail:
            self.ends = ends

    async def since(self, resume: Resume) -> AsyncGenerator[list[Item]]:
        """All that a viewer has not seen, as far as it is still there."""
        if resume.older is not None:
            yield self._said(await self._look_back(dict(resume.positions), older=resume.older))
            return
        if resume.window is not None:
            async for items in self._from(resume):
                yield items
            return
        topics = topics_for(self._session.selection)
        at = {p: at for p, at in resume.positions.items() if p.topic in topics}
        if resume.backlog_left and self._session.lines:
            looked = await self._look_back(at, resume.backlog_left)
            if items := self._said(looked):
                yield items
        self._catch_up.begin(at, {resume.partition: resume.skip} if resume.partition else {})
        bounds = await self._edges.bounds()
        if self._catch_up.set_right(bounds.lows, bounds.ends):
            yield [EXPIRED]
        async for items in self._up_to(bounds.ends):
            yield items

    async def _nothing(self) -> list[Item]:
        """Of no topic, where no line can pass, there is nothing to say."""
        if not topics_for(self._session.selection):
            return []
        return [Nothing(await self._edges.oldest_ms())]

    async def join(self, not_before: Mapping[TopicPartition, int] | None = None) -> Offsets:
        """Live, and nothing of the past."""
        starts = await self._hub.join(self._mailbox, not_before or {})
        self.joined = True
        return starts

    async def _from(self, resume: Resume | None) -> AsyncGenerator[list[Item]]:
        bounds = await self._edges.bounds()
        if resume is not None and resume.window is not None:
            past = self._long.after(resume.window, resume, bounds)
        elif self._session.lines is None:
            past = self._long.all(round((self._session.since or 0.0) * 1000), bounds)
        else:
            past = self._long.last(self._session.lines, self._own_topic, bounds)
        async for items in past:
            yield items
        if self._long.cut_by:
            self._bounds_met[f"backlog_{self._long.cut_by}"] += 1
        self._bounds_met["past"] += bool(self._long.rest)
        self._catch_up.begin(bounds.ends, {})
        async for items in self._up_to(bounds.ends):
            yield items

    async def _up_to(self, ends: Offsets) -> AsyncGenerator[list[Item]]:
        """All that has not been caught up with; what comes then is the mailbox's."""
        if not self._session.tail or self._catch_up.records_before(ends) > NEAR_RECORDS:
            async for items in self._caught_up(ends):
                yield items
        if self._session.tail:
            starts = await self.join(ends)
            async for items in self._caught_up(starts):
                yield items
        else:
            self.ends = ends

    async def _caught_up(self, ends: Offsets) -> AsyncGenerator[list[Item]]:
        async for items in self._catch_up.items(ends):
            yield items
        self._bounds_met["catch_up"] += self._catch_up.was_cut

    async def _look_back(
        self, ends: Offsets, left: int | None = None, older: Older | None = None
    ) -> LookedBack:
        """The last lines of the session before `ends`, or of those the last `left`, or those that
        are older."""
        lows = await self._edges.lows(ends)
        filled = {p: at for p, at in ends.items() if lows.get(p, at) < at}
        count = self._session.lines or 0
        backlog = Backlog(self._reading, self._lines_of, count, self._own_topic, older=older)
        parts = backlog.parts(lows, filled)
        found = await backlog.found(parts)
        lines = [each.line for each in found][-(left or len(found)) :]
        block = BacklogBlock(lines, self._audience.topics, ends)
        if backlog.cut_by:
            self._bounds_met[f"backlog_{backlog.cut_by}"] += 1
        further = further_back(parts, [*found, *backlog.shown_before])
        return LookedBack(block if lines else None, bool(backlog.cut_by), ends, further)

    def _said(self, looked: LookedBack) -> list[Item]:
        """What is missing is older than what is there."""
        items: list[Item] = [CUT] if looked.is_cut else []
        if looked.block is not None:
            items.append(LineSlice.whole(looked.block))
        if (further := looked.further) is not None:
            base = self._signer.signed(base_of(self._audience.topics, further.ends))
            items.append(Earlier(f"{base}{older_suffix(further.older)}"))
        return items

    @property
    def _own_topic(self) -> str:
        return getattr(self._session.selection.key, "space", "")

    def _lines_of(self, records: PartitionRecords) -> list[LogLine]:
        piece = self._mailbox.wanted(LineSlice.whole(self._block_of(records, {})))
        return [piece.block.lines[index] for index in piece.indices]

    def _block_of(self, records: PartitionRecords, at: Offsets) -> Block:
        """All lines of the app in a run. `at`: where partitions stand before it."""
        key = self._session.selection.key
        decoder = self._hub.fan_out.decoder
        lines = decoder.wanted_lines_of(records, lambda origin: origin.key == key, again=True)
        return self._audience.block_of(records.partition, list(lines), at)
