"""One viewer's stream: the past, then live, with heartbeats, to one of its ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, NamedTuple

from sessions_app.tail.live.blocks import LineSlice
from sessions_app.tail.live.hub import AWAY
from sessions_app.tail.live.mailbox import Item, Mailbox, StreamNotice
from sessions_app.tail.past.history import History, Shared
from sessions_app.tail.session import Session
from sessions_app.tail.signer import Signer
from sessions_app.tail.tokens import base_of, resume_of, topics_in_order

HEARTBEAT_SECONDS = 15.0
_LOOK_SECONDS = 0.5

UNREADABLE = StreamNotice(
    "the place to go on from is none of this session's: its last lines come again"
)


class BacklogEnd(NamedTuple):
    """What follows is live."""


class Ping(NamedTuple):
    """Nothing has come for a while."""

    token: str | None
    """Where a viewer who has seen all so far goes on."""


class Bye(NamedTuple):
    """The last event. Why: over, idle, shutdown, revoked, end."""

    reason: str
    token: str | None = None
    """Of an end: whoever comes again with this has had all."""


Event = Item | BacklogEnd | Ping | Bye


class Tail:
    """`mailbox.end` ends it from outside."""

    def __init__(
        self, shared: Shared, session: Session, signer: Signer, *, idle_seconds: float
    ) -> None:
        self.mailbox = Mailbox(session.selection, shared.hub.fan_out.share)
        self._hub = shared.hub
        self._bounds_met = shared.bounds_met
        self._session = session
        self._signer = signer
        self._history = History(shared, session, self.mailbox, signer)
        self._idle_seconds = idle_seconds
        self._line_at = self._said_at = time.monotonic()
        self._said_away = False

    async def events(self, resume_token: str | None = None) -> AsyncGenerator[list[Event]]:
        """All that is to be said, to a `Bye`. `resume_token`: go on where that viewer was."""
        try:
            async with aclosing(self._said(resume_token)) as said:
                async for events in said:
                    self._said_at = time.monotonic()
                    if any(isinstance(event, LineSlice) for event in events):
                        self._line_at = self._said_at
                    yield events
            yield [self._bye()]
        finally:
            self.mailbox.leave()
            if self._history.joined:
                self._hub.leave(self.mailbox)

    async def _said(self, resume_token: str | None) -> AsyncGenerator[list[Event]]:
        async with aclosing(self._past(resume_token)) as past:
            async for events in past:
                yield events
        if self._end() is not None:
            return
        yield [BacklogEnd()]
        while self._session.tail and self._end() is None:
            items = await self.mailbox.take(self._seconds_left())
            if items:
                yield [*items]
            elif self._is_silent():
                yield [Ping(self._token())]

    async def _past(self, resume_token: str | None) -> AsyncGenerator[list[Event]]:
        """The history, with heartbeats while it is waited for."""
        source = self._history_of(resume_token)
        pull: asyncio.Future[list[Item]] | None = None
        try:
            while self._end() is None:
                pull = pull or asyncio.ensure_future(anext(source))
                waited: set[asyncio.Future[Any]] = {pull, self.mailbox.over}
                await asyncio.wait(
                    waited,
                    timeout=self._seconds_left(_LOOK_SECONDS),
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if pull.done():
                    items, pull = pull.result(), None
                    yield [*items]
                elif (self._hub.away or self._history.away) and not self._said_away:
                    self._said_away = True
                    yield [AWAY]
                elif self._is_silent():
                    yield [Ping(None)]
                if self._history.is_long and not self._history.away:
                    self._line_at = time.monotonic()  # it looks for lines: nobody is idle
        except StopAsyncIteration:
            pull = None
        finally:
            if pull is not None:
                pull.cancel()
                await asyncio.wait({pull})
            await source.aclose()

    async def _history_of(self, resume_token: str | None) -> AsyncGenerator[list[Item]]:
        if refusal := await self._history.refusal():
            yield [refusal]
            self.mailbox.end("end")
            return
        key = self._session.selection.key
        resume = resume_of(resume_token, key, self._signer) if resume_token else None
        if resume_token and resume is None:
            self._bounds_met["token"] += 1
            yield [UNREADABLE]
        past = self._history.backlog() if resume is None else self._history.since(resume)
        async with aclosing(past):
            async for items in past:
                yield items

    def _bye(self) -> Bye:
        if reason := self._end():
            return Bye(reason)
        has_place = self._history.joined or self._history.ends is not None
        return Bye("end", self._token() if has_place else None)

    def _token(self) -> str:
        if self._history.rest and not self._session.tail:
            return self._history.rest
        key, ends = self._session.selection.key, self._history.ends
        base = self._hub.base(key) if ends is None else base_of(topics_in_order(key), ends)
        return f"{self._signer.signed(base)}.b0"

    def _end(self) -> str | None:
        """Why it is over, if it is."""
        if self.mailbox.ended is not None:
            return self.mailbox.ended
        if time.time() >= self._session.ends_at:
            return "over"
        if time.monotonic() - self._line_at >= self._idle_seconds:
            return "idle"
        return None

    def _is_silent(self) -> bool:
        return time.monotonic() - self._said_at >= HEARTBEAT_SECONDS

    def _seconds_left(self, limit_seconds: float = HEARTBEAT_SECONDS) -> float:
        """Until something is to be done even if nothing comes."""
        now = time.monotonic()
        return max(
            min(
                self._said_at + HEARTBEAT_SECONDS - now,
                self._line_at + self._idle_seconds - now,
                self._session.ends_at - time.time(),
                limit_seconds,
            ),
            0.001,
        )
