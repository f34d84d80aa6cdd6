"""One connection to PostgreSQL: it holds a slot, and can be ended while somebody waits for it."""

from __future__ import annotations

import os
import socket
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from psycopg2 import extensions

from logshuttle_site.database.slots import Slots


class Connection(extensions.connection):  # type: ignore[misc]
    """`asked_at`: since when somebody waits for an answer (monotonic seconds); None: nobody does.
    `thread`: whose it is.

    A driver's `close` waits for whoever waits for an answer; `cut` waits for nobody.
    """

    asked_at: float | None = None
    _door: _Door

    def holds(self, slots: Slots) -> None:
        """A slot that was taken, until this is closed or nobody has it any more."""
        self._door = _Door(self.fileno())
        self._leave = weakref.finalize(self, _left, slots, self._door)
        self._leave.atexit = False
        self.thread = threading.current_thread()

    def close(self) -> None:
        super().close()
        self._leave()

    def cut(self) -> None:
        """From any thread: who waits for an answer gets an error at once, and so does who asks
        anything of it later. Whose it is has to close it even so."""
        self._door.shut()

    @contextmanager
    def asking(self) -> Iterator[None]:
        before, self.asked_at = self.asked_at, time.monotonic()
        try:
            yield
        finally:
            self.asked_at = before

    def commit(self) -> None:
        with self.asking():
            super().commit()

    def rollback(self) -> None:
        with self.asking():
            super().rollback()


class Cursor(extensions.cursor):  # type: ignore[misc]
    connection: Connection

    def execute(self, query: Any, args: Any = None) -> None:
        with self.connection.asking():
            super().execute(query, args)

    def executemany(self, query: Any, args: Any) -> None:
        with self.connection.asking():
            super().executemany(query, args)


class _Door:
    """A connection's socket under a number of our own: libpq closes its own whenever it likes, and
    then anything else may get that number."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = os.dup(descriptor)
        self._lock = threading.Lock()

    def shut(self) -> None:
        with self._lock, suppress(OSError):
            if self._descriptor >= 0:
                with socket.socket(fileno=os.dup(self._descriptor)) as mine:
                    mine.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with self._lock, suppress(OSError):
            os.close(self._descriptor)
            self._descriptor = -1


def _left(slots: Slots, door: _Door) -> None:
    door.close()
    slots.give_back()
