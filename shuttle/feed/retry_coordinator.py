"""Drains that failed together come back together: the first that is answered calls the others.

Each waits up to a minute for its next try. A receiver that took a thousand drains down, or a
network that took them all, would be met again by one after the other, and Kafka be read for
each anew.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol

TOGETHER_SECONDS = 15.0
"""Those that failed within the same so many seconds may have failed of the same."""
AGAIN_SECONDS = 30.0
"""A receiver that fails at once again is not to be met by all of them each time."""


class Retryable(Protocol):
    @property
    def receiver(self) -> Hashable:
        """Drains with equal ones share its fate."""

    def try_soon(self) -> None: ...


class RetryCoordinator:
    """Times are monotonic seconds."""

    def __init__(self) -> None:
        self._causes: dict[Retryable, tuple[Hashable, Hashable]] = {}
        """What it may share with others: its receiver, and the time when it began to fail."""
        self._sharers: dict[Hashable, set[Retryable]] = {}
        self._called_at: dict[Hashable, float] = {}

    def failed(self, feed: Retryable, now: float) -> None:
        if feed not in self._causes:
            causes = (feed.receiver, int(now // TOGETHER_SECONDS))
            self._causes[feed] = causes
            for cause in causes:
                self._sharers.setdefault(cause, set()).add(feed)

    def answered(self, feed: Retryable, now: float) -> None:
        """Its receiver has confirmed something."""
        for cause in self.forget(feed):
            others = self._sharers.get(cause, ())
            if others and now - self._called_at.get(cause, -AGAIN_SECONDS) >= AGAIN_SECONDS:
                self._called_at[cause] = now
                for other in others:
                    other.try_soon()

    def forget(self, feed: Retryable) -> tuple[Hashable, ...]:
        """A drain waits no more. Returns what it has shared with others."""
        causes = self._causes.pop(feed, ())
        for cause in causes:
            sharers = self._sharers[cause]
            sharers.discard(feed)
            if not sharers:
                del self._sharers[cause]
                self._called_at.pop(cause, None)
        return causes
