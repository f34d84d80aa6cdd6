"""Keeps the cursors in the database in step with the feeds, in a thread of its own.

Until a feed's cursors are stored it holds back the group's offsets, so with the database away
lines go on being forwarded and nothing is committed that a restart could miss.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from shuttle.feed import Feed, Snapshot
from shuttle.registers import Registers
from shuttle.store import CursorChange, Store, StoreError

logger = logging.getLogger(__name__)

KEEP_SECONDS = 0.5
RETRY_SECONDS = 1.0

_Answer = TypeVar("_Answer")


class Storekeeper:
    def __init__(self, store: Store, registers: Registers[Feed]) -> None:
        self._store = store
        self._registers = registers
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="database")
        self._away = False
        self._keeping = asyncio.Lock()

    async def run(self) -> None:
        while True:
            try:
                async with asyncio.timeout(KEEP_SECONDS):
                    await self._registers.urgent.wait()
            except TimeoutError:
                pass
            self._registers.urgent.clear()
            if not await self.keep():
                await asyncio.sleep(RETRY_SECONDS)

    async def keep(self) -> bool:
        """Store what has changed. False when the database is away: nothing is lost by that."""
        async with self._keeping:
            snapshots = [f.snapshot() for f in self._registers.unstored if not f.starting]
            changes = [change for change in map(_change_of, snapshots) if change]
            try:
                if changes:
                    await self.ask(lambda store: store.write(changes))
            except StoreError:
                return False
            for snapshot in snapshots:
                snapshot.feed.kept(snapshot)
            return True

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
        self._thread.shutdown(wait=False)


def _change_of(snapshot: Snapshot) -> CursorChange | None:
    stored, rows = snapshot.feed.place.stored, snapshot.rows
    changed = {source: at for source, at in rows.items() if stored.get(source) != at}
    gone = [source for source in stored if source not in rows]
    if not changed and not gone:
        return None
    return CursorChange(snapshot.feed.route.drain_id, changed, gone)
