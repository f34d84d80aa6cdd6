"""How often somebody may do what costs others, counted in the cache for all who share it."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass

from django.core.cache import cache

_COUNTS = 1_000_000


@dataclass(frozen=True, slots=True)
class Limit:
    """So many in the window that begins with the first.

    One number holds both, so that it is counted in one step however many ask at the same moment:
    the epoch second in which its window ends, times a million, and how many there were.
    """

    name: str
    most: int
    """0: as many as they like."""
    seconds: int

    def spend(self, whose: str) -> float:
        """Counts one. Seconds until it is worth another try; 0 when this one may go on."""
        if not self.most:
            return 0.0
        key, now = self._key(whose), time.time()
        first = (int(now) + self.seconds) * _COUNTS + 1
        if cache.add(key, first, self.seconds):
            return 0.0
        try:
            ends_in, count = self._read(cache.incr(key), now)
        except (TypeError, ValueError):  # it has just ended, or it is no number
            ends_in, count = 0.0, 0
        if not ends_in:
            cache.set(key, first, self.seconds)
            return 0.0
        return ends_in if count > self.most else 0.0

    def wait(self, whose: str) -> float:
        """What `spend` would say, without counting."""
        if not self.most:
            return 0.0
        ends_in, count = self._read(cache.get(self._key(whose)), time.time())
        return ends_in if count >= self.most else 0.0

    def _key(self, whose: str) -> str:
        """Who is counted may be any text, of any length."""
        return f"{self.name}-{hashlib.sha256(whose.encode()).hexdigest()}"

    def _read(self, value: object, now: float) -> tuple[float, int]:
        """Seconds until the window ends, and how many there were in it. (0, 0) for none, and for
        what is none of ours: other hosts' clocks may differ, by less than a window."""
        if type(value) is not int:
            return 0.0, 0
        ends_at, count = divmod(value, _COUNTS)
        ends_in = ends_at - now
        return (ends_in, count) if 0 < ends_in <= 2 * self.seconds else (0.0, 0)
