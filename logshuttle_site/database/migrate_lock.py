"""One `migrate` at a time on a database, also of several hosts, and through a pooler."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

TRY_SECONDS = 0.5
_LOCK = 0x6C6F6773  # any number that nobody else takes: an advisory lock has no name


@contextmanager
def alone(connection: BaseDatabaseWrapper, say: Callable[[], Any]) -> Iterator[None]:
    """`say` is called when another one is at work, before it is waited for."""
    lock = _postgres if connection.vendor == "postgresql" else _sqlite
    with ExitStack() as held:
        has_said = False
        while not lock(connection, held):
            if not has_said:
                say()
            has_said = True
            time.sleep(TRY_SECONDS)
        yield


def _postgres(connection: BaseDatabaseWrapper, held: ExitStack) -> bool:
    """In a transaction, over a connection of its own: poolers leave us nothing beyond one."""
    trying = ExitStack()
    mine: Any = connection.copy(f"{connection.alias} migrate")
    trying.callback(mine.close)
    with trying:
        mine.set_autocommit(False)
        with mine.cursor() as cursor:
            # It has nothing to do while others migrate, and must outlast that.
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
            if cursor.fetchone()[0]:
                held.push(trying.pop_all())
                return True
    return False


def _sqlite(connection: BaseDatabaseWrapper, held: ExitStack) -> bool:
    """The folder's: a file of its own would have to stay there."""
    folder = Path(str(connection.settings_dict["NAME"])).parent
    if connection.is_in_memory_db() or not folder.is_dir():  # type: ignore[attr-defined]
        return True
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    except OSError:  # a file system that has none
        pass
    held.callback(os.close, descriptor)
    return True
