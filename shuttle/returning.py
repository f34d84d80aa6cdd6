"""Drains that failed together come back together: the first that is answered calls the others.

Each waits up to a minute for its next try. A receiver that took a thousand drains down, or a
network that took them all, would be met again by one after the other, and Kafka be read for
each anew.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar

TOGETHER_SECONDS = 15.0
"""Those that failed within the same so many seconds may have failed of the same."""
AGAIN_SECONDS = 30.0
"""A receiver that fails at once again is not to be met by all of them each time."""


class Waits(Protocol):
    @property
    def receiver(self) -> Hashable:
        """Drains with equal ones share its fate."""

    def try_soon(self) -> None: ...


WaitsT = TypeVar("WaitsT", bound=Waits)


class Returning(Generic[WaitsT]):
    """Times are monotonic seconds."""

    def __init__(self) -> None:
        self._fates: dict[WaitsT, tuple[Hashable, Hashable]] = {}
        """What it may share with others: its receiver, and the time when it began to fail."""
        self._sharers: dict[Hashable, set[WaitsT]] = {}
        self._called_at: dict[Hashable, float] = {}

    def failed(self, feed: WaitsT, now: float) -> None:
        if feed not in self._fates:
            fates = (feed.receiver, int(now // TOGETHER_SECONDS))
            self._fates[feed] = fates
            for fate in fates:
                self._sharers.setdefault(fate, set()).add(feed)

    def answered(self, feed: WaitsT, now: float) -> None:
        """Its receiver has confirmed something."""
        for fate in self.forget(feed):
            others = self._sharers.get(fate, ())
            if others and now - self._called_at.get(fate, -AGAIN_SECONDS) >= AGAIN_SECONDS:
                self._called_at[fate] = now
                for other in others:
                    other.try_soon()

    def forget(self, feed: WaitsT) -> tuple[Hashable, ...]:
        """It waits no more: what it has shared with others."""
        fates = self._fates.pop(feed, ())
        for fate in fates:
            sharers = self._sharers[fate]
            sharers.discard(feed)
            if not sharers:
                del self._sharers[fate]
                self._called_at.pop(fate, None)
        return fates
