"""Which topics to consume: those that can hold a line somebody wants. Pure; time is given."""

from __future__ import annotations

from collections.abc import Iterable

from events.topics import SOURCE_TOPICS, is_space_topic

GATHER_SECONDS = 1.0
"""Changes are gathered this long: each costs the whole group a rebalance."""
KEEP_UNUSED_SECONDS = 3600.0


class Topics:
    def __init__(self) -> None:
        self.subscribed: frozenset[str] = frozenset()
        self._unused_since: dict[str, float] = {}
        self._changed_at: float | None = None

    def change(self, spaces: Iterable[str], now: float) -> frozenset[str] | None:
        """The topics to subscribe to, or None when nothing is to be done now."""
        wanted = self._wanted({space for space in spaces if is_space_topic(space)}, now)
        if wanted == self.subscribed:
            self._changed_at = None
            return None
        if self._changed_at is None and self.subscribed:
            self._changed_at = now
        if self._changed_at is not None and now - self._changed_at < GATHER_SECONDS:
            return None
        self.subscribed, self._changed_at = wanted, None
        return wanted

    def _wanted(self, spaces: set[str], now: float) -> frozenset[str]:
        unused = self.subscribed - spaces - SOURCE_TOPICS
        since = {topic: self._unused_since.get(topic, now) for topic in unused}
        self._unused_since = since
        kept = {topic for topic, at in since.items() if now - at < KEEP_UNUSED_SECONDS}
        return SOURCE_TOPICS | spaces | kept
