"""When to try again: full jitter, so that receivers that failed together are not met together."""

from __future__ import annotations

import random

FORGOTTEN_AFTER_SECONDS = 30.0


class Backoff:
    """Grows with each failure from `first_seconds` to `max_seconds`; forgotten only after 30 s of
    confirmed progress."""

    def __init__(self, first_seconds: float, max_seconds: float) -> None:
        self._first_seconds = first_seconds
        self._max_seconds = max_seconds
        self._failures = 0
        self._progress_since: float | None = None

    def failed(self) -> float:
        """Seconds to wait before the next try."""
        self._failures += 1
        self._progress_since = None
        # Bounded before it is raised: a day of failures is more than a float can hold.
        ceiling = min(self._max_seconds, self._first_seconds * 2 ** min(self._failures, 10))
        return random.uniform(self._first_seconds, ceiling)  # noqa: S311

    def progressed(self, now: float) -> None:
        """It works, or has got something done."""
        if self._failures:
            if self._progress_since is None:
                self._progress_since = now
            elif now - self._progress_since >= FORGOTTEN_AFTER_SECONDS:
                self._failures = 0
