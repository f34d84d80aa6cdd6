"""Which topics somebody needs, or needed a moment ago."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable

from events.lines import SOURCES
from events.topics import row_of, topics_of
from sessions_app.tail.session import Selection

LINGER_SECONDS = 5.0
"""A topic, and then the consumer, are kept so long after the last who needed them."""


def topics_for(selection: Selection) -> frozenset[str]:
    """The topics that can have lines of it: none where its filters leave no source."""
    wanted = selection.sources or frozenset(SOURCES)
    if selection.processes or selection.streams:  # only apps' lines have these
        wanted &= {"app"}
    return frozenset(topic for topic in topics_of(selection.key) if row_of(topic).sources & wanted)


class TopicDemand:
    def __init__(self, linger_seconds: float) -> None:
        self._linger_seconds = linger_seconds
        self._users: Counter[str] = Counter()
        self._unused_since: dict[str, float] = {}

    def add(self, topics: Iterable[str]) -> None:
        self._users.update(topics)

    def release(self, topics: Iterable[str]) -> None:
        now = time.monotonic()
        for topic in topics:
            self._users[topic] -= 1
            if not self._users[topic]:
                del self._users[topic]
                self._unused_since[topic] = now

    def of(self, topic: str) -> bool:
        return topic in self._users or topic in self._unused_since

    def topics(self) -> frozenset[str]:
        oldest = time.monotonic() - self._linger_seconds
        self._unused_since = {t: at for t, at in self._unused_since.items() if at > oldest}
        return frozenset(self._users.keys() | self._unused_since.keys())
