"""The store, called in threads of its own: a database that hangs holds up no line."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar

from events.process.daemon_thread import DaemonThread
from shuttle.commit.store import Store, StoreError

logger = logging.getLogger(__name__)

RETRY_SECONDS = 1.0

_Answer = TypeVar("_Answer")


class StoreThread:
    """Owns two threads, and whether the database was away when it was asked last.

    What is written waits for what was written before. What a worker has to know to go on does not
    wait for that: with a database that takes 2 s a question, a round of writing takes 30.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._writing = DaemonThread("database")
        self._reading = DaemonThread("database-reads")
        self._away: set[DaemonThread] = set()
        """Whose last question had no answer."""

    async def ask(self, work: Callable[[Store], _Answer]) -> _Answer:
        """Raises StoreError. The database going away and coming back is said once each."""
        return await self._ask(self._writing, work)

    async def insist(self, work: Callable[[Store], _Answer]) -> _Answer:
        """Ask until there is an answer."""
        return await self._insist(self._writing, work)

    async def read(self, work: Callable[[Store], _Answer]) -> _Answer:
        """Ask until there is an answer, beside what is written."""
        return await self._insist(self._reading, work)

    def close(self) -> None:
        self._writing.shutdown()
        self._reading.shutdown()

    async def _insist(self, thread: DaemonThread, work: Callable[[Store], _Answer]) -> _Answer:
        while True:
            try:
                return await self._ask(thread, work)
            except StoreError:
                await asyncio.sleep(RETRY_SECONDS)

    async def _ask(self, thread: DaemonThread, work: Callable[[Store], _Answer]) -> _Answer:
        loop = asyncio.get_running_loop()
        try:
            answer = await loop.run_in_executor(thread, work, self._store)
        except StoreError as error:
            if not self._away:
                logger.warning("Waiting for the database: %s", error, extra={"action": "db_away"})
            self._away.add(thread)
            raise
        if self._away == {thread}:
            logger.warning("The database is back", extra={"action": "db_back"})
        self._away.discard(thread)
        return answer
