"""Whose log-in is looked at, and who waits: a hash of a password is a third of a second of CPU."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

AT_ONCE = 2
WAITING_MAX = 20
OF_ONE_MAX = 4
"""Of one peer, looked at and waiting together."""
WAIT_SECONDS = 5.0


class BusyError(Exception):
    """No turn: its text says why. `reason`: a word for the counter."""

    def __init__(self, reason: str, why: str = "too many log in at this moment") -> None:
        super().__init__(why)
        self.reason = reason


class Turns:
    """So many at once; the others wait in line, as far as there is room in it. All of a process."""

    def __init__(
        self,
        at_once: int = AT_ONCE,
        waiting_max: int = WAITING_MAX,
        of_one_max: int = OF_ONE_MAX,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self._free = threading.Semaphore(at_once)
        self._room = at_once + waiting_max
        self._of_one_max = of_one_max
        self._wait_seconds = wait_seconds
        self._lock = threading.Lock()
        self._here: Counter[str] = Counter()

    @contextmanager
    def taken(self, whose: str, *, is_known: bool = False) -> Iterator[None]:
        """Raises BusyError. Who `is_known` finds room when strangers fill the line."""
        self._enter(whose, is_known)
        try:
            if not self._free.acquire(timeout=self._wait_seconds):
                raise BusyError("waited")
            try:
                yield
            finally:
                self._free.release()
        finally:
            self._leave(whose)

    def _enter(self, whose: str, is_known: bool) -> None:
        with self._lock:
            if self._here[whose] >= self._of_one_max:
                why = "too many log-ins from your address are under way"
                raise BusyError("turns_of_an_address", why)
            if self._here.total() >= self._room and not is_known:
                raise BusyError("line")
            self._here[whose] += 1

    def _leave(self, whose: str) -> None:
        with self._lock:
            self._here[whose] -= 1
            if not self._here[whose]:
                del self._here[whose]
