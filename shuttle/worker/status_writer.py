"""A worker's words on its drains, on their way to the database: each goes on from what stands there
under the worker's name."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import NamedTuple

from shuttle.commit.store import FeedStatus, StoreError
from shuttle.commit.store_thread import StoreThread
from shuttle.feed.context import FeedContext, WorkLists
from shuttle.feed.feed import Feed
from shuttle.worker.carried import NOTHING, Carried, carried
from shuttle.worker.drain_rates import DrainRates
from shuttle.worker.heartbeat import Heartbeat
from shuttle.worker.standing import last_status_of

BEAT_SECONDS = 5.0
PAST_SECONDS = 30.0
"""How often somebody looks for what workers have left that are gone."""
PIECES = 10
NOTHING_SAID = frozenset({"live", "paused", ""})
"""States that are nobody's news where a drain has never sent, lost or failed."""


class Said(NamedTuple):
    """By a feed itself, and when (monotonic seconds)."""

    status: FeedStatus
    at: float


class StatusWriter:
    """Owns what was written last of each feed of which anything was, what that goes on from, and
    the worker's name."""

    def __init__(
        self,
        store: StoreThread,
        slot: int,
        lists: WorkLists[Feed],
        context: FeedContext,
    ) -> None:
        self._store = store
        self._heartbeat = Heartbeat(store, slot)
        self._lists = lists
        self._context = context
        self.rates = DrainRates(context.wall_clock)
        self.said: dict[Feed, Said] = {}
        self._carried: dict[Feed, Carried] = {}
        self._elsewhere: dict[Feed, FeedStatus] = {}
        """What was said under a name that is another's by now."""
        self._has_ended = False
        self._writing = asyncio.Lock()

    async def write(self, changes: Mapping[Feed, FeedStatus]) -> None:
        """In the order of the calls, and after the last words on feeds that are no more: another
        may be of the same drain. Raises StoreError."""
        async with self._writing:
            closed = list(self._lists.closed)
            last = {feed: last_status_of(feed) for feed in closed}
            await self._write({f: of for f, of in last.items() if f in self.said or says(of)})
            self._forget(closed)
            await self._write({f: of for f, of in changes.items() if not f.is_closed})

    async def run(self) -> None:
        """Says that the worker lives, and puts right what those have left that do no more."""
        await self._heartbeat.begin()
        clock, due, heard_at = self._context.clock, 0.0, self._context.clock()
        while True:
            if await self.beat():
                if clock() - heard_at > PAST_SECONDS:
                    due = clock() + PAST_SECONDS  # others were not heard either: they come first
                heard_at = clock()
            if clock() >= due and not await self.put_right():
                due = clock() + PAST_SECONDS
            await asyncio.sleep(BEAT_SECONDS)

    async def beat(self) -> bool:
        """Whatever there is to say. Whether it was heard."""
        with suppress(StoreError):
            async with self._writing:
                if not await self._heartbeat.beat():
                    await self._begin_anew()
            return True
        return False

    async def put_right(self) -> bool:
        """Some of it. Whether more may be left."""
        with suppress(StoreError):
            for _ in range(PIECES):
                if not await self._store.ask(lambda store: store.put_right()):
                    return False
        return True

    async def end(self) -> None:
        """What is said from now on is for whoever takes over. Raises StoreError."""
        self._has_ended = True
        async with self._writing:
            await self._heartbeat.end()

    async def _write(self, changes: Mapping[Feed, FeedStatus]) -> None:
        if not changes:
            return
        await self._go_on(changes.keys() - self._carried.keys())
        wall, now = self._context.wall_clock(), self._context.clock()
        rows = [
            self._carried[feed].beside(
                self.rates.beside(feed, status, is_first=feed not in self.said), wall
            )
            for feed, status in changes.items()
        ]
        speaker = self._heartbeat.speaker
        if not await self._store.ask(lambda store: store.publish(speaker, rows)):
            await self._begin_anew()
            self._lists.news.update(feed for feed in changes if not feed.is_closed)
            raise StoreError("another worker has this one's name")
        self.rates.written(changes)
        self.said.update({feed: Said(status, now) for feed, status in changes.items()})

    async def _go_on(self, feeds: Collection[Feed]) -> None:
        """From what stands under this name. Read before anything is written over it, so that it is
        known when nobody knows whether that was written."""
        if not feeds:
            return
        ids, speaker = [feed.route.drain_id for feed in feeds], self._heartbeat.speaker
        found = await self._store.ask(lambda store: store.told(speaker, ids))
        for feed in feeds:
            told = found.get(feed.route.drain_id)
            elsewhere = self._elsewhere.get(feed, NOTHING)
            self._carried[feed] = carried(told, elsewhere)
            if told or elsewhere is not NOTHING:
                row = told.status if told else NOTHING
                self.rates.resume(feed, row, elsewhere.lines_sent)

    async def _begin_anew(self) -> None:
        """Under another name, where nothing is said that stands under the one before. Of one that
        has ended its name may be the next one's already."""
        if self._has_ended:
            return
        await self._heartbeat.take_another_name()
        self._elsewhere.update({feed: said.status for feed, said in self.said.items()})
        self._lists.news.update(self.said)
        self.said.clear()
        self._carried.clear()

    def _forget(self, closed: Collection[Feed]) -> None:
        self._lists.closed.difference_update(closed)
        for feed in closed:
            self.said.pop(feed, None)
            self._carried.pop(feed, None)
            self._elsewhere.pop(feed, None)
            self.rates.forget(feed)


def says(status: FeedStatus) -> bool:
    """Whether there is anything to be said that nobody takes for granted."""
    return status.state not in NOTHING_SAID or status[2:] != NOTHING[2:]
