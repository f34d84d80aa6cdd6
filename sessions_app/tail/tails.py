"""All tails that one process serves: they share a hub, readers of the past, and their ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping
from contextlib import aclosing
from contextvars import Context

from events.database_faults import fault_of
from events.database_trouble import troubles
from sessions_app.tail.live.blocks import LineSlice
from sessions_app.tail.live.hub import Hub
from sessions_app.tail.past.history import Shared
from sessions_app.tail.past.limits import PAST_LIMITS, PastLimits
from sessions_app.tail.past.long_past import AT_ONCE
from sessions_app.tail.past.look_backs import LookBacks
from sessions_app.tail.past.range_readers import RangeReaders
from sessions_app.tail.past.survey import Survey
from sessions_app.tail.session import Session
from sessions_app.tail.signer import Signer
from sessions_app.tail.tail import Event, Tail

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
"""How often is asked which of the open sessions were revoked: one question for all of them."""
_WAIT_SECONDS = 0.02

Revoked = Callable[[Collection[str]], Awaitable[Collection[str]]]


class Tails:
    """`revoked`: which of these names may be read no more. `bounds_met`: counts them, by reason."""

    def __init__(
        self,
        kafka_settings: Mapping[str, str],
        *,
        idle_seconds: float,
        revoked: Revoked,
        bounds_met: Counter[str] | None = None,
        limits: PastLimits = PAST_LIMITS,
    ) -> None:
        self.shared = Shared(
            Hub(kafka_settings),
            Survey(kafka_settings),
            RangeReaders(kafka_settings),
            LookBacks(),
            Counter() if bounds_met is None else bounds_met,
            limits,
            asyncio.Semaphore(AT_ONCE),
        )
        self._idle_seconds = idle_seconds
        self._revoked = revoked
        self.lines: Counter[str] = Counter()
        """That went to viewers so far, by kind of output."""
        self._open: dict[Tail, Session] = {}
        self._watching: asyncio.Task[None] | None = None
        self._stopping = False

    def __len__(self) -> int:
        return len(self._open)

    def viewers(self) -> Counter[str]:
        """How many each session has that has any, by its name. From any thread."""
        return Counter(session.name for session in list(self._open.values()))

    async def events(
        self, session: Session, signer: Signer, resume_token: str | None, output: str
    ) -> AsyncGenerator[list[Event]]:
        """All that one viewer of a session is told, in batches, to its `Bye`. `output`: the kind
        that its lines count as."""
        tail = Tail(self.shared, session, signer, idle_seconds=self._idle_seconds)
        self._open[tail] = session
        if self._stopping:
            tail.mailbox.end("shutdown")
        if self._watching is None:
            # It outlives the viewer who has come first, and must not ask in that one's thread.
            self._watching = asyncio.create_task(self._watch(), context=Context())
        try:
            async with aclosing(tail.events(resume_token)) as batches:
                async for events in batches:
                    self.lines[output] += sum(
                        len(event.indices) for event in events if isinstance(event, LineSlice)
                    )
                    yield events
        finally:
            del self._open[tail]

    async def say_goodbye(self, grace_seconds: float) -> None:
        """Every viewer is told that this process ends. Returns when all have gone, or the time
        has passed; new ones are told at once."""
        self._stopping = True
        for tail in self._open:
            tail.mailbox.end("shutdown")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_seconds):
                while self._open:
                    await asyncio.sleep(_WAIT_SECONDS)

    async def close(self) -> None:
        """Back to where there was no session."""
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching
        await self.shared.hub.close()
        await self.shared.survey.close()
        await self.shared.readers.close()

    async def _watch(self) -> None:
        try:
            while self._open:
                await asyncio.sleep(LOOK_SECONDS)
                await self._end_revoked()
        finally:
            self._watching = None

    async def _end_revoked(self) -> None:
        names = {session.name for session in self._open.values()}
        try:
            revoked = await self._revoked(names) if names else ()
        except Exception as error:  # it is asked again soon
            if fault := fault_of(error):
                troubles.note(error, fault)
            else:
                logger.exception("Who was revoked?", extra={"action": "tail_watch_failed"})
            return
        for tail, session in self._open.items():
            if session.name in revoked:
                tail.mailbox.end("revoked")
