"""What is wrong with the database, in the log: a line when it begins, another when it is over.

Each request would say it otherwise, and there may be hundreds in a second.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from events.database_faults import DatabaseFault, said_by

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
QUIET_SECONDS = 3.0
"""Without a fault, and it is over."""
SLOW_QUIET_SECONDS = 15.0
"""Where a fault takes seconds to show: a table may be locked while all else works."""
UNSEEN_QUIET_SECONDS = 60.0
"""Of what no check sees: whether anybody can write is known when somebody has."""
_QUIET_SECONDS = {
    DatabaseFault.TOO_SLOW: SLOW_QUIET_SECONDS,
    DatabaseFault.NO_CONNECTIONS: SLOW_QUIET_SECONDS,
    DatabaseFault.FULL: UNSEEN_QUIET_SECONDS,
    DatabaseFault.NO_RIGHT: UNSEEN_QUIET_SECONDS,
    DatabaseFault.OLD_SCHEMA: UNSEEN_QUIET_SECONDS,
}


class Troubles:
    """Owns which faults there are at this moment. `follow` starts what finds out that they are
    over; without it a fault that has been said is never said again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._faults: set[DatabaseFault] = set()
        self._count = 0
        self._began_at = self._last_at = -math.inf
        self._has_any = threading.Event()

    def note(self, error: BaseException, fault: DatabaseFault) -> None:
        """From any thread."""
        with self._lock:
            self._last_at = self._clock()
            if not self._faults:
                self._began_at, self._count = self._last_at, 0
            is_new = fault not in self._faults
            self._faults.add(fault)
            self._count += 1
            self._has_any.set()
        if is_new:
            logger.error(
                "The database %s: %s",
                fault.value,
                said_by(error),
                extra={"action": f"database_{fault.name.lower()}"},
            )

    def follow(self, check: Callable[[], None]) -> None:
        """`check`: raises while the database cannot do all that may be asked of it."""
        threading.Thread(
            target=self._follow, args=(check,), name="database-trouble", daemon=True
        ).start()

    def _follow(self, check: Callable[[], None]) -> None:
        while True:
            self._has_any.wait()
            time.sleep(LOOK_SECONDS)
            with suppress(Exception):  # whatever a driver raises: it is not over
                self.look(check)

    def look(self, check: Callable[[], None]) -> None:
        """Says so if it is over. Raises what `check` does."""
        with self._lock:
            wanted = [_QUIET_SECONDS.get(fault, QUIET_SECONDS) for fault in self._faults]
            if self._clock() - self._last_at < max(wanted, default=0.0):
                return
        check()
        with self._lock:
            lasted, count = self._clock() - self._began_at, self._count
            self._faults.clear()
            self._has_any.clear()
        logger.warning(
            "The database is well again; within %.0f s %d times nobody could use it",
            lasted,
            count,
            extra={"action": "database_back"},
        )


troubles = Troubles()
"""Of this process."""
