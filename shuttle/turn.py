"""How long one batch has kept the event loop."""

from __future__ import annotations

from time import perf_counter, thread_time

from events.kafka.batch_size import WORK_SECONDS

SHORT_SECONDS = 0.0005
"""What is so short by the wall's clock is not looked at closer."""


class Turn:
    """Counts this thread's CPU, not what others take of it. As asking for that is dear, it is asked
    for only when the clock on the wall says that it may matter."""

    def __init__(self, seconds: float = WORK_SECONDS) -> None:
        """`seconds`: of CPU; then it is over."""
        self._limit = seconds
        self._began = self._marked = thread_time()
        self._look_at = perf_counter() + seconds

    @property
    def seconds(self) -> float:
        return thread_time() - self._began

    @property
    def is_over(self) -> bool:
        now = perf_counter()
        if now >= self._look_at:
            self._look_at = now + self._limit - self.seconds
        return now >= self._look_at

    def ours_of(self, seconds: float) -> float:
        """Of what something has just taken by the wall's clock, what may have been CPU."""
        if seconds < SHORT_SECONDS:
            return seconds
        before, self._marked = self._marked, thread_time()
        return min(seconds, self._marked - before)
