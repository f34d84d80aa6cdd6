"""The store, called in threads of its own: a database that hangs holds up no line."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple, TypeVar

from events.database_faults import DatabaseFault
from events.process.daemon_thread import DaemonThread
from shuttle.commit.store import Store, StoreError

logger = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
TRIES = 3
"""Of what the database gave up, to get on with others."""
FORGET_SECONDS = 30.0
"""What has not failed for so long is not asked any more."""
_OF_THE_CONNECTION = frozenset(
    {DatabaseFault.AWAY, DatabaseFault.REFUSES_US, DatabaseFault.NO_CONNECTIONS}
)
"""Over as soon as the same thread has any answer: others say something of what was asked."""

_Answer = TypeVar("_Answer")


class _Failure(NamedTuple):
    at: float
    """Monotonic seconds."""
    fault: DatabaseFault | None


class StoreThread:
    """Owns two threads, and what has failed and not been answered since.

    What is written waits for what was written before. What a worker has to know to go on does not
    wait for that: with a database that takes 2 s a question, a round of writing takes 30.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._writing = DaemonThread("database")
        self._reading = DaemonThread("database-reads")
        self._failed: dict[str, _Failure] = {}
        """The last, by what has to be answered for it to be over: a database that takes no writes
        answers other questions all the time."""
        self._said: set[DatabaseFault | None] = set()
        """What was wrong, since it was well."""

    @property
    def is_away(self) -> bool:
        """Whether anything that was asked waits for its answer, or for its next try."""
        return bool(self._failed)

    @property
    def fault(self) -> DatabaseFault | None:
        """What is wrong with the database, as far as it says: the newest that is not over."""
        newest = max(self._failed.values(), key=lambda failure: failure.at, default=None)
        return newest and newest.fault

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
            answer = await loop.run_in_executor(thread, _answer, work, self._store)
        except StoreError as error:
            of_all = error.fault in _OF_THE_CONNECTION
            self._has_failed(_thread(thread) if of_all else _question(work), error)
            raise
        if self._failed:
            self._has_answered(_thread(thread), _question(work))
        return answer

    def _has_failed(self, what: str, error: StoreError) -> None:
        self._failed[what] = _Failure(time.monotonic(), error.fault)
        if error.fault not in self._said:
            self._said.add(error.fault)
            logger.warning("Waiting for the database: %s", error, extra={"action": "db_away"})

    def _has_answered(self, *what: str) -> None:
        """It is back when all that had failed has been answered, if it is asked still."""
        oldest = time.monotonic() - FORGET_SECONDS
        left = self._failed.items()
        self._failed = {of: it for of, it in left if of not in what and it.at > oldest}
        if not self._failed:
            self._said.clear()
            logger.warning("The database is back", extra={"action": "db_back"})


def _thread(thread: DaemonThread) -> str:
    return f"thread {id(thread)}"


def _question(work: Callable[[Store], object]) -> str:
    of = work.func if isinstance(work, partial) else work
    return f"{of.__module__}.{of.__qualname__}"


def _answer(work: Callable[[Store], _Answer], store: Store) -> _Answer:
    """The one place where a transaction is tried again that lost against others'."""
    for _ in range(TRIES - 1):
        try:
            return work(store)
        except StoreError as error:
            if error.fault is not DatabaseFault.CONFLICT:
                raise
    return work(store)
