"""Drains of one receiver come back together: the first that it answers speaks for the others.

Each waits up to a minute for its next try. A receiver that took a thousand drains down would be
met again by one after the other, and Kafka be read for each anew.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar

AGAIN_SECONDS = 30.0
"""A receiver that fails at once again is not to be met by all of them each time."""


class Waits(Protocol):
    @property
    def receiver(self) -> Hashable:
        """Drains with equal ones share its fate."""

    def try_soon(self) -> None: ...


WaitsT = TypeVar("WaitsT", bound=Waits)


class Returning(Generic[WaitsT]):
    def __init__(self) -> None:
        self._failing: dict[Hashable, set[WaitsT]] = {}
        self._called_at: dict[Hashable, float] = {}

    def failed(self, feed: WaitsT) -> None:
        self._failing.setdefault(feed.receiver, set()).add(feed)

    def answered(self, feed: WaitsT, now: float) -> None:
        """Its receiver has confirmed something. `now`: monotonic seconds."""
        self.forget(feed)
        receiver = feed.receiver
        others = self._failing.get(receiver, ())
        if others and now - self._called_at.get(receiver, -AGAIN_SECONDS) >= AGAIN_SECONDS:
            self._called_at[receiver] = now
            for other in others:
                other.try_soon()

    def forget(self, feed: WaitsT) -> None:
        """It waits for this receiver no more."""
        failing = self._failing.get(feed.receiver)
        if failing is not None:
            failing.discard(feed)
            if not failing:
                del self._failing[feed.receiver]
                self._called_at.pop(feed.receiver, None)
