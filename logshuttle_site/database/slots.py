"""How many connections a process may have: who comes when there is none waits in line."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

LOOK_SECONDS = 0.25


class Slots:
    """Owns so many permits. They are given in the order in which they were asked for, so that none
    who waits is overtaken until its time is over.

    `give_back` may be called wherever Python destroys an object, also in the middle of these.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._free = deque([None] * count)
        self._waiting: deque[threading.Lock] = deque()
        self._lock = threading.RLock()

    def take(self, wait_seconds: float, look: Callable[[], None]) -> bool:
        """Whether there was one within that time. `look`: called each LOOK_SECONDS meanwhile; may
        give some back that somebody has forgotten."""
        mine = threading.Lock()
        mine.acquire()
        with self._lock:
            self._waiting.append(mine)
            self._hand_out()
        until = time.monotonic() + wait_seconds
        while not mine.acquire(timeout=LOOK_SECONDS):
            if time.monotonic() >= until:
                return not self._leave(mine)
            look()
        return True

    def _leave(self, mine: threading.Lock) -> bool:
        """Whether it was still in line."""
        with self._lock:
            try:
                self._waiting.remove(mine)
            except ValueError:
                return False
            return True

    def give_back(self) -> None:
        self._free.append(None)
        self._hand_out()

    def _hand_out(self) -> None:
        """Another one of these may run between any two lines: who waits is taken out first, and so
        no other one serves them too."""
        with self._lock:
            while self._free:
                try:
                    first = self._waiting.popleft()
                except IndexError:
                    return
                try:
                    self._free.pop()
                except IndexError:
                    self._waiting.appendleft(first)
                else:
                    first.release()
