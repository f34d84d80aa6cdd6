"""All connections of this process to PostgreSQL: how many there may be, and which are given up."""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Callable

from logshuttle_site.database.postgresql.connection import Connection
from logshuttle_site.database.slots import Slots

logger = logging.getLogger(__name__)

WAIT_SECONDS = 5.0
LOOK_SECONDS = 0.5


class ProcessConnections:
    """Owns the slots and knows who has one.

    `silent_seconds`: where given, a thread ends those that have had no answer for so long, which
    is longer than the server itself lets a question run: it stands still, or a pooler in between
    has none for us.
    """

    def __init__(self, count: int, silent_seconds: float | None) -> None:
        self.count = count
        self._slots = Slots(count)
        self._silent_seconds = silent_seconds
        self._open: weakref.WeakSet[Connection] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_over = threading.Event()

    def open(self, connect: Callable[[], Connection]) -> Connection | None:
        """None: all were in use for WAIT_SECONDS."""
        if not self._slots.take(WAIT_SECONDS, self._close_abandoned):
            return None
        try:
            made = connect()
            made.holds(self._slots)
        except BaseException:
            self._slots.give_back()
            raise
        with self._lock:
            self._open.add(made)
            self._begin_to_look()
        return made

    def end(self) -> None:
        """Nobody looks any more whether they are silent."""
        self._is_over.set()
        if self._thread is not None:
            self._thread.join()

    def _close_abandoned(self) -> None:
        """Of threads that have ended without it; the collector may come much later."""
        for each in self._all():
            if not each.thread.is_alive():
                each.close()

    def _all(self) -> list[Connection]:
        with self._lock:
            return list(self._open)

    def _begin_to_look(self) -> None:
        if self._silent_seconds is not None and self._thread is None:
            look = threading.Thread(target=self._look, args=(self._silent_seconds,), daemon=True)
            self._thread = look
            look.start()

    def _look(self, silent_seconds: float) -> None:
        while not self._is_over.wait(LOOK_SECONDS):
            self._cut_silent(time.monotonic() - silent_seconds)

    def _cut_silent(self, before: float) -> None:
        silent = [each for each in self._all() if (each.asked_at or before) < before]
        for each in silent:
            each.cut()
        if silent:
            logger.warning(
                "The database has said nothing for %g s: connections to it were ended (%d)",
                self._silent_seconds,
                len(silent),
                extra={"action": "database_silent"},
            )
