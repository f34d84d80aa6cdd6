"""When to try again: full jitter, so that receivers that failed together are not met together."""

from __future__ import annotations

import random

FIRST_SECONDS = 1.0
MAX_SECONDS = 60.0
FORGOTTEN_AFTER_SECONDS = 30.0


class Backoff:
    """Grows with each failure; forgotten only after 30 s of confirmed progress."""

    def __init__(self) -> None:
        self._failures = 0
        self._progress_since: float | None = None

    def failed(self) -> float:
        """Seconds to wait before the next try."""
        self._failures += 1
        self._progress_since = None
        # Bounded before it is raised: a day of failures is more than a float can hold.
        ceiling = min(MAX_SECONDS, FIRST_SECONDS * 2 ** min(self._failures, 10))
        return random.uniform(FIRST_SECONDS, ceiling)  # noqa: S311

    def progressed(self, now: float) -> None:
        """The receiver has confirmed something."""
        if self._failures:
            if self._progress_since is None:
                self._progress_since = now
            elif now - self._progress_since >= FORGOTTEN_AFTER_SECONDS:
                self._failures = 0
