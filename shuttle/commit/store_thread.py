"""The store, called in a thread of its own: a database that hangs holds up no line."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar

from shuttle.commit.daemon_thread import DaemonThread
from shuttle.commit.store import Store, StoreError

logger = logging.getLogger(__name__)

RETRY_SECONDS = 1.0

_Answer = TypeVar("_Answer")


class StoreThread:
    """Owns the thread, and whether the database was away when it was asked last."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._thread = DaemonThread("database")
        self._away = False

    async def ask(self, work: Callable[[Store], _Answer]) -> _Answer:
        """Raises StoreError. The database going away and coming back is said once each."""
        loop = asyncio.get_running_loop()
        try:
            answer = await loop.run_in_executor(self._thread, work, self._store)
        except StoreError as error:
            if not self._away:
                self._away = True
                logger.warning("Waiting for the database: %s", error, extra={"action": "db_away"})
            raise
        if self._away:
            self._away = False
            logger.warning("The database is back", extra={"action": "db_back"})
        return answer

    async def insist(self, work: Callable[[Store], _Answer]) -> _Answer:
        """Ask until there is an answer."""
        while True:
            try:
                return await self.ask(work)
            except StoreError:
                await asyncio.sleep(RETRY_SECONDS)

    def close(self) -> None:
        self._thread.shutdown()
