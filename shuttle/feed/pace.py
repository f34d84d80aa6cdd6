"""How fast a replay may go to a receiver that cannot say when it is full."""

from __future__ import annotations

LINES_PER_SECOND = 5_000


class Pace:
    def __init__(self, lines_per_second: float = LINES_PER_SECOND) -> None:
        self._seconds_a_line = 1 / lines_per_second
        self._free_at = 0.0

    def sent(self, lines: int, now: float) -> None:
        self._free_at = max(now, self._free_at) + lines * self._seconds_a_line

    def may_send(self, now: float) -> bool:
        return now >= self._free_at
