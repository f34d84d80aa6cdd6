"""Judging and sending, in a thread of each web process, of which one at a time does it; that one
forgets what is old, too."""

from __future__ import annotations

import asyncio
import logging
import platform
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from threading import Thread
from typing import TypeVar

from django.conf import settings
from django.db import connections

from events.database_faults import fault_of
from events.database_trouble import troubles
from logshuttle_site.audit.retention import forget_old
from logshuttle_site.notifications import drain_events, lease, outbox
from logshuttle_site.notifications.rounds import Rounds
from logshuttle_site.notifications.sender import Sender

logger = logging.getLogger(__name__)

T = TypeVar("T")

LOOK_SECONDS = 2.0
STOP_SECONDS = 5.0
PRUNED_EVERY = timedelta(minutes=10)


@contextmanager
def notifying() -> Iterator[None]:
    """While the block runs."""
    notifier = Notifier()
    notifier.start()
    try:
        yield
    finally:
        notifier.stop()


class Notifier:
    def __init__(self) -> None:
        self._holder = f"{platform.node()[:40]} {uuid.uuid4().hex[:12]}"
        self._thread = Thread(target=self._run, name="notifications", daemon=True)
        self._database = ThreadPoolExecutor(1, "notifications-database")
        self._stopping: Callable[[], object] = lambda: None
        self._is_over = False
        self._pruned_at: datetime | None = None
        self._posting: asyncio.Task[None] | None = None
        self._unnoted: list[drain_events.StateChange] = []
        """Kafka has taken them, and nobody has written that down."""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._is_over = True
        with suppress(RuntimeError):  # it has ended by itself
            self._stopping()
        self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        try:
            asyncio.run(self._work())
        except Exception:
            logger.exception(
                "Nobody is told of anything any more", extra={"action": "notify_ended"}
            )
        finally:
            self._database.submit(connections.close_all)
            self._database.shutdown()

    async def _work(self) -> None:
        over, loop = asyncio.Event(), asyncio.get_running_loop()
        self._stopping = lambda: loop.call_soon_threadsafe(over.set)
        sender, rounds = Sender(self._ask), Rounds(self._holder)
        while not self._is_over:
            await self._turn(sender, rounds)
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), LOOK_SECONDS)
        await sender.close()
        if self._posting is not None:
            await asyncio.wait([self._posting])
        with suppress(Exception):  # it ends by itself soon
            await self._ask(lambda: lease.give_back(self._holder))

    async def _turn(self, sender: Sender, rounds: Rounds) -> None:
        """What goes wrong here goes wrong once: the next turn is another try."""
        try:
            now = await self._ask(lambda: lease.take(self._holder))
            if now is None:
                sender.forget()
                self._unnoted = []
            else:
                await sender.begin()
                await self._ask(lambda: rounds.look(now))
                await sender.begin()  # with what that has found; the first does not wait for it
                if settings.DRAIN_EVENTS and (self._posting is None or self._posting.done()):
                    self._posting = asyncio.create_task(self._post(), name="drain events")
                await self._prune(now)
        except Exception as error:
            if fault := fault_of(error):
                troubles.note(error, fault)
            else:
                logger.exception("A look for what to tell failed", extra={"action": "look_failed"})

    async def _post(self) -> None:
        """Beside all else: Kafka may be away."""
        try:
            if not self._unnoted:  # or the same would be found again
                self._unnoted = await drain_events.posted(await self._ask(drain_events.changes))
            if done := self._unnoted:
                await self._ask(lambda: drain_events.note(done))
                self._unnoted = []
        except Exception as error:
            if fault := fault_of(error):
                troubles.note(error, fault)
            else:
                logger.exception("Drains' events were not posted", extra={"action": "post_failed"})

    async def _prune(self, now: datetime) -> None:
        if self._pruned_at is None or abs(now - self._pruned_at) >= PRUNED_EVERY:
            self._pruned_at = now
            await self._ask(outbox.prune)
            await self._ask(forget_old)

    async def _ask(self, question: Callable[[], T]) -> T:
        """In the one thread that has our connection to the database."""
        return await asyncio.get_running_loop().run_in_executor(
            self._database, lambda: _asked(question)
        )


def _asked(question: Callable[[], T]) -> T:
    try:
        return question()
    except Exception:
        connections.close_all()  # the next question gets a new one
        raise
